"""`callbot batch list`, `show`, `preview` and `what-if`: looking without changing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.batch_calls import members, no_such, show_members
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china, moment_of
from callbot.cli.output import explained, out, print_json, run
from callbot.cli.policy_options import CapWeekOption, SaturdayOption, SetOption, policy_values
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.insight import words
from callbot.insight.rule_words import rule_ends, rule_name
from callbot.outreach import batch as batches
from callbot.outreach import what_if as questions
from callbot.outreach.batch_status import BatchStatus, status
from callbot.settings import load_settings
from callbot.store import overview
from callbot.store.makeup import names
from callbot.store.plain import plain

Names: TypeAlias = Mapping[str, tuple[str, str]]
"""Name and masked number by customer id."""
_FIRST = 3
"""Of those who may be called, a preview names so many."""
_SHOWN_MEMBERS = 500
"""A larger batch is shown in figures only."""

IdArgument = Annotated[str, typer.Argument(help="批次编号，见 callbot batch list。")]
AtOption = Annotated[str, typer.Option(help="带时区的 ISO 时间，例如 2026-03-02T10:00+08:00；不写就是现在。")]
JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON。")]


def list_batches(as_json: JsonOption = False) -> None:
    """列出全部批次，最新的在前。"""

    async def work() -> list[overview.BatchLine]:
        async with open_database(load_settings()) as db, db.read() as session:
            return await overview.batches(session)

    with explained():
        found = run(work())
    if as_json:
        print_json(plain(found))
        return
    if not found:
        out.print("还没有批次。运行 callbot batch run 或 callbot demo。")
        return
    table = folding("批次", "名称和流程", "状态", "优先", "客户", "结果", "激活")
    table.columns[0].no_wrap = True
    for line in found:
        outcomes = "，".join(f"{words.word(words.OUTCOMES, key)} {n}" for key, n in line.outcomes.items())
        state = words.word(words.STATES, line.batch.state)
        table.add_row(
            line.batch.id,
            f"{escape(line.batch.name)}\n[dim]{escape(line.batch.flow)}[/]",
            f"{state}（熔断）" if line.batch.paused_because and line.batch.state == "paused" else state,
            str(line.batch.priority),
            str(line.members),
            outcomes,
            str(line.activated),
        )
    out.print(table)


def show(batch_id: IdArgument, as_json: JsonOption = False) -> None:
    """批次的现状、节奏和原因；拨打了谁、后续是什么，没拨打谁、为什么。"""

    async def work() -> tuple[overview.BatchLine, BatchStatus]:
        async with open_database(load_settings()) as db:
            async with db.read() as session:
                line = await overview.batch(session, batch_id)
            if line is None:
                raise no_such(batch_id)
            return line, await status(db, batch_id, SystemClock().now())

    with explained():
        line, now = run(work())
        listed = run(members(load_settings(), batch_id)) if line.members <= _SHOWN_MEMBERS else []
        if as_json:
            shown = {"batch": line.batch, "status": now, "activated": line.activated, "members": listed}
            print_json(plain(shown))
            return
        _show_head(line, now)
        show_members(listed)


def _show_head(line: overview.BatchLine, now: BatchStatus) -> None:
    batch = line.batch
    out.print(
        f"[bold]{escape(batch.name)}[/] {words.word(words.STATES, batch.state)}  流程 {batch.flow}  "
        f"线路 {now.under_way}/{batch.lines}  优先 {batch.priority}  [dim]{batch.id}[/]"
    )
    if batch.state == "paused" and batch.paused_because:
        out.print(f"[red]熔断暂停[/]：{escape(batch.paused_because)}")
        out.print(f'  排除原因后：callbot batch resume {batch.id} --reason "…"', soft_wrap=True)
    days = f"{batch.starts_on or '即日'} 至 {batch.ends_on or '打完为止'}"
    out.print(f"  日期 {days}；优惠 {'、'.join(batch.offers) or '全部有效优惠'}")
    people = now.members
    out.print(
        f"  客户 {line.members}：待看 {people.get('ready', 0)}，稍后 {people.get('waiting', 0)}，"
        f"不拨 {people.get('never', 0)}，已拨或排队 {people.get('tried', 0)}；成功激活 {line.activated}"
    )
    out.print(f"  节奏：全部批次未接人工的通话 {now.without_human} 通；{now.pace.because}")
    record, breaker = now.record, now.breaker
    out.print(
        f"  熔断（近 {breaker.window_minutes} 分钟）：拨打 {record.attempts}、线路故障 {record.failures}"
        f"（>{breaker.failures_percent}%）；接通 {record.answered}、5 秒内挂断 {record.hang_ups}"
        f"（>{breaker.hang_ups_percent}%）、投诉或勿扰 {record.complaints}（>{breaker.complaints_percent}%）",
        soft_wrap=True,
    )
    for entry in batch.history:
        out.print(
            f"  [dim]{in_china(datetime.fromisoformat(entry['at'])):%Y-%m-%d %H:%M} {escape(entry['what'])}[/]"
        )


def preview(batch_id: IdArgument, at: AtOption = "", as_json: JsonOption = False) -> None:
    """谁现在可拨、稍后可拨、不可拨，各是哪条规则。什么都不改变。"""
    with explained():
        moment = moment_of(at)

        async def work() -> tuple[batches.Preview, Names]:
            async with open_database(load_settings()) as db:
                found = await batches.preview(db, batch_id, moment)
                async with db.read() as session:
                    return found, await names(session, _shown(found))

        found, people = run(work())
    if as_json:
        print_json({"at": moment.isoformat(), **plain(found), "people": _people_json(people)})
    else:
        _show_preview(found, people, moment)


def what_if(
    batch_id: IdArgument,
    at: AtOption = "",
    settings: SetOption = None,
    cap_week: CapWeekOption = None,
    saturday: SaturdayOption = "",
    as_json: JsonOption = False,
) -> None:
    """假设换一种政策，能多拨多少人，会突破哪些外边界。

    假设可以超出外边界，批次永远不能。什么都不改变。
    """
    with explained():
        moment = moment_of(at)
        changes = policy_values(settings, cap_week, saturday)
        if not changes:
            raise BadInput.one(
                "callbot batch what-if", "没有说要假设什么", "加上 --cap-week、--saturday 或 --set"
            )

        async def work() -> questions.WhatIf:
            async with open_database(load_settings()) as db:
                return await questions.what_if(db, batch_id, moment, changes)

        found = run(work())
    if as_json:
        print_json({"at": moment.isoformat(), "changes": changes, **plain(found)})
        return
    out.print(f"假设 {escape(_assumed(changes))}（只是提问，什么都没有改变）", soft_wrap=True)
    out.print(
        f"  现在可拨打 {len(found.before.now)} → {len(found.after.now)}（[bold]{found.more_now:+d}[/]），"
        f"稍后 {found.before.later_count} → {found.after.later_count}（{found.more_later:+d}），"
        f"不可 {found.before.never_count} → {found.after.never_count}"
    )
    for broken in found.breaks:
        out.print(f"  [red]会突破[/] {escape(broken)}")
    if not found.breaks:
        out.print("  [green]不突破任何外边界[/]，可写入批次的政策")


def _assumed(changes: Mapping[str, Any]) -> str:
    """As they were given: caps.answered_per_7d=3，windows.sat-sun=10:00-12:00,14:00-20:00."""
    return "，".join(
        f"{block}.{name}={','.join(value) if isinstance(value, list) else value}"
        for block, values in changes.items()
        for name, value in values.items()
    )


def _shown(found: batches.Preview) -> tuple[str, ...]:
    """Ids of the people whom a preview names."""
    return (*found.now[:_FIRST], *(each for group in (*found.later, *found.never) for each in group.examples))


def _people_json(people: Names) -> dict[str, dict[str, str]]:
    return {key: {"name": name, "phone": phone} for key, (name, phone) in people.items()}


def _show_preview(found: batches.Preview, people: Names, at: datetime) -> None:
    out.print(
        f"{in_china(at):%Y-%m-%d %H:%M}：现在可拨打 [bold]{len(found.now)}[/] 位，稍后 {found.later_count} 位，"
        f"不可拨打 {found.never_count} 位"
    )
    if found.now:
        first = "、".join(escape(" ".join(people[each])) for each in found.now[:_FIRST])
        out.print(f"  最先拨打：{first}", soft_wrap=True)
    table = folding("何时", "规则", "人数", "何时解除", "说明", "例如")
    for when, groups in (("稍后", found.later), ("不可", found.never)):
        for group in groups:
            table.add_row(
                when,
                rule_name(group.rule).replace("（", "\n（"),
                str(group.count),
                rule_ends(group.rule, f"{in_china(group.until):%Y-%m-%d %H:%M} 起" if group.until else ""),
                escape(group.because),
                "\n".join(escape(" ".join(people[each])) for each in group.examples),
            )
    if table.row_count:
        out.print(table)
