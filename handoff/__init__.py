"""The human: presence, offers, briefs and the audio bridge. Knows nothing of callbot."""
