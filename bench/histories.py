"""Customer histories made by a process whose true chance of a return is known.

Every customer has a rhythm of their own and a hidden state that changes from day to day: engaged, drifting or
gone. The state sets how likely each kind of happening is on a day; a ticket makes leaving likelier. From the
state at a moment follows the exact chance of an order, a login or a visit in the days after it.

Such histories prove that the mechanism learns, calibrates and takes over as it should. They say nothing about
how predictable people are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callbot.audience.profile import Happening, Order, Profile

Floats = NDArray[np.float64]

START: Final = datetime(2024, 1, 1, tzinfo=UTC)
ENGAGED, DRIFTING, GONE = range(3)
KINDS: Final = ("order", "login", "browse", "cart", "ticket", "message_open")
_RETURNS: Final = ("order", "login", "browse", "cart")
_TICKET: Final = KINDS.index("ticket")
_ACTIVITY: Final = np.array([1.0, 0.25, 0.01])
"""How active each state is, as a factor of the customer's own rates."""
_CHUNK: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Industry:
    """Mean rates a day of an engaged customer."""

    order: float
    login: float
    browse: float
    cart: float
    yuan: float
    """Median amount of an order."""

    @property
    def rates(self) -> tuple[float, ...]:
        return self.order, self.login, self.browse, self.cart, 0.002, 0.03


