"""A pack written into the store: its rules of silence, tag rules, segments and offers, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from callbot.audience import segments
from callbot.audience.cells import CHINA
from callbot.audience.packs.pack import Pack, PackOffer
from callbot.audience.tags import rules
from callbot.errors import BadInput, Problem
from callbot.store import packs as rows
from callbot.store.database import Database, Session
from callbot.store.offers import PROMISED, save_offers, stored_versions
from callbot.store.segments import segments as stored_segments
from callbot.store.segments import tag_rules
from callbot.store.tables import ScenarioPack

_KEPT: Final = ("stock",)
"""Of a stored version only calls change these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What an installation did."""

    industry: str
    version: int
    changed: bool
    """False: this very version was installed before and nothing was touched."""
    tags: int
    segments: int
    offers: int


async def install(
    db: Database, pack: Pack, now: datetime, *, by: str, touches: Mapping[str, Any] | None = None
) -> Installed:
    """Install a pack at `now` (UTC); the same version again changes nothing.

    Validity of its offers counts from today in China. What an older version brought and this one lacks is
    removed, offers aside: those run out. `touches` is its section `sequence` as the outreach keeps it; without,
    the shipped one holds. Raises `BadInput` for a changed file with an old version, for names that staff use
    and for an offer version that would promise something else.
    """
    async with db.write() as session:
        known = await rows.installed(session, pack.industry)
        changed = known is None or _is_newer(pack, known)
        if changed:
            await _offers(session, pack, now)
            await _rules(session, pack, now, by)
            await rows.keep(
                session,
                ScenarioPack(
                    industry=pack.industry,
                    version=pack.version,
                    title=pack.title,
                    flow=pack.flow,
                    digest=pack.digest,
                    silence=asdict(pack.silence),
                    touches=dict(touches or {}),
                    source=pack.source.name,
                    installed_by=by,
                    installed_at=now,
                ),
            )
    return Installed(
        industry=pack.industry,
        version=pack.version,
        changed=changed,
        tags=len(pack.tags),
        segments=len(pack.segments),
        offers=len(pack.offers),
    )


def _is_newer(pack: Pack, known: ScenarioPack) -> bool:
    if (pack.version, pack.digest) == (known.version, known.digest):
        return False
    if pack.version <= known.version:
        what = "内容变了而版本没有变" if pack.version == known.version else f"已安装的是第 {known.version} 版"
        raise BadInput.one(
            f"{pack.source} 第 {pack.version} 版", what, f"把 version 改为 {known.version + 1} 再安装"
        )
    return True


async def _rules(session: Session, pack: Pack, now: datetime, by: str) -> None:
    for tag in pack.tags:
        await rules.put(session, tag.name, tag.condition, now, by=by, origin=pack.industry)
    for each in pack.segments:
        await segments.put(
            session,
            each.name,
            each.condition,
            now,
            by=by,
            origin=pack.industry,
            strategy=each.strategy.plain(),
            priority=each.priority,
        )
    kept = {each.name for each in pack.segments}
    for segment in await stored_segments(session):
        if segment.origin == pack.industry and segment.name not in kept:
            await session.delete(segment)
    await session.flush()
    kept = {each.name for each in pack.tags}
    for rule in await tag_rules(session):
        if rule.origin == pack.industry and rule.name not in kept:
            await rules.remove(session, rule.name)


async def _offers(session: Session, pack: Pack, now: datetime) -> None:
    stored = await stored_versions(session, [str(each.values["code"]) for each in pack.offers])
    problems: list[Problem] = []
    offers: list[dict[str, Any]] = []
    for each in pack.offers:
        values = _dated(each, now)
        known = stored.get((values["code"], values["version"]))
        if known is not None:
            if wrong := [name for name in PROMISED if getattr(known, name) != values[name]]:
                problems.append(
                    Problem(
                        where=f"{pack.source} 优惠 {values['code']} 第 {values['version']} 版",
                        what=f"与已入库的不同（{'、'.join(wrong)}）",
                        cure=f"版本不可改写：写 version: {values['version'] + 1}",
                    )
                )
            values = {name: value for name, value in values.items() if name not in _KEPT}
        offers.append(values)
    if problems:
        raise BadInput(problems)
    await save_offers(session, offers, now)


def _dated(offer: PackOffer, now: datetime) -> dict[str, Any]:
    today = now.astimezone(CHINA).date()
    until = today + timedelta(days=offer.valid_days) if offer.valid_days else None
    return {**offer.values, "valid_from": today, "valid_until": until}
