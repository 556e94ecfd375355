"""Durable work, knowing no domain: what has to run once, later or on a schedule, and survives the process."""
