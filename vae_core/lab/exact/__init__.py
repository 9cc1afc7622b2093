"""What can be known without drawing: expectations, their gradients, and variances."""
