"""What a density alone gives: expectations, their gradients and variances under any family."""
