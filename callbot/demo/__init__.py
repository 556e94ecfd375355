"""The demonstration: a batch of simulated customers, end to end, on real audio."""
