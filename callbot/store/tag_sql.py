"""A condition tree as SQL for SQLite and PostgreSQL; every value is a bound parameter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, assert_never

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    and_,
    exists,
    extract,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlmodel import col

from callbot.store.tables import Attempt, Consent, Customer, Event, Purchase, Tag
from callbot.store.tag_tree import (
    CHINA,
    EARLIEST,
    TAG_OF_TRAIT,
    Compare,
    Every,
    Figure,
    Holds,
    Node,
    Not,
    Number,
    OneOf,
    Op,
    Some,
    Test,
    Trait,
    Within,
    days_before,
)

_LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
_COLUMNS: Final[dict[Trait, Any]] = {
    Trait.GENDER: Customer.gender,
    Trait.REGION: Customer.region,
    Trait.INDUSTRY: Customer.industry,
    Trait.BRAND: Customer.brand,
    Trait.MEMBER_LEVEL: Customer.member_level,
    Trait.NAMED_AGENT: Customer.named_agent,
    Trait.STAGE: Customer.stage,
    Trait.REASON: Customer.reason,
    Trait.SEGMENT: Customer.segment,
    Trait.STRATEGY: Customer.strategy,
    Trait.PREFERRED_CHANNEL: Customer.preferred_channel,
}


def where(tree: Node, now: datetime, *, postgres: bool) -> ColumnElement[bool]:
    """The condition on `customer` at `now` (UTC). Unknown is NULL, so a WHERE leaves it out."""
    return _Compiler(now, postgres=postgres).node(tree)


class _Compiler:
    def __init__(self, now: datetime, *, postgres: bool) -> None:
        self.now = now.astimezone(UTC)
        self.today = now.astimezone(CHINA).date()
        self.postgres = postgres

    def node(self, tree: Node) -> ColumnElement[bool]:
        match tree:
            case Every(parts=parts):
                return and_(*(self.node(part) for part in parts))
            case Some(parts=parts):
                return or_(*(self.node(part) for part in parts))
            case Not(part=part):
                return not_(self.node(part))
            case Compare(figure=figure, op=Op.NE, value=value):
                return not_(self.between(figure, value, value))
            case Compare(figure=figure, op=op, value=value):
                return self.between(figure, *_bounds(op, value))
            case Within(figure=figure, low=low, high=high):
                return self.between(figure, low, high)
            case OneOf(trait=trait, values=values):
                return self.trait(trait).in_(values)
            case Holds(test=test, text=text):
                return self.test(test, text)
        assert_never(tree)

    def between(self, figure: Figure, low: int | None, high: int | None) -> ColumnElement[bool]:
        """A figure inside whole bounds, both included; None is no bound. Days and years become moments."""
        match figure.number:
            case Number.EVENTS | Number.ORDERS | Number.RETURNS | Number.CALLS | Number.ANSWERED | Number.SPENT:
                return _inside(self.count(figure), low, high)
            case Number.SINCE_ORDER:
                statement = select(func.max(col(Purchase.at))).where(
                    col(Purchase.refunded).is_(False), *self.of(Purchase, Purchase.at, figure)
                )
                return self.days_ago(_of_customer(statement), low, high)
            case Number.SINCE_EVENT:
                statement = select(func.max(col(Event.at))).where(
                    col(Event.kind).in_(figure.kinds), *self.of(Event, Event.at, figure)
                )
                return self.days_ago(_of_customer(statement), low, high)
            case Number.SINCE_REGISTERED:
                return self.days_ago(col(Customer.registered_at), low, high)
            case Number.AGE:
                return self.age(low, high)
            case Number.BIRTHDAY_MONTH:
                return _inside(extract("month", col(Customer.birthday)), low, high)
            case Number.MEMBER_DAYS_LEFT:
                until = col(Customer.member_until)
                first = date.min if low is None else _day(self.today, low)
                last = date.max if high is None else _day(self.today, high)
                return until.between(first, last)
            case Number.PRIORITY:
                return _inside(col(Customer.priority), low, high)
        assert_never(figure.number)

    def count(self, figure: Figure) -> ColumnElement[int]:
        statement: Select[Any]
        match figure.number:
            case Number.EVENTS:
                statement = select(func.count()).where(
                    col(Event.kind).in_(figure.kinds), *self.of(Event, Event.at, figure)
                )
            case Number.ORDERS | Number.RETURNS:
                refunded = figure.number is Number.RETURNS
                statement = select(func.count()).where(
                    col(Purchase.refunded).is_(refunded), *self.of(Purchase, Purchase.at, figure)
                )
            case Number.SPENT:
                statement = select(func.coalesce(func.sum(col(Purchase.amount_fen)), 0)).where(
                    col(Purchase.refunded).is_(False), *self.of(Purchase, Purchase.at, figure)
                )
            case Number.CALLS:
                statement = select(func.count()).where(*self.of(Attempt, Attempt.dialing_at, figure))
            case _:
                statement = select(func.count()).where(*self.of(Attempt, Attempt.answered_at, figure))
        return _of_customer(statement)

    def of(self, table: Any, at: Any, figure: Figure) -> list[ColumnElement[bool]]:
        """Rows of the customer, up to now and inside the period."""
        mine = [col(table.customer_id) == col(Customer.id), col(at) <= self.now]
        if figure.period is not None:
            mine.append(col(at) > figure.period.since(self.now))
        return mine

    def days_ago(self, at: SQLColumnExpression[Any], low: int | None, high: int | None) -> ColumnElement[bool]:
        """Full days from `at` to now inside the bounds; a moment ahead counts as today."""
        newest = _LATEST if low is None or low <= 0 else days_before(self.now, low)
        oldest = EARLIEST if high is None else days_before(self.now, high + 1) if high >= 0 else _LATEST
        return and_(at <= newest, at > oldest)

    def age(self, low: int | None, high: int | None) -> ColumnElement[bool]:
        youngest = date.max if low is None else _years_before(self.today, low)
        oldest = date.min if high is None else _years_before(self.today, high + 1)
        return and_(col(Customer.birthday) <= youngest, col(Customer.birthday) > oldest)

    def trait(self, trait: Trait) -> ColumnElement[str]:
        if trait in _COLUMNS:
            return func.nullif(col(_COLUMNS[trait]), "")
        value = select(func.nullif(col(Tag.value), "")).where(
            col(Tag.customer_id) == col(Customer.id), col(Tag.name) == TAG_OF_TRAIT[trait]
        )
        return _of_customer(value)

    def test(self, test: Test, text: str) -> ColumnElement[bool]:
        match test:
            case Test.HOLDS:
                find = func.strpos if self.postgres else func.instr
                return (
                    exists()
                    .correlate(Customer)
                    .where(
                        col(Purchase.customer_id) == col(Customer.id),
                        col(Purchase.refunded).is_(False),
                        col(Purchase.at) <= self.now,
                        or_(col(Purchase.category) == text, find(col(Purchase.item), text) > 0),
                    )
                )
            case Test.TAG:
                return (
                    exists()
                    .correlate(Customer)
                    .where(col(Tag.customer_id) == col(Customer.id), col(Tag.name) == text)
                )
            case Test.INTEREST:
                spread = func.json_array_elements_text if self.postgres else func.json_each
                each = spread(col(Customer.interests)).table_valued("value", name="interest")
                return exists().correlate(Customer).select_from(each).where(each.c.value == text)
            case Test.CONSENT:
                last = (
                    select(and_(col(Consent.granted), func.trim(col(Consent.evidence)) != ""))
                    .where(
                        col(Consent.customer_id) == col(Customer.id),
                        col(Consent.purpose) == text,
                        col(Consent.at) <= self.now,
                    )
                    .order_by(col(Consent.at).desc(), col(Consent.granted))
                    .limit(1)
                )
                return func.coalesce(_of_customer(last), false()).is_(True)
        assert_never(test)


def _of_customer(statement: Select[Any]) -> ScalarSelect[Any]:
    """One value of the customer of the outer query, whatever else that query selects from."""
    return statement.correlate(Customer).scalar_subquery()


def _inside(value: SQLColumnExpression[Any], low: int | None, high: int | None) -> ColumnElement[bool]:
    bounds = []
    if low is not None:
        bounds.append(value >= literal(low, BigInteger))
    if high is not None:
        bounds.append(value <= literal(high, BigInteger))
    return and_(*bounds) if bounds else true()


def _bounds(op: Op, value: int) -> tuple[int | None, int | None]:
    match op:
        case Op.LT:
            return None, value - 1
        case Op.LE:
            return None, value
        case Op.GT:
            return value + 1, None
        case Op.GE:
            return value, None
        case Op.EQ | Op.NE:
            return value, value


def _day(today: date, ahead: int) -> date:
    try:
        return today + timedelta(days=ahead)
    except OverflowError:
        return date.max if ahead > 0 else date.min


def _years_before(today: date, years: int) -> date:
    """The latest birthday of whoever is so many years old today; before time began nobody was born."""
    year = today.year - years
    if year < 1:
        return date.min
    if year > 9999:
        return date.max
    try:
        return today.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
