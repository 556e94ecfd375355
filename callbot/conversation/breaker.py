"""A circuit breaker: a server that keeps failing is left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Opens after `patience` failures in a row; after `rest_s` one attempt is let through, then the next.

    Times are seconds on any clock that only goes forward.
    """

    patience: int = 3
    rest_s: float = 30.0
    failures: int = 0
    closed_from: float = 0.0
    """Before this time nothing is let through."""

    def lets_through(self, now: float) -> bool:
        """Whether to try at `now`. While the breaker is open, a yes is given to one caller for each rest."""
        if self.failures < self.patience:
            return True
        if now < self.closed_from:
            return False
        self.closed_from = now + self.rest_s
        return True

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.failures >= self.patience:
            self.closed_from = now + self.rest_s

    def succeeded(self) -> None:
        self.failures = 0
