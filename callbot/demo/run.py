"""The demonstration from an empty data directory to the table of outcomes."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from rich.console import Console

from callbot.app import Service, build_service, build_site
from callbot.audience.assessing import assess_base
from callbot.audience.importing import import_base
from callbot.audience.offer_sheet import import_offers
from callbot.clock import ShiftedClock
from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.demo import stage
from callbot.demo.agreement import Agreement, Compared, agreement_lines
from callbot.demo.persona_list import external_id, write_lists
from callbot.demo.ready_users import install, new_ready_users
from callbot.errors import BadInput
from callbot.insight.latency import latency_table
from callbot.outreach import batch as batches
from callbot.outreach.ask import may_contact
from callbot.outreach.bulk_arrivals import conclude_arrivals
from callbot.outreach.calendar import next_opening
from callbot.outreach.policy import DEFAULT
from callbot.outreach.progress import BatchEnd
from callbot.resources import folder
from callbot.screen import Screen, blocked_table, called_table, latency_table_of
from callbot.settings import AgentSettings, Settings
from callbot.store import overview
from callbot.store.customers import CustomerFilter, list_customers
from callbot.telephony.simulator.persona import Persona
from callbot.telephony.simulator.persona_file import load_personas
from callbot.web.serving import serving

SEED = 7
"""The demo's own seed: under it every outcome must be what the callee meant."""
_CALLER = "+8610000000000"
_SAMPLE = Path(__file__).parents[1] / "audience" / "sample"
_CHINA = ZoneInfo("Asia/Shanghai")
_MORNING = timedelta(hours=1)
_AGENTS = ("李工", "周主管")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person at the command line asked for."""

    seed: int = SEED
    personas: Path | None = None
    """Callees of their own instead of the packaged ones."""
    lines: int = 4
    exit: bool = False
    fresh: bool = False
    """Forget an earlier demo that was stopped."""
    quiet: bool = False
    data: Path | None = None
    report: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A demo under way, kept in a file so that a second start goes on with the rest."""

    batch_id: str
    seed: int
    personas: str


async def run_demo(settings: Settings, wish: Wish, console: Console) -> int:
    """Run it; the exit status. Raises `BadInput` before anything is dialled when something cannot be used."""
    screen = Screen(console, quiet=wish.quiet)
    personas_dir = wish.personas or folder("recordings_fixtures") / "personas"
    personas = load_personas([personas_dir])
    data = wish.data or settings.data / "demo"
    plan = None if wish.fresh else _unfinished(data, wish.seed, personas_dir)
    if plan is None:
        _clear(data)
    data.mkdir(parents=True, exist_ok=True)
    tokens = {name: secrets.token_urlsafe(16) for name in _AGENTS}
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(
            stage.carrier([personas_dir], seed=wish.seed, record=data / "carrier")
        )
        screen.say(f"[dim]模拟线路 {address}，{len(personas)} 位模拟客户，随机种子 {wish.seed}[/]")
        screen.say("[dim]正在加载识别与合成模型…[/]")
        service = await stack.enter_async_context(
            build_service(
                _demo_settings(settings, data, address, tokens),
                clock=ShiftedClock.starting_at(_start(data)),
                on_call_event=screen.call_event,
            )
        )
        for name, token in tokens.items():
            await stack.enter_async_context(
                stage.agent(
                    service.own_office.server.url,
                    token,
                    voice=folder("recordings_fixtures") / "agent",
                    record=data / "agents" / name,
                )
            )
        await _agents_available(service)
        web = None
        if not wish.exit:
            site = build_site(
                service.settings,
                service.db,
                service.vault,
                service.clock,
                ready_users=new_ready_users(),
                office=service.own_office,
            )
            await install(site)
            web = await stack.enter_async_context(serving(site))
            screen.say(f"网页已打开：[bold]{web}[/]（登录页上有四位演示用户）")
        if plan is None:
            plan = await _new_batch(service, personas, personas_dir, wish, data, screen)
            resumed = False
        else:
            screen.say("接着拨打上次没有打完的批次（--fresh 从头开始）")
            resumed = True
        end = await _dial(service, plan, screen)
        agreement = await _show(service, plan, personas, wish, screen, end)
        failed = agreement.failed(every_outcome=wish.seed == SEED and wish.personas is None and not resumed)
        if web is not None:
            screen.say(f"\n网页：[bold]{web}[/]（Ctrl-C 结束）")
            await asyncio.Event().wait()
    return 1 if failed else 0


