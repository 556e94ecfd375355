"""What changes, as browsers see it happen."""
