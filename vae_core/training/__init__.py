"""Training: its configuration, the steps, the judging, snapshots, and the trained models."""
