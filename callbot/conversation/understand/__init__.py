"""Understanding of what callees say: a deterministic look, then a small model of meaning."""
