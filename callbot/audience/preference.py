"""On which channel a customer can be reached: as they said, else as they answered so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from callbot.audience.profile import Profile

CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "电话": "voice",
        "短信": "sms",
        "企业微信": "wecom",
        "APP": "app",
        "小程序": "mini_program",
        "邮件": "email",
        "在线客服": "chat",
    }
)
VOICE: Final = "voice"
_TITLES: Final = {channel: title for title, channel in CHANNELS.items()}
_LOOK_BACK: Final = timedelta(days=180)
_LEAST: Final = 2
"""Answers on a channel below which nothing can be said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How a customer answered on one channel in the last 180 days."""

    channel: str
    tries: int
    answers: int

    @property
    def title(self) -> str:
        """zh-CN."""
        return _TITLES.get(self.channel, self.channel)

    @property
    def words(self) -> str:
        """zh-CN."""
        verb = "接听" if self.channel == VOICE else "打开或点击"
        return f"{verb} {self.answers} / {self.tries}"

    @property
    def likely(self) -> float:
        """Share of tries that are answered; few tries count for less."""
        return (self.answers + 1) / (self.tries + 2)


def answered(profile: Profile, now: datetime) -> tuple[Answered, ...]:
    """Every channel tried in the last 180 days, the one answered most first (R108, R128).

    A message is answered when it was opened or clicked; events name their channel in `data.channel`.
    """
    since = now - _LOOK_BACK
    tries: dict[str, int] = {}
    seen: dict[str, dict[str, int]] = {}
    for call in profile.calls:
        if since < call.at <= now:
            tries[VOICE] = tries.get(VOICE, 0) + 1
            if call.answered_at is not None:
                count = seen.setdefault(VOICE, {})
                count["call"] = count.get("call", 0) + 1
    for each in profile.happenings:
        channel = str(each.data.get("channel", ""))
        channel = CHANNELS.get(channel, channel)
        if channel not in _TITLES or not since < each.at <= now:
            continue
        if each.kind == "message_sent":
            tries[channel] = tries.get(channel, 0) + 1
        elif each.kind in ("message_open", "message_click"):
            count = seen.setdefault(channel, {})
            count[each.kind] = count.get(each.kind, 0) + 1
    found = []
    for channel in {*tries, *seen}:
        answers = max(seen.get(channel, {}).values(), default=0)
        found.append(Answered(channel=channel, tries=max(tries.get(channel, 0), answers), answers=answers))
    return tuple(sorted(found, key=lambda each: (-each.likely, -each.answers, each.channel)))


def best_answered(profile: Profile, now: datetime) -> Answered | None:
    """The channel their behaviour speaks for: answered twice at least, and a third of the tries."""
    good = (
        each for each in answered(profile, now) if each.answers >= _LEAST and 3 * each.answers >= each.tries
    )
    return next(good, None)


def channel_for(profile: Profile, now: datetime) -> str:
    """Their own word first, then their behaviour, then the phone."""
    if profile.preferred_channel:
        return profile.preferred_channel
    best = best_answered(profile, now)
    return best.channel if best else VOICE
