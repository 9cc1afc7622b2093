"""What is made before anyone needs it, after what somebody waits for."""
