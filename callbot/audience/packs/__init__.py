"""Scenario packs: what is known of an industry as data, and how it comes into the store."""