INDUSTRIES: Final = {
    "ecommerce": Industry(order=1 / 25, login=1 / 8, browse=1 / 12, cart=1 / 40, yuan=150),
    "aesthetics": Industry(order=1 / 80, login=1 / 30, browse=1 / 30, cart=1 / 120, yuan=1800),
    "education": Industry(order=1 / 150, login=1 / 6, browse=1 / 20, cart=1 / 200, yuan=900),
    "finance": Industry(order=1 / 200, login=1 / 12, browse=1 / 25, cart=1 / 300, yuan=5000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Customers of one industry: what is hidden of them and what could be recorded. n customers, d days."""

    industry: str
    rates: Floats
    """n x kinds x states: chance of each kind on a day."""
    moves: Floats
    """n x states x states: chance of the next day's state on a day without a ticket."""
    hurt: Floats
    """The same on a day with one."""
    joined: NDArray[np.int64]
    """n: the first day."""
    states: NDArray[np.int8]
    """n x d: the state at the beginning of each day."""
    happened: NDArray[np.bool_]
    """n x d x kinds."""
    hours: Floats
    """n x d x kinds: when on the day, 0..1."""
    yuan: Floats
    """n: the usual amount of an order."""


def people(industry: str, count: int, days: int, seed: int) -> Iterator[People]:
    """Customers in chunks, the same for the same arguments."""
    for chunk, start in enumerate(range(0, count, _CHUNK)):
        dice = np.random.default_rng([seed, list(INDUSTRIES).index(industry), chunk])
        yield _people(industry, min(_CHUNK, count - start), days, dice)


def _people(industry: str, count: int, days: int, dice: np.random.Generator) -> People:
    line = INDUSTRIES[industry]
    own = dice.lognormal(0, 0.7, (count, 1)) * dice.lognormal(0, 0.4, (count, len(KINDS)))
    rates = np.clip(own[:, :, None] * np.array(line.rates)[None, :, None] * _ACTIVITY, 0, 0.95)
    rates[:, _TICKET] = np.clip(0.002 * dice.lognormal(0, 0.5, (count, 1)), 0, 0.05)
    restless, loyal = dice.lognormal(0, 0.6, count), dice.lognormal(0, 0.6, count)
    moves = _moves(0.012 * restless, 0.02 * loyal, 0.012 * restless, 0.0015 * loyal)
    hurt = _moves(np.full(count, 0.35), 0.01 * loyal, np.full(count, 0.4), 0.0005 * loyal)
    joined = dice.integers(0, max(1, days // 2), count)
    states = np.zeros((count, days), dtype=np.int8)
    happened = np.zeros((count, days, len(KINDS)), dtype=np.bool_)
    state = np.zeros(count, dtype=np.int64)
    everyone = np.arange(count)
    for day in range(days):
        here = joined <= day
        states[:, day] = state
        happened[:, day] = (dice.random((count, len(KINDS))) < rates[everyone, :, state]) & here[:, None]
        row = np.where(happened[:, day, _TICKET, None], hurt[everyone, state], moves[everyone, state])
        following = (dice.random((count, 1)) > row.cumsum(axis=1)[:, :2]).sum(axis=1)
        state = np.where(here, following, state)
    return People(
        industry=industry,
        rates=rates,
        moves=moves,
        hurt=hurt,
        joined=joined,
        states=states,
        happened=happened,
        hours=dice.random((count, days, len(KINDS))),
        yuan=line.yuan * dice.lognormal(0, 0.6, count),
    )


def _moves(drift: Floats, recover: Floats, leave: Floats, wake: Floats) -> Floats:
    drift, recover, leave, wake = (np.clip(each, 0, 0.45) for each in (drift, recover, leave, wake))
    moves = np.zeros((len(drift), 3, 3))
    moves[:, ENGAGED, ENGAGED], moves[:, ENGAGED, DRIFTING] = 1 - drift, drift
    moves[:, DRIFTING, ENGAGED], moves[:, DRIFTING, GONE] = recover, leave
    moves[:, DRIFTING, DRIFTING] = 1 - recover - leave
    moves[:, GONE, DRIFTING], moves[:, GONE, GONE] = wake, 1 - wake
    return moves


def returns_from(some: People, horizon_days: int) -> Floats:
    """n x states: the exact chance of at least one return within the days that follow, by the state then."""
    kinds = [KINDS.index(kind) for kind in _RETURNS]
    quiet = np.prod(1 - some.rates[:, kinds, :], axis=1)
    ticket = some.rates[:, _TICKET, :, None]
    step = quiet[:, :, None] * ((1 - ticket) * some.moves + ticket * some.hurt)
    stays_away = np.ones((len(quiet), 3, 1))
    for _ in range(horizon_days):
        stays_away = step @ stays_away
    chance: Floats = 1 - stays_away[:, :, 0]
    return chance


def believed(some: People, days: list[int]) -> Floats:
    """n x len(days) x states: what can be known of the state at the start of each day by who sees the whole
    history before it and knows the customer's own rates: the best that any score can do without the secret.
    """
    count, last = len(some.joined), max(days)
    belief = np.zeros((count, 3))
    belief[:, ENGAGED] = 1
    found = np.zeros((count, len(days), 3))
    for day in range(last + 1):
        for place, wanted in enumerate(days):
            if wanted == day:
                found[:, place] = belief
        seen = some.happened[:, day, :, None]
        likely = np.prod(np.where(seen, some.rates, 1 - some.rates), axis=1)
        posterior = belief * likely
        posterior /= posterior.sum(axis=1, keepdims=True)
        ticket = some.happened[:, day, _TICKET][:, None, None]
        moved = np.einsum("ns,nst->nt", posterior, np.where(ticket, some.hurt, some.moves))
        belief = np.where((some.joined <= day)[:, None], moved, belief)
    return found


def profiles(some: People) -> Iterator[Profile]:
    """What a business would have recorded of each of them."""
    for row in range(len(some.joined)):
        days, kinds = np.nonzero(some.happened[row])
        moments = days + some.hours[row, days, kinds]
        order = np.argsort(moments, kind="stable")
        seen = [(START + timedelta(days=float(moments[at])), KINDS[kinds[at]]) for at in order]
        yield Profile(
            customer_id=f"{some.industry}-{row}",
            industry=some.industry,
            brand="样例",
            registered_at=START + timedelta(days=int(some.joined[row])),
            orders=tuple(
                Order(at=at, item="样例", amount_fen=round(float(some.yuan[row]) * 100))
                for at, kind in seen
                if kind == "order"
            ),
            happenings=tuple(Happening(kind=kind, at=at) for at, kind in seen if kind != "order"),
        )
