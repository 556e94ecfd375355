"""What a call notes beside its words: promises as they were heard, models asked, texts that were stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest
from calls import OPENER, Call, call

from callbot.conversation.guard import Sheet, Violation
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.prompt_use import PromptUse
from callbot.conversation.reading import Reading
from callbot.conversation.result import JournalKind
from callbot.conversation.writing import Moment, Transition
from callbot.testing import HANG_UP, FakeWriter, Utter

BUSY = Reading(
    text="明天下午三点打给我",
    intent=Intent.BUSY_CALLBACK,
    confidence=0.9,
    slots={"callback_time": "明天下午三点"},
)
BOOKED = "给您打过来"


def use(prompt: str, failed: str = "") -> PromptUse:
    return PromptUse(
        prompt=prompt, version="1.0.0", sha256="cd" * 32, model="tiny", server="primary", failed=failed
    )


def hung_up_after(ms: int) -> Call:
    """A callee who books a call and hangs up so long after the bot began to confirm it."""
    script = [Utter(text=BUSY.text), Utter(text=HANG_UP, when="speech", after_ms=ms)]
    return call(script, {BUSY.text: BUSY})


def test_a_promise_counts_as_soon_as_it_is_out_and_in_the_words_that_were_heard() -> None:
    cut, out = hung_up_after(400), hung_up_after(4600)
    assert BOOKED not in cut.bot[-1]
    assert [note.kind for note in cut.result.notes] == [JournalKind.CALLBACK]
    assert BOOKED in out.bot[-1]
    assert "再见" not in out.bot[-1]
    (promise,) = [note for note in out.result.notes if note.kind is JournalKind.PROMISE]
    assert promise.words == out.bot[-1]
    assert promise.data["what"] == "callback"


class Paid(FakeWriter):
    """A writer whose first model was late and whose second answered."""

    async def transition(self, moment: Moment) -> Transition:
        return Transition(text="真的很抱歉。", prompts=(use("transition", "gap"), use("transition")))


def test_models_stand_with_the_turns_they_worded_and_read_and_all_are_accounted_for() -> None:
    angry = Reading(
        text="太贵了气死我了",
        intent=Intent.ASK_PRICE_OFFER,
        confidence=0.9,
        emotion=Emotion.ANGRY,
        prompts=(use("reading", "status-500"), use("reading")),
    )
    opener = replace(OPENER, prompts=(use("opener", "rejected"), use("opener")))
    script = [Utter(text=angry.text), Utter(text=HANG_UP, after_ms=3000)]
    ended = call(script, {angry.text: angry}, writer=Paid(), opener=opener)
    named = [
        (turn.speaker, [one.prompt for one in turn.prompts]) for turn in ended.result.turns if turn.prompts
    ]
    assert named == [("bot", ["opener"]), ("callee", ["reading"]), ("bot", ["transition"])]
    assert not any(one.failed for turn in ended.result.turns for one in turn.prompts)
    assert [one.failed for one in ended.result.prompts] == ["status-500", "", "gap", ""]
    asked = [data["failed"] for name, _, data in ended.log.events if name == "llm"]
    assert asked == ["status-500", "", "gap", ""]


@pytest.mark.parametrize("plain_too", [False, True])
def test_what_the_guard_stops_leaves_with_the_call(plain_too: bool) -> None:
    def check(text: str, sheet: Sheet) -> tuple[Violation, ...]:
        stopped = "空气炸锅" in text or (plain_too and "回访" in text)
        return (Violation(span="空气炸锅", why="不在事实中"),) if stopped else ()

    ended = call([Utter(text=HANG_UP, after_ms=2000)], check=check, opener=replace(OPENER, prompts=(use("o"),)))
    (block,) = ended.result.blocks
    assert block.text == OPENER.text
    assert block.violations == (("空气炸锅", "不在事实中"),)
    assert ("回访" in block.instead) is not plain_too
    assert not any(turn.prompts for turn in ended.result.turns)
