"""Published feature networks for losses and metrics: VGG, SqueezeNet, Inception, LPIPS, RAFT."""
