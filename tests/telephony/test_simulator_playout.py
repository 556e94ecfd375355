"""The carrier's playout: order, silence, marks that tell the truth, and clear."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callbot.telephony.simulator.playout import FRAME_BYTES, Playout

SILENCE = b"\xff"


def test_an_empty_queue_plays_silence() -> None:
    assert Playout().tick() == (SILENCE * FRAME_BYTES, [])


def test_audio_of_any_length_is_played_in_order_and_padded_with_silence() -> None:
    playout = Playout()
    playout.media(b"a" * 100)
    playout.media(b"b" * 100)
    assert playout.tick()[0] == b"a" * 100 + b"b" * 60
    assert playout.tick()[0] == b"b" * 40 + SILENCE * 120


def test_a_mark_comes_back_only_when_the_audio_before_it_has_been_played() -> None:
    playout = Playout()
    playout.media(b"a" * 320)
    playout.mark("end")
    playout.media(b"b" * 160)
    played = [playout.tick()[1] for _ in range(4)]
    assert played == [[], [], ["end"], []]


def test_a_mark_in_the_middle_of_a_frame_waits_for_that_frame() -> None:
    playout = Playout()
    playout.media(b"a" * 80)
    playout.mark("middle")
    playout.media(b"b" * 240)
    assert [playout.tick()[1] for _ in range(3)] == [[], ["middle"], []]


def test_a_mark_with_nothing_before_it_comes_back_at_once() -> None:
    playout = Playout()
    playout.mark("now")
    assert playout.tick() == (SILENCE * FRAME_BYTES, ["now"])


def test_clear_drops_the_audio_and_returns_every_waiting_mark_once() -> None:
    playout = Playout()
    playout.media(b"a" * 160)
    playout.mark("playing")
    playout.media(b"b" * 800)
    playout.mark("queued")
    playout.tick()
    assert playout.queued_ms == 100
    assert playout.clear() == ["playing", "queued"]
    assert playout.queued_ms == 0
    assert playout.tick() == (SILENCE * FRAME_BYTES, [])


pieces = st.lists(st.one_of(st.integers(0, 500), st.text("xyz", min_size=1, max_size=3)), max_size=20)


@given(pieces)
def test_whatever_is_queued_is_heard_once_and_every_mark_lies_where_it_was_put(items: list[int | str]) -> None:
    playout, sent, marks = Playout(), b"", []
    for number, item in enumerate(items):
        if isinstance(item, int):
            playout.media(bytes([number]) * item)
            sent += bytes([number]) * item
        else:
            playout.mark(f"{number}{item}")
            marks.append((f"{number}{item}", len(sent)))
    heard, returned = b"", []
    for _ in range(len(sent) // FRAME_BYTES + 2):
        frame, played = playout.tick()
        returned += [(name, len(heard)) for name in played]
        heard += frame
    assert heard[: len(sent)] == sent
    assert [name for name, _ in returned] == [name for name, _ in marks]
    for (_, at), (_, heard_bytes) in zip(marks, returned, strict=True):
        assert at <= heard_bytes < at + FRAME_BYTES
