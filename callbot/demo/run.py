"""The demonstration from an empty data directory to the table of outcomes."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from callbot.app import Service, build_service, build_site
from callbot.audience.assessing import assess_base
from callbot.audience.importing import import_base
from callbot.audience.offer_sheet import import_offers
from callbot.clock import ShiftedClock
from callbot.demo import kept, stage
from callbot.demo.agreement import Agreement, agreement_lines, agreement_of
from callbot.demo.persona_list import external_id, write_lists
from callbot.demo.ready_users import install, new_ready_users
from callbot.demo.settings import demo_settings
from callbot.errors import BadInput
from callbot.insight.latency import latency_table
from callbot.outreach import batch as batches
from callbot.outreach.ask import may_contact
from callbot.outreach.bulk_arrivals import conclude_arrivals
from callbot.outreach.progress import BatchEnd
from callbot.resources import folder
from callbot.screen import Screen, blocked_table, called_table, latency_table_of
from callbot.settings import Settings
from callbot.store import overview
from callbot.store.customers import CustomerFilter, list_customers
from callbot.telephony.simulator.persona import Persona
from callbot.telephony.simulator.persona_file import load_personas
from callbot.web.serving import serving

SEED = 7
"""The demo's own seed: under it every outcome must be what the callee meant."""
_SAMPLE = Path(__file__).parents[1] / "audience" / "sample"
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


async def run_demo(settings: Settings, wish: Wish, console: Console) -> int:
    """Run it; the exit status. Raises `BadInput` before anything is dialled when something cannot be used."""
    screen = Screen(console, quiet=wish.quiet)
    personas_dir = wish.personas or folder("recordings_fixtures") / "personas"
    personas = load_personas([personas_dir])
    data = wish.data or settings.data / "demo"
    plan = None if wish.fresh else kept.unfinished(data, wish.seed, personas_dir)
    if plan is None:
        kept.clear(data)
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
                demo_settings(settings, data, address, tokens),
                clock=ShiftedClock.starting_at(kept.start(data)),
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
) -> kept.Plan:
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
    plan = kept.Plan(batch_id=batch_id, seed=wish.seed, personas=str(personas_dir.resolve()))
    kept.keep(data, plan)
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


async def _dial(service: Service, plan: kept.Plan, screen: Screen) -> BatchEnd:
    dialler = service.batch_run(screen.progress)
    try:
        return await dialler.run(plan.batch_id)
    except asyncio.CancelledError:
        screen.say("[yellow]已停止，进行中的电话都已结清。再次运行 callbot demo 会接着拨打其余客户。[/]")
        raise
    finally:
        kept.keep_clock(service.settings.data, service.clock.now())


async def _show(
    service: Service, plan: kept.Plan, personas: Sequence[Persona], wish: Wish, screen: Screen, end: BatchEnd
) -> Agreement:
    async with service.db.read() as session:
        members = await overview.members(session, plan.batch_id)
        sheets = [await overview.call_sheet(session, line.call.id) for line in members if line.call is not None]
    latencies = [turn.latency for sheet in sheets if sheet for turn in sheet.turns if turn.latency]
    agreement = agreement_of(members, personas)
    screen.say("")
    for table in (called_table(members), blocked_table(members), latency_table_of(latency_table(latencies))):
        screen.show(table)
    if end.waiting and end.until:
        screen.say(f"另有 {end.waiting} 次重试等待时间，最早 {end.until.astimezone(kept.CHINA):%m-%d %H:%M}")
    for text in agreement_lines(agreement):
        screen.say(text)
    if wish.report:
        _write_report(wish, agreement, latencies)
    kept.finish(service.settings.data)
    return agreement


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
