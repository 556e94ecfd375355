"""What is said on a call."""