async def _new_batch(
    service: Service,
    personas: Sequence[Persona],
    personas_dir: Path,
    wish: Wish,
    data: Path,
    screen: Screen,
) -> _Plan:
    now = service.clock.now()
    lists = data / "lists"
    write_lists(personas, lists)
    people = 0
    for source in (_SAMPLE, lists) if wish.personas is None else (lists,):
        report = await import_base(service.db, service.vault, source, now, rejects=data / "rejected")
        if report.problems:
            raise BadInput(report.problems)
        people += sum(part.new for name, part in report.parts.items() if name.value == "customers")
    await conclude_arrivals(service.db, service.clock)
    offers = await import_offers(service.db, _SAMPLE / "offers.csv", now)
    await assess_base(service.db, service.clock)
    screen.say(f"导入客户 {people} 位，优惠 {offers} 条；已判断沉默阶段、原因、策略与优先级")
    ids = await _members(service, {external_id(persona) for persona in personas})
    batch_id = await batches.create(
        service.db,
        service.vault,
        batches.NewBatch(
            name=f"沉默客户唤醒演示（种子 {wish.seed}）",
            flow="winback",
            customer_ids=ids,
            lines=wish.lines,
            hold_out_percent=0,
            source="demo",
            created_by="demo",
        ),
        now,
    )
    await batches.launch(service.db, batch_id, service.clock.now())
    preview = await batches.preview(service.db, batch_id, service.clock.now())
    screen.say(
        f"现在可拨打 {len(preview.now)} 位，稍后可拨打 {preview.later_count} 位，"
        f"不可拨打 {preview.never_count} 位；{wish.lines} 条线路同时拨打\n"
    )
    screen.say("[dim]正在写开场白、预先合成话术，首次运行需要一两分钟…[/]")
    plan = _Plan(batch_id=batch_id, seed=wish.seed, personas=str(personas_dir.resolve()))
    _file(data).write_text(
        json.dumps({"batch_id": plan.batch_id, "seed": plan.seed, "personas": plan.personas}), encoding="utf-8"
    )
    return plan


async def _members(service: Service, played: set[str]) -> list[str]:
    """The customers whom a callee plays, and those who may not be called now. The others have no phone here."""
    async with service.db.read() as session:
        found = await list_customers(session, CustomerFilter(), limit=10_000)
    now = service.clock.now()
    return [
        customer.id
        for customer in found
        if customer.external_id in played
        or (await may_contact(service.db, customer.id, purpose="marketing", at=now)).block is not None
    ]


async def _dial(service: Service, plan: _Plan, screen: Screen) -> BatchEnd:
    dialler = service.batch_run(screen.progress)
    try:
        return await dialler.run(plan.batch_id)
    except asyncio.CancelledError:
        screen.say("[yellow]已停止，进行中的电话都已结清。再次运行 callbot demo 会接着拨打其余客户。[/]")
        raise
    finally:
        (service.settings.data / "clock").write_text(service.clock.now().isoformat(), encoding="utf-8")


async def _show(
    service: Service, plan: _Plan, personas: Sequence[Persona], wish: Wish, screen: Screen, end: BatchEnd
) -> Agreement:
    async with service.db.read() as session:
        members = await overview.members(session, plan.batch_id)
        sheets = [await overview.call_sheet(session, line.call.id) for line in members if line.call is not None]
    latencies = [turn.latency for sheet in sheets if sheet for turn in sheet.turns if turn.latency]
    agreement = _agreement(members, personas)
    screen.say("")
    for table in (called_table(members), blocked_table(members), latency_table_of(latency_table(latencies))):
        screen.show(table)
    if end.waiting and end.until:
        screen.say(f"另有 {end.waiting} 次重试等待时间，最早 {end.until.astimezone(_CHINA):%m-%d %H:%M}")
    for text in agreement_lines(agreement):
        screen.say(text)
    if wish.report:
        _write_report(wish, agreement, latencies)
    _file(service.settings.data).unlink(missing_ok=True)
    return agreement


def _agreement(members: Sequence[overview.MemberLine], personas: Sequence[Persona]) -> Agreement:
    meant = {external_id(persona): persona for persona in personas}
    compared = []
    for line in members:
        persona = meant.get(line.customer.external_id or "")
        if persona is None or line.attempt is None:
            continue
        outcome = line.attempt.outcome
        compared.append(
            Compared(
                persona=persona.name,
                customer=line.customer.name,
                meant=persona.true_intention.outcome,
                meant_follow_up=persona.true_intention.follow_up,
                outcome=Outcome(outcome) if outcome else None,
                follow_ups=tuple(FollowUpKind(item.kind) for item in line.follow_ups),
            )
        )
    return Agreement(calls=tuple(compared))


