"""The landmark network, how to run it, and how much its landmarks jitter."""
