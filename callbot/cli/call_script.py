"""One call on a terminal: what was said, what follows from it, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.markup import escape

from callbot.cli.moments import in_china
from callbot.cli.output import out
from callbot.cli.promise import promise_cells
from callbot.insight import words
from callbot.insight.latency import latency_table
from callbot.insight.script import clock, script
from callbot.store import overview
from callbot.store.tables import Transfer

_COLOURS = {"智能客服": "cyan", "客户": "yellow", "人工坐席": "magenta"}


def print_script(sheet: overview.CallSheet) -> None:
    """The call as a script on standard output."""
    call = sheet.call
    out.print(
        f"[bold]{escape(sheet.customer.name)}[/] {sheet.customer.phone_masked}  "
        f"{in_china(call.started_at):%Y-%m-%d %H:%M}  "
        f"{clock(call.duration_ms)}  [bold]{words.word(words.OUTCOMES, call.outcome)}[/]"
    )
    out.print(f"[dim]{call.id} · {call.flow} v{call.flow_version} · {call.recording or '无录音'}[/]\n")
    for line in script(sheet.turns):
        colour = _COLOURS.get(line.speaker, "white")
        unheard = f"[dim strike]{escape(line.unheard)}[/]" if line.unheard else ""
        note = f"  [dim]{escape(line.note)}[/]" if line.note else ""
        out.print(
            f"[dim]{line.at:>15}[/]  [{colour}]{line.speaker}[/]  {escape(line.text)}{unheard}{note}",
            soft_wrap=True,
        )
    if not sheet.turns and call.ended_at is not None:
        why = words.word(words.CAUSES, sheet.attempt.cause)
        out.print(f"没有逐句记录（{why}）；通话中的事件在 {call.event_log}", soft_wrap=True)
    for row in sheet.journal:
        kind = words.word(words.JOURNAL, row.kind)
        out.print(
            f"[dim]{clock(row.at_ms):>15}[/]  [red]记录[/]  {kind}：“{escape(row.words)}”", soft_wrap=True
        )
    out.print()
    for text in (*what_follows(sheet), *what_was_learnt(sheet)):
        out.print(escape(text), soft_wrap=True)
    for text in accounts(sheet):
        out.print(f"[dim]{escape(text)}[/]", soft_wrap=True)
    if rows := latency_table(turn.latency for turn in sheet.turns):
        *parts, total = rows
        split = "，".join(f"{words.word(words.LATENCY, one.part)} {one.p50:.0f}" for one in parts)
        out.print(
            f"[dim]应答延迟 中位 {total.p50:.0f} ms（{split}），"
            f"最慢 {total.worst:.0f} ms，共 {total.turns} 次[/]",
            soft_wrap=True,
        )


def what_follows(sheet: overview.CallSheet) -> Iterator[str]:
    """Follow-ups and promises, a line each."""
    for item in sheet.follow_ups:
        owner = words.word(words.OWNERS, item.claimed_by or item.owner)
        yield f"→ {words.word(words.FOLLOW_UPS, item.kind)}（{owner}，{_moment(item.due_at)} 前）"
    for promise in sheet.promises:
        kind, said, owner, due, state = promise_cells(promise)
        yield f"承诺  {kind}：“{said}”（{owner}，{due} 前，{state}）"


def what_was_learnt(sheet: overview.CallSheet) -> Iterator[str]:
    """What came to light in the call, and what a human made of it."""
    summary = sheet.call.summary
    if findings := summary.get("findings"):
        yield "了解到  " + "；".join(f"{name} {value}" for name, value in findings.items())
    if unanswered := summary.get("unanswered"):
        yield "没答上来的问题  " + "；".join(f"“{question}”" for question in unanswered)
    for transfer in sheet.transfers:
        yield _transfer(transfer)


def _transfer(transfer: Transfer) -> str:
    told = f"转人工  {words.word(words.TRANSFER_REASONS, transfer.reason)}"
    told += f"：{words.word(words.TRANSFERS, transfer.result or transfer.state)}"
    if transfer.agent_id:
        told += f"（{transfer.agent_id}）"
    form = {name: transfer.wrap_up.get(name) for name in ("note", "promise", "follow_up")}
    if said := "；".join(str(text) for text in form.values() if text):
        told += f"，小结：{said}"
    return told


def accounts(sheet: overview.CallSheet) -> Iterator[str]:
    """By what right it was dialled, what the guard stopped and what the models cost, a line each."""
    if permit := sheet.attempt.permit:
        yield _permit(permit)
    if sheet.blocks:
        yield f"护栏拦下 {len(sheet.blocks)} 句：" + "；".join(
            f"{clock(block.at_ms)} “{block.text}”（"
            + "、".join(f"{found['span']}：{found['why']}" for found in block.violations)
            + "）"
            for block in sheet.blocks
        )
    # What a model itself did wrong stands in brackets there.
    refused = [text for text in sheet.attempt.opener.get("rejected", ()) if not str(text).startswith("(")]
    if refused:
        yield f"开场白拨号前被拦下 {len(refused)} 稿，见 --json 的 attempt.opener.rejected"
    spent = sheet.call.summary.get("llm") or {}
    if spent.get("asked"):
        failed = f"（未采用 {spent['failed']} 次）" if spent["failed"] else ""
        unknown = f"，另有 {spent['unmetered']} 次用量未知" if spent["unmetered"] else ""
        yield (
            f"大模型 {spent['asked']} 次{failed}，"
            f"输入 {spent['tokens_in']} 词元，输出 {spent['tokens_out']} 词元，"
            f"费用 {spent['cost'] / 1_000_000:.4f} 元{unknown}"
        )


def _permit(permit: dict[str, Any]) -> str:
    """The decision that let the call through, with what was counted for it (R164)."""
    if "policy" not in permit:  # queued for a promise and never claimed
        return "拨打依据  客户要求的回拨"
    told = f"拨打依据  规则 {permit['policy']}，{_moment(datetime.fromisoformat(permit['at']))}"
    told += f"：此前 30 天接通 {permit['answered']} 次、触达 {permit['attempts']} 次"
    told += f"，同意记录 {len(permit['consents'])} 条"
    return told + ("，客户要求的回拨" if permit.get("requested_by") else "")


def _moment(at: datetime) -> str:
    return f"{in_china(at):%m-%d %H:%M}"