def _write_report(wish: Wish, agreement: Agreement, latencies: Sequence[dict[str, int]]) -> None:
    if wish.report is None:
        return
    wish.report.write_text(
        json.dumps(
            {
                "seed": wish.seed,
                "lines": wish.lines,
                "calls": [
                    {
                        "persona": call.persona,
                        "meant": call.meant,
                        "outcome": call.outcome,
                        "agrees": call.agrees,
                        "follow_ups": call.follow_ups,
                    }
                    for call in agreement.calls
                ],
                "missed_do_not_call": [call.persona for call in agreement.missed_do_not_call],
                "missed_complaint": [call.persona for call in agreement.missed_complaint],
                "without_outcome": [call.persona for call in agreement.without_outcome],
                "latencies": list(latencies),
            },
            ensure_ascii=False,
            indent=1,
        ),
        encoding="utf-8",
    )


async def _agents_available(service: Service) -> None:
    """Wait until the desk is staffed. Raises `StageFailed`."""
    try:
        async with asyncio.timeout(30):
            while await _available(service) < len(_AGENTS):  # noqa: ASYNC110  the desk's books are the database
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise stage.StageFailed("the simulated agents did not come to the desk within 30 s") from None


async def _available(service: Service) -> int:
    return sum(one.presence == "available" for one in await service.own_office.server.store.agents())


def _demo_settings(settings: Settings, data: Path, address: str, tokens: dict[str, str]) -> Settings:
    return settings.model_copy(
        update={
            "data": data,
            "store": settings.store.model_copy(update={"url": "", "key_file": None}),
            "carrier": settings.carrier.model_copy(
                update={
                    "kind": "simulator",
                    "base_url": address,
                    "account": "",
                    "auth_token": SecretStr(""),
                    "from_number": _CALLER,
                    "public_media_url": "",
                    "ring_timeout_s": 15,
                }
            ),
            "media": settings.media.model_copy(update={"port": 0}),
            "models": settings.models.model_copy(
                update={"voice_workers": max(settings.models.voice_workers, min(2, os.cpu_count() or 1))}
            ),
            "desk": settings.desk.model_copy(
                update={
                    "port": 0,
                    "url": "",
                    "agents": tuple(
                        AgentSettings(
                            id=f"agent-{number}",
                            name=name,
                            token=SecretStr(token),
                            skills={"complaint": 3, "care": 2, "sales": 2, "general": 3},
                        )
                        for number, (name, token) in enumerate(tokens.items(), start=1)
                    ),
                }
            ),
        }
    )


def _start(data: Path) -> datetime:
    """An hour into the next morning on which calls are allowed; later than anything an earlier part wrote.

    Where the calendar does not know the coming days, the last morning that it knows is taken: nobody real is
    called, and the demo outlives the holiday table.
    """
    start = _morning_after(datetime.now(UTC).astimezone(_CHINA).date()) + _MORNING
    clock = data / "clock"
    if clock.is_file():
        start = max(start, datetime.fromisoformat(clock.read_text(encoding="utf-8")) + timedelta(minutes=1))
    return start


def _morning_after(day: date) -> datetime:
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), _CHINA)
    opening = next_opening(midnight.astimezone(UTC), _CHINA, DEFAULT.voice)
    return opening or _morning_after(day - timedelta(days=7))


def _file(data: Path) -> Path:
    return data / "demo.json"


def _unfinished(data: Path, seed: int, personas: Path) -> _Plan | None:
    """The demo that was stopped in this directory, if it is the same one."""
    if not _file(data).is_file():
        return None
    plan = _Plan(**json.loads(_file(data).read_text(encoding="utf-8")))
    return plan if (plan.seed, plan.personas) == (seed, str(personas.resolve())) else None


def _clear(data: Path) -> None:
    """Remove what earlier demos wrote; spoken audio stays, so that the next one starts sooner."""
    for name in ("recordings", "events", "carrier", "agents", "lists", "rejected"):
        shutil.rmtree(data / name, ignore_errors=True)
    for pattern in ("callbot.db*", "demo.json", "clock", "keys.json"):
        for path in data.glob(pattern):
            path.unlink()
