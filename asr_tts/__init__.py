"""Hearing and speaking: audio, voice activity, recognisers and voices. Knows nothing of callbot."""
