"""callbot: wins back customers who have gone quiet."""

__version__ = "0.1.0"
