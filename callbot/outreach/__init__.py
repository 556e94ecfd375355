"""Whether and when a person may be contacted, and what follows."""
