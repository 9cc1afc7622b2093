"""What pages show of trainings."""
