"""`callbot batch create` and `callbot batch run`: from a list or a segment to a batch that was checked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from callbot.app import build_flows, build_scorer, open_database, open_vault
from callbot.audience import segments
from callbot.audience.importing import Defaults
from callbot.audience.list_check import Looked, contradictions, look_through
from callbot.audience.offer_sheet import import_offers, offers_to_come, read_offers
from callbot.carrier import build_control
from callbot.cli.batch_calls import call_batch
from callbot.cli.output import explained, out, print_json, run
from callbot.cli.policy_options import CapWeekOption, SaturdayOption, SetOption, policy_values
from callbot.clock import SystemClock
from callbot.errors import BadInput, Problem
from callbot.outreach import batch as batches
from callbot.outreach.taking_in import take_in
from callbot.settings import Settings, load_settings

_SHOWN_PROBLEMS = 50

FlowOption = Annotated[
    str, typer.Option(help="流程，例如 winback/ecommerce；或整个文件夹 winback，各行业用自己的流程。")
]
NameOption = Annotated[str, typer.Option(help="批次名称；不写就用名单或人群的名字。")]
SheetOption = Annotated[Path | None, typer.Option("--offers", help="先导入的优惠表。")]
OfferOption = Annotated[
    list[str] | None,
    typer.Option("--offer", help="可以给的优惠编号，可重复；不写就是全部有效优惠。"),
]
IndustryOption = Annotated[str, typer.Option(help="名单没有这一列时用。")]
BrandOption = Annotated[str, typer.Option(help="名单没有这一列时用。")]
PurposeOption = Annotated[str, typer.Option(help="marketing（营销）或 service_followup（服务回访）。")]
LinesOption = Annotated[int, typer.Option(min=1, help="同时通话数。")]
PriorityOption = Annotated[int, typer.Option(help="批次之间的优先级，高的先拨。")]
HoldOutOption = Annotated[float, typer.Option(help="对照组百分比，不拨打，用来衡量效果。")]
_DAY = ["%Y-%m-%d"]
FromOption = Annotated[
    datetime | None, typer.Option("--from", formats=_DAY, help="第一个拨打日，按客户当地时间。")
]
UntilOption = Annotated[
    datetime | None, typer.Option("--until", formats=_DAY, help="最后一个拨打日，按客户当地时间。")
]


def create(
    flow: FlowOption,
    file: Annotated[Path | None, typer.Argument(help="客户名单，或连同历史记录的文件夹。")] = None,
    segment: Annotated[str, typer.Option(help="不用名单，取这个人群的客户。")] = "",
    name: NameOption = "",
    sheet: SheetOption = None,
    offer: OfferOption = None,
    industry: IndustryOption = "",
    brand: BrandOption = "",
    purpose: PurposeOption = "marketing",
    lines: LinesOption = 1,
    priority: PriorityOption = 0,
    hold_out: HoldOutOption = 5.0,
    starts_on: FromOption = None,
    ends_on: UntilOption = None,
    settings: SetOption = None,
    cap_week: CapWeekOption = None,
    saturday: SaturdayOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """检查名单或人群，做成草稿；callbot batch launch 之前谁都不会拨打。

    有错就一次说全，什么都不入库。
    """
    with explained():
        if (file is None) == (not segment):
            raise BadInput.one("callbot batch create", "名单和人群要写其中之一", "写 FILE 或 --segment NAME")
        wish = batches.NewBatch(
            name=name or segment or (file.stem if file else ""),
            flow=flow,
            customer_ids=(),
            purpose=purpose,
            lines=lines,
            priority=priority,
            starts_on=starts_on.date() if starts_on else None,
            ends_on=ends_on.date() if ends_on else None,
            offers=tuple(offer or ()),
            hold_out_percent=hold_out,
            policy=policy_values(settings, cap_week, saturday),
            source=str(file) if file else f"人群 {segment}",
            created_by="cli",
        )
        defaults = Defaults(industry=industry, brand=brand)
        batch_id = run(make(load_settings(), wish, file=file, segment=segment, sheet=sheet, defaults=defaults))
    if as_json:
        print_json({"batch_id": batch_id})
    else:
        out.print(f"批次 {batch_id}（草稿）。预览：callbot batch preview {batch_id}", soft_wrap=True)


def run_list(
    file: Annotated[Path, typer.Argument(help="客户名单，或连同历史记录的文件夹。")],
    flow: FlowOption,
    name: NameOption = "",
    sheet: SheetOption = None,
    offer: OfferOption = None,
    industry: IndustryOption = "",
    brand: BrandOption = "",
    purpose: PurposeOption = "marketing",
    lines: LinesOption = 1,
    hold_out: HoldOutOption = 5.0,
    settings: SetOption = None,
    cap_week: CapWeekOption = None,
    saturday: SaturdayOption = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="只看结果，不看每句话。")] = False,
) -> None:
    """检查名单、说明谁可以拨打，然后拨打：创建、启动、拨打合在一起。

    有坏行的名单会被拒绝并指出行和列，不入库也不拨打。
    """
    with explained():
        loaded = load_settings()
        build_control(loaded)
        wish = batches.NewBatch(
            name=name or file.stem,
            flow=flow,
            customer_ids=(),
            purpose=purpose,
            lines=lines,
            offers=tuple(offer or ()),
            hold_out_percent=hold_out,
            policy=policy_values(settings, cap_week, saturday),
            source=str(file),
            created_by="cli",
        )
        defaults = Defaults(industry=industry, brand=brand)

        async def work() -> None:
            batch_id = await make(loaded, wish, file=file, segment="", sheet=sheet, defaults=defaults)
            out.print(f"批次 {batch_id}")
            await call_batch(loaded, batch_id, quiet=quiet)

        run(work())


async def make(
    settings: Settings,
    wish: batches.NewBatch,
    *,
    file: Path | None,
    segment: str,
    sheet: Path | None,
    defaults: Defaults,
) -> str:
    """The id of a draft. Raises `BadInput` with everything that is wrong with list, flow, values and offers;
    what can be known is said before anything is stored.
    """
    now = SystemClock().now()
    flows = build_flows()
    listed = _looked_at(wish, file, sheet, defaults, now) if file is not None else None
    async with open_database(settings) as db:
        vault = open_vault(settings)
        to_come = await offers_to_come(db, sheet, now) if sheet is not None else []
        if file is None:
            wish = replace(wish, customer_ids=await segments.customer_ids(db, segment, now))
            problems = await batches.problems(db, vault, wish, now, flows=flows, to_come=to_come)
        else:
            wrong = await contradictions(db, vault, file, now, defaults=defaults)
            problems = [each.problem for each in wrong[:_SHOWN_PROBLEMS]]
            people = listed or batches.People(phones=(), callees=())
            problems += await batches.problems_of(db, wish, people, now, flows=flows, to_come=to_come)
        if problems:
            raise BadInput(problems)
        if sheet is not None:
            await import_offers(db, sheet, now)
        if file is not None:
            taken = await take_in(
                db, vault, SystemClock(), build_scorer(settings), file, defaults=defaults, whole=True
            )
            wish = replace(wish, customer_ids=taken.ids)
        return await batches.create(db, vault, wish, now, flows=flows)


def _looked_at(
    wish: batches.NewBatch, file: Path, sheet: Path | None, defaults: Defaults, now: datetime
) -> batches.People:
    """Who is on the list. Raises `BadInput` with everything that can be said without the base."""
    problems: list[Problem] = []
    looked = Looked()
    try:
        looked = look_through(file, now, defaults=defaults)
    except BadInput as error:
        problems += error.problems
    problems += [each.problem for each in looked.rejected[:_SHOWN_PROBLEMS]]
    if sheet is not None:
        try:
            read_offers(sheet, now)
        except BadInput as error:
            problems += error.problems
    people = batches.People(phones=looked.phones, callees=looked.callees)
    problems += [
        *batches.values_problems(wish, now),
        *batches.people_problems(wish, people, build_flows(), now),
    ]
    if problems:
        raise BadInput(problems)
    return people
