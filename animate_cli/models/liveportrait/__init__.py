"""LivePortrait (Guo et al. 2024) with its published weights: implicit key points in space."""
