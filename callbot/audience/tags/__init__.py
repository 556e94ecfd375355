"""The tag factory: conditions that staff write, explained, checked and judged."""
