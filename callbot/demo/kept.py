"""What a demo keeps in its data directory, so that the next start goes on where this one was stopped."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from callbot.outreach.calendar import next_opening
from callbot.outreach.policy import DEFAULT

CHINA = ZoneInfo("Asia/Shanghai")
_MORNING = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A demo under way, whose rest a second start dials."""

    batch_id: str
    seed: int
    personas: str


def keep(data: Path, plan: Plan) -> None:
    """The batch of this demo was made."""
    _plan(data).write_text(json.dumps(asdict(plan)), encoding="utf-8")


def unfinished(data: Path, seed: int, personas: Path) -> Plan | None:
    """The demo that was stopped in this directory, if it is the same one."""
    if not _plan(data).is_file():
        return None
    plan = Plan(**json.loads(_plan(data).read_text(encoding="utf-8")))
    return plan if (plan.seed, plan.personas) == (seed, str(personas.resolve())) else None


def finish(data: Path) -> None:
    """Nothing is left to go on with."""
    _plan(data).unlink(missing_ok=True)


def keep_clock(data: Path, now: datetime) -> None:
    """The demo's time when it ended."""
    _clock(data).write_text(now.isoformat(), encoding="utf-8")


def start(data: Path) -> datetime:
    """An hour into the next morning on which calls are allowed; later than anything an earlier part wrote.

    Where the calendar does not know the coming days, the last morning that it knows is taken: nobody real is
    called, and the demo outlives the holiday table.
    """
    morning = _morning_after(datetime.now(UTC).astimezone(CHINA).date()) + _MORNING
    if not _clock(data).is_file():
        return morning
    earlier = datetime.fromisoformat(_clock(data).read_text(encoding="utf-8"))
    return max(morning, earlier + timedelta(minutes=1))


def _morning_after(day: date) -> datetime:
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), CHINA)
    opening = next_opening(midnight.astimezone(UTC), CHINA, DEFAULT.voice)
    return opening or _morning_after(day - timedelta(days=7))


def clear(data: Path) -> None:
    """Remove what earlier demos wrote; spoken audio stays, so that the next one starts sooner."""
    for name in ("recordings", "events", "carrier", "agents", "lists", "rejected"):
        shutil.rmtree(data / name, ignore_errors=True)
    for pattern in ("callbot.db*", "demo.json", "clock", "keys.json"):
        for path in data.glob(pattern):
            path.unlink()


def _plan(data: Path) -> Path:
    return data / "demo.json"


def _clock(data: Path) -> Path:
    return data / "clock"
