"""What the API sends and takes, typed. Phone numbers leave here masked, in free text too (R165)."""
