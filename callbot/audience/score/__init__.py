"""How likely a customer is to come back: a scorecard of named points, and a model that has to beat it."""
