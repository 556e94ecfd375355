"""A call as it is kept: the columns of its row, of its turns, and of what the guard stopped."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from callbot.conversation.prompt_use import spending
from callbot.conversation.result import CallResult, Turn
from callbot.outreach.case import Case, Ended


def call_columns(case: Case) -> dict[str, Any]:
    """Columns of the call row that change with the settlement."""
    columns = dict(case.ended.call)
    if result := case.ended.result:
        columns |= {
            "duration_ms": result.duration_ms,
            "ended_by": result.ended_by,
            "end_reason": result.end_reason,
            "disclosure_ms": _disclosed(result),
            "summary": {
                "concern": result.concern,
                "findings": dict(result.findings),
                "unanswered": list(result.unanswered),
                "callback_at": result.callback_at.isoformat() if result.callback_at else None,
                "callback_spoken": result.callback_spoken,
                "transfers": case.transfers(),
                "llm": asdict(spending(case.prompts())),
            },
        }
        if result.flow:
            columns |= {"flow": result.flow, "flow_version": result.flow_version}
    elif case.ended.interrupted:
        columns |= {"end_reason": case.ended.cause}
    return columns


def turn_columns(result: CallResult | None) -> tuple[dict[str, Any], ...]:
    """Columns of the turns, in order."""
    return tuple(_turn(turn) for turn in (result.turns if result else ()))


def block_columns(ended: Ended) -> tuple[dict[str, Any], ...]:
    """Columns of what the guard stopped in the call, also where it left no result."""
    return tuple(
        {
            **asdict(block),
            "violations": [{"span": span, "why": why} for span, why in block.violations],
        }
        for block in (ended.result.blocks if ended.result else ended.blocks)
    )


def _disclosed(result: CallResult) -> int | None:
    """When the callee had heard to the end that an AI speaks, on the media clock."""
    heard = (turn.end_ms for turn in result.turns if turn.act == "disclosure" and not turn.interrupted)
    return next(heard, None)


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "speaker": turn.speaker,
        "text": turn.text,
        "heard": turn.heard,
        "start_ms": turn.start_ms,
        "end_ms": turn.end_ms,
        "interrupted": turn.interrupted,
        "intent": turn.intent,
        "emotion": turn.emotion,
        "confidence": turn.confidence,
        "slots": dict(turn.slots),
        "step": turn.step,
        "act": turn.act,
        "offers": list(turn.offers),
        "latency": {**asdict(turn.latency), "total": turn.latency.total} if turn.latency else {},
        "prompts": [asdict(use) for use in turn.prompts],
    }
