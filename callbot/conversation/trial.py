"""Tests of a flow: hold the conversation with a scripted callee and say what came out differently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callbot.conversation.plan import CallPlan
from callbot.conversation.reading import Reader
from callbot.conversation.rehearsal import Exchange, FixedTime, Rehearsal
from callbot.conversation.result import CallResult, JournalKind
from callbot.conversation.scripted_writer import ScriptedWriter, scripted_opener
from callbot.conversation.trial_file import Deed, Trial, Trials
from callbot.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One test that was held."""

    trial: Trial
    exchanges: tuple[Exchange, ...]
    result: CallResult
    through: tuple[str, ...]
    """Handlers that it went through."""
    wrong: tuple[str, ...]
    """What is not as expected, in zh-CN; empty: it passed."""


class NoReader:
    """Stands where no reader is wanted: every line of the test must say what it means."""

    async def read(self, text: str, context: Any) -> Any:
        raise BadInput.one(f"“{text}”", "没有写是什么意思", "写成 `话 = 意图`")

    async def aclose(self) -> None:
        """Nothing to close."""


async def hold(trials: Trials, trial: Trial, *, reader: Reader, unpinned: bool = False) -> Held:
    """Hold one test. `unpinned`: the reader is asked even where the test says what is meant."""
    today = trial.now.date()
    rehearsal = Rehearsal(
        CallPlan(
            call_id="trial",
            attempt_id="trial",
            person=trial.person,
            offers=trial.offers,
            opener=scripted_opener(trial.person, trial.offers, today),
            flow=trials.flow,
        ),
        clock=FixedTime(trial.now),
        reader=reader,
        writer=ScriptedWriter(),
        agent=trial.agent,
    )
    exchanges = [await rehearsal.open()]
    early = 0
    for deed in trial.callee:
        # Words after the goodbye are heard; a callee who was put through or hung up on says nothing more.
        if rehearsal.over and (exchanges[-1].act.hang_up or exchanges[-1].act.transfer is not None):
            early += 1
            continue
        exchanges += [exchange async for exchange in _do(rehearsal, deed, unpinned)]
    result = rehearsal.result()
    wrong = list(_differences(trial.expect, exchanges, result, rehearsal))
    if early:
        wrong.append(f"通话已经结束，后面还有 {early} 句客户的话没有用上")
    if not rehearsal.over and not any(deed.leaves for deed in trial.callee):
        wrong.append("剧本用完了，通话还没有结束：补上客户后面的话，或者 `leaves: true`")
    return Held(
        trial=trial,
        exchanges=tuple(exchanges),
        result=result,
        through=tuple(dict.fromkeys(rehearsal.via)),
        wrong=tuple(wrong),
    )


async def _do(rehearsal: Rehearsal, deed: Deed, unpinned: bool) -> Any:
    if deed.leaves:
        rehearsal.leave()
    elif deed.silence:
        for _ in range(deed.silence):
            yield await rehearsal.silence()
    elif deed.key:
        exchange = await rehearsal.press(deed.key)
        if exchange is not None:
            yield exchange
    else:
        yield await rehearsal.hear(deed.says, None if unpinned else deed.meant)


def untested(trials: Trials, held: Iterable[Held]) -> Mapping[str, str]:
    """Handlers that no test went through, with file and line."""
    through = {handler for one in held for handler in one.through}
    return {handler: where for handler, where in trials.flow.handlers.items() if handler not in through}


def spoken(exchanges: Sequence[Exchange]) -> list[str]:
    """Everything the bot said, in order."""
    return [words.text for exchange in exchanges for words in exchange.said]


def _differences(
    expect: Mapping[str, Any], exchanges: Sequence[Exchange], result: CallResult, rehearsal: Rehearsal
) -> Iterator[str]:
    said = spoken(exchanges)
    for exchange in exchanges:
        yield from (f"被拦下的话：{text}" for text in exchange.blocked)
    notes = [note.kind.value for note in result.notes]
    promised = [str(note.data.get("what")) for note in result.notes if note.kind is JournalKind.PROMISE]
    transfers = [transfer.reason for transfer in result.transfers]
    found: dict[str, Any] = {
        "outcome": result.outcome.value,
        "follow_up": result.follow_ups[0].value if result.follow_ups else "",
        "ends_at": rehearsal.state.step,
        "transfer": transfers[-1] if transfers else "",
        "callback": str(rehearsal.state.slots.get("callback_said", "")),
    }
    for name, value in found.items():
        if name in expect and expect[name] != value:
            yield f"{name}：应为 {expect[name]}，实际 {value or '没有'}"
    if "transfer" not in expect and transfers:
        yield f"没有料到的转人工：{transfers[-1]}"
    at = 0
    for words in expect.get("says", ()):
        place = next((index for index in range(at, len(said)) if words in said[index]), None)
        if place is None:
            yield f"没有说“{words}”" + ("" if words not in "".join(said) else "，或者说得太早")
        else:
            at = place
    for words in expect.get("never", ()):
        yield from (f"不该说“{words}”：{text}" for text in said if words in text)
    for name, have in (("promises", promised), ("notes", notes), ("through", rehearsal.via)):
        yield from (f"{name} 里没有 {one}" for one in expect.get(name, ()) if one not in have)
        if name in expect and not expect[name] and have:
            yield f"{name} 应为空，实际 {'、'.join(have)}"
    for shown, value in expect.get("findings", {}).items():
        if result.findings.get(shown) != value:
            yield f"{shown}：应为 {value}，实际 {result.findings.get(shown, '没有')}"
    if "unanswered" in expect and list(expect["unanswered"]) != list(result.unanswered):
        yield f"答不上的问题：应为 {list(expect['unanswered'])}，实际 {list(result.unanswered)}"
