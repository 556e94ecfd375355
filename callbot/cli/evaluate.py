"""`callbot eval`: what the bot makes of utterances or conversations, measured where they are labelled."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.progress import track

from callbot.cli import scores
from callbot.cli.labelled_rows import EmotionRow, HandoffRow, IntentRow, OutcomeRow, Row, read_rows
from callbot.cli.output import err, explained, run
from callbot.conversation.judging import judge_handoff, judge_outcome, read_turns, read_utterance
from callbot.conversation.outcome import Decision
from callbot.conversation.reading import Reader
from callbot.conversation.transfer import Need
from callbot.errors import BadInput

app = typer.Typer(
    add_completion=False, help="用自己标注的数据衡量理解：意图、情绪、转人工、结果。", no_args_is_help=True
)


class ReaderKind(StrEnum):
    """Which reader is measured."""

    LOCAL = "local"
    LLM = "llm"
    TRANSFORMERS = "transformers"


File = Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="每行一个 JSON 对象。")]
Out = Annotated[Path | None, typer.Option(metavar="PRED.jsonl", help="把每行的判断写到这里。")]
Kind = Annotated[
    ReaderKind,
    typer.Option(
        "--reader",
        help="local：本机；llm：本机没把握时问 [llm] 里的服务器；transformers：reader.model 里的模型。",
    ),
]
R = TypeVar("R", bound=Row)
T = TypeVar("T")


@app.command()
def intent(file: File, out: Out = None, reader: Kind = ReaderKind.LOCAL) -> None:
    """意图：读 {"id","text"}（可带 "turns"），写 {"id","label"}；带 label 时给出分数。"""

    async def judge(row: IntentRow, minds: Reader) -> str:
        return (await read_utterance(row.text, row.before, minds)).intent.value

    with explained():
        rows, labels = _judged(file, IntentRow, lambda row: row.label is not None, out, reader, judge)
        _write(out, [{"id": row.id, "label": label} for row, label in zip(rows, labels, strict=True)])
    pairs = [(row.label.value, label, row.hard) for row, label in zip(rows, labels, strict=True) if row.label]
    scores.show_labels("意图", pairs, total=len(rows))


@app.command()
def emotion(file: File, out: Out = None, reader: Kind = ReaderKind.LOCAL) -> None:
    """情绪：读 {"id","text"}（可带 "turns"），写 {"id","label"}；带 emotion 或 label 时给出分数。"""

    async def judge(row: EmotionRow, minds: Reader) -> str:
        return (await read_utterance(row.text, row.before, minds)).emotion.value

    with explained():
        rows, labels = _judged(file, EmotionRow, lambda row: row.label is not None, out, reader, judge)
        _write(out, [{"id": row.id, "label": label} for row, label in zip(rows, labels, strict=True)])
    pairs = [(row.label.value, label, row.hard) for row, label in zip(rows, labels, strict=True) if row.label]
    scores.show_labels("情绪", pairs, total=len(rows))


@app.command()
def handoff(file: File, out: Out = None, reader: Kind = ReaderKind.LOCAL) -> None:
    """转人工：读 {"id","turns"}，写 {"id","transfer","reason","turn"}；turn 从 0 数起，是有依据的那一句。"""

    async def judge(row: HandoffRow, minds: Reader) -> Need | None:
        return judge_handoff(await read_turns(row.spoken, minds))

    with explained():
        rows, needs = _judged(file, HandoffRow, lambda row: row.transfer is not None, out, reader, judge)
        _write(
            out,
            [
                {
                    "id": row.id,
                    "transfer": found is not None,
                    "reason": found.reason.value if found else None,
                    "turn": found.turn if found else None,
                }
                for row, found in zip(rows, needs, strict=True)
            ],
        )
    scores.show_handoffs(list(zip(rows, needs, strict=True)))


@app.command()
def outcome(file: File, out: Out = None, reader: Kind = ReaderKind.LOCAL) -> None:
    """结果：读 {"id","turns"}，写 {"id","outcome","follow_up","callback_time"}；时间照原话写。"""

    async def judge(row: OutcomeRow, minds: Reader) -> Decision:
        return judge_outcome(row.spoken, await read_turns(row.spoken, minds))

    with explained():
        rows, decisions = _judged(file, OutcomeRow, lambda row: row.outcome is not None, out, reader, judge)
        _write(
            out,
            [
                {
                    "id": row.id,
                    "outcome": decision.outcome.value,
                    "follow_up": decision.follow_ups[0].value,
                    "callback_time": decision.callback_spoken or None,
                }
                for row, decision in zip(rows, decisions, strict=True)
            ],
        )
    scores.show_outcomes(list(zip(rows, decisions, strict=True)))


def _judged(
    file: Path,
    kind: type[R],
    is_labelled: Callable[[R], bool],
    out: Path | None,
    reader: ReaderKind,
    judge: Callable[[R, Reader], Awaitable[T]],
) -> tuple[list[R], list[T]]:
    """Rows and what is made of each. Raises `BadInput` before anything is read at length."""
    rows = read_rows(file, kind)
    if out is None and not any(is_labelled(row) for row in rows):
        raise BadInput.one(str(file), "没有标注，无从衡量", "用 --out PRED.jsonl 写出判断结果")
    if out is not None and (out.resolve() == file.resolve() or out.is_dir() or not out.parent.is_dir()):
        raise BadInput.one(f"--out {out}", "不能写到那里", "在已有的文件夹里给一个新文件名")
    return rows, run(_all(rows, reader, judge))


async def _all(rows: Sequence[R], kind: ReaderKind, judge: Callable[[R, Reader], Awaitable[T]]) -> list[T]:
    # Composing loads models; a file that cannot be read is told without waiting for them.
    from callbot.minds import build_reader
    from callbot.settings import load_settings

    settings = load_settings()
    chosen = settings.reader.model_copy(
        update={
            "kind": "transformers" if kind is ReaderKind.TRANSFORMERS else "local",
            "llm": kind is ReaderKind.LLM,
        }
    )
    reader = build_reader(settings.model_copy(update={"reader": chosen}))
    try:
        began = time.perf_counter()
        judged = [await judge(row, reader) for row in track(rows, "读取", console=err, transient=True)]
        scores.show_time(len(rows), time.perf_counter() - began)
        return judged
    finally:
        await reader.aclose()


def _write(out: Path | None, rows: Sequence[dict[str, Any]]) -> None:
    if out is None:
        return
    try:
        out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    except OSError as error:
        raise BadInput.one(f"--out {out}", f"写不了：{error.strerror}", "换一个文件") from None
