"""Scores as tables for people: every figure with its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from callbot.cli.labelled_rows import HandoffRow, OutcomeRow
from callbot.cli.output import out
from callbot.conversation.judging import in_words
from callbot.conversation.labels import Outcome
from callbot.conversation.outcome import Decision
from callbot.conversation.transfer import Need
from callbot.insight.measures import Measure, Scores, score, share

WORST = 12
"""Confusions shown."""
NO_TRANSFER = "none"


def show_time(count: int, seconds: float) -> None:
    """How long the reader took, mean over the rows."""
    out.print(f"{count} 条，平均每条 {seconds / count * 1000:.1f} 毫秒")


def show_labels(title: str, pairs: Sequence[tuple[str, str, bool]], *, total: int) -> None:
    """(label, prediction, whether the item is a hard one) of every labelled item."""
    if not pairs:
        return
    found = score([true for true, _, _ in pairs], [guess for _, guess, _ in pairs])
    _summary(title, found, total=total)
    if hard := [(true, guess) for true, guess, is_hard in pairs if is_hard]:
        _summary(f"{title}（hard）", score([true for true, _ in hard], [guess for _, guess in hard]))
    _details(found)


def show_handoffs(judged: Sequence[tuple[HandoffRow, Need | None]]) -> None:
    """The transfer decision, then its reason, then the turn that shows it."""
    labelled = [(row, need) for row, need in judged if row.transfer is not None]
    if not labelled:
        return
    decided = score(
        ["transfer" if row.transfer else NO_TRANSFER for row, _ in labelled],
        ["transfer" if need else NO_TRANSFER for _, need in labelled],
    )
    _summary("转人工", decided, total=len(judged))
    if transfer := decided.of("transfer"):
        out.print(f"  精确率 {figure(transfer.precision)}  召回率 {figure(transfer.recall)}")
    misleading = [need is not None for row, need in labelled if row.misleading and not row.transfer]
    _line("误导说法中误转的", misleading)
    needed = [(row, need) for row, need in labelled if row.transfer]
    for reason in sorted({row.reason for row, _ in needed if row.reason}):
        _line(f"该转且转了（{reason}）", [need is not None for row, need in needed if row.reason is reason])
    _line(
        "转对了且原因也对",
        [need.reason is row.reason for row, need in needed if need and row.reason],
    )
    _line("依据的那一句也对", [need.turn == row.turn for row, need in needed if need and row.turn is not None])
    reasoned = [(row, need) for row, need in labelled if row.reason or not row.transfer]
    if reasoned:
        _details(
            score(
                [row.reason or NO_TRANSFER for row, _ in reasoned],
                [need.reason if need else NO_TRANSFER for _, need in reasoned],
            )
        )


def show_outcomes(judged: Sequence[tuple[OutcomeRow, Decision]]) -> None:
    """The outcome, then the leading follow-up, then the time named."""
    labelled = [(row, decision) for row, decision in judged if row.outcome]
    if not labelled:
        return
    found = score(
        [in_words(row.outcome) for row, _ in labelled if row.outcome],
        [decision.outcome for _, decision in labelled],
    )
    _summary("结果", found, total=len(judged))
    followed = [(row.follow_up, decision.follow_ups[0]) for row, decision in labelled if row.follow_up]
    if followed:
        _summary("后续", score([true for true, _ in followed], [guess for _, guess in followed]))
    _line(
        "回电时间照原话",
        [decision.callback_spoken == row.callback_time for row, decision in labelled if row.callback_time],
    )
    unwanted = [decision for row, decision in labelled if row.outcome is Outcome.DO_NOT_CALL]
    missed = sum(decision.outcome is not Outcome.DO_NOT_CALL for decision in unwanted)
    if unwanted:
        out.print(f"  要求别再打而没听出来的：{missed} / {len(unwanted)}")
    _details(found)


def figure(measure: Measure | None) -> str:
    """`0.912 [0.880, 0.941]`, a dash where there is nothing to divide."""
    return f"{measure.value:.3f} \\[{measure.low:.3f}, {measure.high:.3f}]" if measure else "—"


def _summary(title: str, found: Scores, *, total: int | None = None) -> None:
    counted = f"{found.count} / {total} 条有标注" if total not in (None, found.count) else f"{found.count} 条"
    out.print(
        f"[bold]{title}[/]（{counted}）  准确率 {figure(found.accuracy)}  macro-F1 {figure(found.macro_f1)}",
        soft_wrap=True,
    )


def _line(title: str, hits: Sequence[bool]) -> None:
    if hits:
        out.print(f"  {title}：{sum(hits)} / {len(hits)}，{figure(share(hits))}", soft_wrap=True)


def _details(found: Scores) -> None:
    table = Table("标签", "条数", "判为", "精确率", "召回率", "F1")
    for one in found.classes:
        table.add_row(
            one.label,
            str(one.true),
            str(one.predicted),
            figure(one.precision),
            figure(one.recall),
            f"{one.f1:.3f}",
        )
    out.print(table)
    if found.confusions:
        out.print("最多的混淆（应为 → 判为）：")
        for confusion in found.confusions[:WORST]:
            out.print(f"  {confusion.true} → {confusion.predicted}：{confusion.count}", soft_wrap=True)
