"""A batch on a terminal: each call as it goes, then who was called, why, what came of it and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callbot.insight import words
from callbot.insight.latency import Spread
from callbot.insight.rule_words import rule_ends, rule_name
from callbot.outreach.progress import (
    Blocked,
    Dialling,
    InCall,
    LineChanged,
    Prepared,
    Progress,
    Queued,
    Recovered,
    SetAside,
    Settled,
    Stopping,
)
from callbot.store.overview import MemberLine

_CHINA = ZoneInfo("Asia/Shanghai")
_COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "bright_red", "bright_cyan", "bright_yellow")


class Screen:
    """Prints progress line by line; several calls at once are told apart by name and colour."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._names: dict[str, str] = {}
        self._by_call: dict[str, str] = {}
        self._colours: dict[str, str] = {}

    def say(self, text: str) -> None:
        """A heading or a remark of the demo itself."""
        self._console.print(text)

    def show(self, table: Table) -> None:
        """A table; an empty one is left out."""
        if table.row_count:
            self._console.print(table)

    def progress(self, event: Progress) -> None:
        """One step of the batch."""
        match event:
            case Prepared():
                self._names[event.attempt_id] = event.name
                self._line(event.name, f"[dim]开场白 {escape(event.opener)}[/]")
            case Dialling():
                self._line(event.name, "☎ 拨号")
            case InCall():
                self._by_call[event.call_id] = event.name
                self._line(event.name, "接通")
            case Settled():
                outcome = words.word(words.OUTCOMES, event.settlement.outcome)
                leading = next((item.kind for item in event.settlement.follow_ups if item.leading), None)
                what = f"[bold]{outcome}[/]  → {words.word(words.FOLLOW_UPS, leading)}"
                self._line(event.name, what, always=True)
            case Blocked():
                self._line(self._names.get(event.attempt_id, ""), f"不拨打：{escape(event.block.because)}")
            case SetAside():
                name = self._names.get(event.attempt_id, event.customer_id)
                self._line(name, f"[yellow]暂缓：{escape(event.because)}[/]", always=True)
            case Recovered():
                self.say(f"[dim]上次没有结束的一通已结清：{event.settlement.outcome}[/]")
            case Stopping():
                self.say(f"[yellow]正在停止：不再拨号，结清 {event.running} 通进行中的电话…[/]")
            case Queued() | LineChanged():
                pass

    def call_event(self, call_id: str, name: str, at_ms: int, data: dict[str, Any]) -> None:
        """One event inside a call."""
        who = self._by_call.get(call_id)
        if who is None:
            return
        match name:
            case "play":
                self._line(who, f"[dim]{at_ms / 1000:5.1f}s[/] 机器人：{escape(str(data.get('text', '')))}")
            case "turn":
                self._line(
                    who, f"[dim]{at_ms / 1000:5.1f}s[/] 客户：[bold]{escape(str(data.get('text', '')))}[/]"
                )
            case "transfer-offered":
                self._line(who, f"[dim]{at_ms / 1000:5.1f}s[/] 正在找人工坐席…")
            case "bridged":
                self._line(who, f"[dim]{at_ms / 1000:5.1f}s[/] 人工坐席已接入，双方通话")

    def _line(self, name: str, text: str, *, always: bool = False) -> None:
        if self._quiet and not always:
            return
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        pad = "　" * max(0, 4 - len(name))
        self._console.print(f"[{colour}]{escape(name)}{pad}[/] │ {text}", soft_wrap=True)


def called_table(members: Sequence[MemberLine]) -> Table:
    """Who was called: why, with which opener, what came of it, what follows."""
    table = Table(title="拨打结果", show_lines=True)
    for name in ("客户", "为什么联系", "开场白", "结果", "后续"):
        table.add_column(name, overflow="fold", ratio=3 if name == "开场白" else None)
    for line in members:
        if line.attempt is None:
            continue
        outcome = line.attempt.outcome
        table.add_row(
            f"{escape(line.customer.name)}\n[dim]{line.customer.phone_masked}[/]",
            f"{line.customer.stage} · {line.customer.reason}",
            escape(str(line.attempt.opener.get("text", ""))),
            words.word(words.OUTCOMES, outcome),
            "\n".join(words.word(words.FOLLOW_UPS, item.kind) for item in line.follow_ups) or "—",
        )
    return table


def blocked_table(members: Sequence[MemberLine]) -> Table:
    """Who was not called, by the one rule that objected."""
    groups: dict[str, list[MemberLine]] = {}
    for line in members:
        if line.attempt is None:
            groups.setdefault("hold_out" if line.member.hold_out else line.member.blocked_by, []).append(line)
    table = Table(title="没有拨打")
    for name in ("没有拨打的原因", "人数", "何时解除", "例如", "说明"):
        table.add_column(name, overflow="fold")
    for rule, lines in sorted(groups.items(), key=lambda item: -len(item[1])):
        example = lines[0]
        first = min((line.member.blocked_until for line in lines if line.member.blocked_until), default=None)
        until = f"{first.astimezone(_CHINA):%Y-%m-%d %H:%M} 起" if first else ""
        table.add_row(
            rule_name(rule).replace("（", "\n（") if rule else "还没有轮到",
            str(len(lines)),
            rule_ends(rule, until) if rule else "—",
            escape(example.customer.name),
            escape(example.member.blocked_because),
        )
    return table


def latency_table_of(spreads: Sequence[Spread]) -> Table:
    """The turn latency by part."""
    table = Table("应答延迟（毫秒）", "中位", "95%", "最慢", "次数", title="客户说完到机器人出声")
    for spread in spreads:
        table.add_row(
            words.word(words.LATENCY, spread.part),
            f"{spread.p50:.0f}",
            f"{spread.p95:.0f}",
            f"{spread.worst:.0f}",
            str(spread.turns),
        )
    return table
