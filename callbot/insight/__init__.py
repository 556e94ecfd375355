"""What was learnt from the calls."""
