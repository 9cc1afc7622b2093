"""The mathematics and the training behind Through the Noise: NumPy and torch, no user interface."""
