from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from virtual_carrier import VirtualCarrier, pieces, tone

from asr_tts.audio import Audio
from callbot.conversation.line import Dtmf, HungUp, Played, SpeechEnded, SpeechStarted
from callbot.telephony.media_line import LineLimits
from callbot.telephony.recording import Recording, Scribe


def loud_ms(samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> int:
    """Milliseconds with sound."""
    blocks = np.abs(samples[: len(samples) // 8 * 8].reshape(-1, 8).astype(np.int32)).max(axis=1)
    return int((blocks > 500).sum())


async def test_a_speech_is_heard_whole_and_reported_when_its_last_sound_has_played() -> None:
    carrier = VirtualCarrier()
    carrier.line.play("s1", pieces(Audio(tone(300), 8000), Audio(tone(330), 8000)))
    await carrier.advance(600)
    assert await carrier.events() == []
    await carrier.advance(100)
    (played,) = await carrier.events()
    assert played == Played(speech_id="s1", start_ms=0, end_ms=640, heard_ms=630, finished=True)
    assert 620 <= loud_ms(carrier.heard_pcm()) <= 630


async def test_sound_of_another_rate_lasts_as_long_on_the_line() -> None:
    carrier = VirtualCarrier()
    samples = np.repeat(tone(500), 3)
    carrier.line.play("s1", pieces(Audio(samples, 24000)))
    await carrier.advance(700)
    (played,) = await carrier.events()
    assert isinstance(played, Played)
    assert played.heard_ms == 500


async def test_the_carrier_never_holds_more_than_the_look_ahead() -> None:
    carrier = VirtualCarrier()
    carrier.line.play("s1", pieces(Audio(tone(3000), 8000)))
    most = 0
    for _ in range(100):
        await carrier.advance(20)
        most = max(most, carrier.held_ms)
    assert 140 <= most <= 200


async def test_pause_is_silent_at_once_and_resume_goes_on_where_the_callee_stopped_hearing() -> None:
    carrier = VirtualCarrier()
    ramp = np.repeat(np.arange(1, 51, dtype=np.int16) * 600, 160)
    carrier.line.play("s1", pieces(Audio(ramp, 8000)))
    await carrier.advance(400)
    carrier.line.pause()
    assert carrier.held_ms == 0
    carrier.line.pause()
    assert carrier.sent.count("clear") == 1
    quiet_from = len(carrier.heard)
    await carrier.advance(500)
    assert loud_ms(carrier.heard_pcm()[quiet_from:]) == 0
    carrier.line.resume()
    await carrier.advance(800)
    (played,) = await carrier.events()
    assert isinstance(played, Played)
    assert played.finished
    assert played.heard_ms == 1000
    heard = carrier.heard_pcm().astype(np.int32)
    sounding = heard[np.abs(heard) > 300]
    assert len(sounding) == pytest.approx(len(ramp), abs=160)
    assert bool((np.diff(sounding) >= -20).all()), "nothing is heard twice or out of order"


async def test_stop_is_silent_at_once_and_says_how_much_was_heard() -> None:
    carrier = VirtualCarrier()
    carrier.line.play("s1", pieces(Audio(tone(2000), 8000)))
    await carrier.advance(500)
    carrier.line.stop()
    carrier.line.stop()
    assert carrier.held_ms == 0
    await carrier.advance(500)
    (played,) = await carrier.events()
    assert played == Played(speech_id="s1", start_ms=0, end_ms=500, heard_ms=500, finished=False)
    assert loud_ms(carrier.heard_pcm()) == pytest.approx(500, abs=20)


async def test_a_carrier_without_marks_is_believed_by_the_clock() -> None:
    carrier = VirtualCarrier(gives_marks=False)
    carrier.line.play("s1", pieces(Audio(tone(400), 8000)))
    await carrier.advance(1000)
    (played,) = await carrier.events()
    assert isinstance(played, Played)
    assert (played.heard_ms, played.finished) == (400, True)


async def test_one_speech_at_a_time() -> None:
    carrier = VirtualCarrier()
    carrier.line.play("s1", pieces(Audio(tone(400), 8000)))
    with pytest.raises(RuntimeError, match="s1"):
        carrier.line.play("s2", pieces())
    carrier.line.stop()
    carrier.line.play("s2", pieces(Audio(tone(100), 8000)))
    await carrier.advance(300)
    ends = [(event.speech_id, event.finished) for event in await carrier.events() if isinstance(event, Played)]
    assert ends == [("s1", False), ("s2", True)]


async def test_a_voice_that_breaks_off_ends_the_speech_unfinished() -> None:
    async def broken() -> AsyncIterator[Audio]:
        yield Audio(tone(200), 8000)
        raise OSError("voice server gone")

    carrier = VirtualCarrier()
    carrier.line.play("s1", broken())
    await carrier.advance(400)
    (played,) = await carrier.events()
    assert isinstance(played, Played)
    assert (played.heard_ms, played.finished) == (200, False)


async def test_a_speech_longer_than_the_feed_limit_is_played_whole() -> None:
    carrier = VirtualCarrier()
    carrier.line.play("s1", pieces(*[Audio(tone(10_000, 3000), 8000)] * 4))
    await carrier.advance(40_500)
    (played,) = [event for event in await carrier.events() if isinstance(event, Played)]
    assert (played.heard_ms, played.finished) == (40_000, True)


async def test_speech_of_the_callee_comes_as_start_and_segment_with_margins() -> None:
    carrier = VirtualCarrier()
    await carrier.advance(1000)
    await carrier.advance(1600, says=tone(800))
    started, ended = await carrier.events()
    assert isinstance(started, SpeechStarted)
    assert isinstance(ended, SpeechEnded)
    assert started.at_ms == pytest.approx(1000, abs=32)
    assert ended.start_ms == started.at_ms
    assert ended.end_ms == pytest.approx(1800, abs=40)
    assert ended.audio.rate == 8000
    assert ended.audio.duration_ms == ended.end_ms - ended.start_ms + 400
    assert loud_ms(ended.audio.samples) == pytest.approx(800, abs=20)


async def test_missing_sound_becomes_silence_so_that_times_stay_true() -> None:
    carrier = VirtualCarrier()
    await carrier.advance(500)
    await carrier.silent(2000)
    await carrier.advance(1200, says=tone(600))
    started, _ = await carrier.events()
    assert isinstance(started, SpeechStarted)
    assert started.at_ms == pytest.approx(2500, abs=32)


async def test_monologues_are_given_out_in_pieces_a_recogniser_can_take() -> None:
    carrier = VirtualCarrier()
    await carrier.advance(36_000, says=tone(35_000))
    segments = [event for event in await carrier.events() if isinstance(event, SpeechEnded)]
    assert len(segments) == 2
    assert all(segment.audio.duration_ms <= 30_000 for segment in segments)
    assert sum(loud_ms(segment.audio.samples) for segment in segments) >= 34_500


async def test_a_bridge_carries_both_directions_and_keeps_turns_quiet() -> None:
    carrier = VirtualCarrier()
    end = carrier.line.bridge()
    await end.send(tone(20))
    carrier.line.tick()
    assert carrier.held_ms == 20
    await carrier.advance(400, says=tone(400))
    frame = await end.receive()
    assert frame is not None
    assert frame.shape == (160,)
    assert np.abs(frame).max() > 3000
    assert loud_ms(carrier.heard_pcm()) == pytest.approx(20, abs=2)
    await carrier.advance(600)
    assert await carrier.events() == []
    with pytest.raises(RuntimeError):
        carrier.line.play("s1", pieces())
    carrier.line.unbridge()
    while await end.receive() is not None:
        pass
    await carrier.advance(1000, says=tone(500))
    assert [type(event) for event in await carrier.events()] == [SpeechStarted, SpeechEnded]


async def test_after_a_stall_every_word_of_the_human_is_heard_and_the_delay_is_worked_off() -> None:
    carrier = VirtualCarrier()
    end = carrier.line.bridge()
    for level in range(1, 31):
        await end.send(np.full(160, level * 1000, dtype=np.int16))
    waited = []
    for _ in range(240):
        await end.send(np.zeros(160, dtype=np.int16))
        await carrier.advance(20)
        waited.append(end.late_ms)
    heard = carrier.heard_pcm()
    assert 480 <= loud_ms(heard) <= 600, "a fifth faster, nothing left out"
    assert heard[np.abs(heard) > 500][0] == pytest.approx(1_000, rel=0.05)
    assert heard.max() == pytest.approx(30_000, rel=0.05)
    assert waited[0] >= 500
    assert waited[75] <= 120, "the most of it in the first pause"
    assert waited[-1] <= 40


async def test_who_was_away_for_long_is_not_answered_with_minutes_of_delay() -> None:
    carrier = VirtualCarrier()
    end = carrier.line.bridge()
    for level in range(1, 301):
        await end.send(np.full(160, level * 100, dtype=np.int16))
    assert end.late_ms == 1_000
    await carrier.advance(1_100)
    assert carrier.heard_pcm().max() == pytest.approx(30_000, rel=0.05)


async def test_bridging_stops_the_bot_and_the_callees_leaving_ends_the_bridge() -> None:
    carrier = VirtualCarrier()
    carrier.line.play("s1", pieces(Audio(tone(2000), 8000)))
    await carrier.advance(300)
    end = carrier.line.bridge()
    assert carrier.held_ms == 0
    carrier.line.receive('{"event":"stop","streamSid":"MZ1","stop":{"callSid":"CA1"}}')
    assert await end.receive() is None
    played, hung_up = await carrier.events()
    assert isinstance(played, Played)
    assert hung_up == HungUp(by="callee", at_ms=300, reason="normal")


async def test_words_said_while_hanging_up_are_still_heard() -> None:
    carrier = VirtualCarrier()
    await carrier.advance(1000)
    await carrier.advance(600, says=tone(600))
    carrier.line.receive('{"event":"stop","stop":{}}')
    started, ended, hung_up = await carrier.events()
    assert isinstance(started, SpeechStarted)
    assert isinstance(ended, SpeechEnded)
    assert isinstance(hung_up, HungUp)
    assert loud_ms(ended.audio.samples) >= 560


async def test_what_is_said_to_a_human_while_hanging_up_is_no_turn() -> None:
    carrier = VirtualCarrier()
    carrier.line.bridge()
    await carrier.advance(600, says=tone(600))
    carrier.line.receive('{"event":"stop","stop":{}}')
    assert [type(event) for event in await carrier.events()] == [HungUp]


@pytest.mark.parametrize(
    ("message", "by", "reason", "close"),
    [
        ('{"event":"stop","stop":{}}', "callee", "normal", (1000, "normal")),
        ("{", "carrier", "malformed-frame", (1002, "not-json")),
        (b"\x00\x01", "carrier", "malformed-frame", (1002, "binary-frame")),
        ('{"event":"media","media":{}}', "carrier", "malformed-frame", (1002, "bad-media")),
    ],
)
async def test_how_the_carrier_ends_a_call(
    message: str | bytes, by: str, reason: str, close: tuple[int, str]
) -> None:
    carrier = VirtualCarrier()
    carrier.line.play("s1", pieces(Audio(tone(2000), 8000)))
    await carrier.advance(200)
    carrier.line.receive(message)
    sent = len(carrier.sent)
    carrier.line.receive('{"event":"dtmf","dtmf":{"digit":"5"}}')
    await carrier.advance(200)
    played, hung_up = await carrier.events()
    assert isinstance(played, Played)
    assert not played.finished
    assert isinstance(hung_up, HungUp)
    assert (hung_up.by, hung_up.reason, carrier.closed) == (by, reason, close)
    assert len(carrier.sent) == sent, "nothing is sent on a line that is gone"


async def test_a_line_without_sound_is_given_up() -> None:
    carrier = VirtualCarrier(limits=LineLimits(no_audio_ms=20_000))
    await carrier.advance(100)
    await carrier.silent(19_900)
    assert await carrier.events() == []
    await carrier.silent(300)
    (hung_up,) = await carrier.events()
    assert isinstance(hung_up, HungUp)
    assert (hung_up.by, hung_up.reason) == ("carrier", "no-audio")


async def test_a_call_has_a_longest_time() -> None:
    carrier = VirtualCarrier(limits=LineLimits(longest_call_ms=1000))
    await carrier.advance(1200)
    (hung_up,) = await carrier.events()
    assert isinstance(hung_up, HungUp)
    assert (hung_up.by, hung_up.reason) == ("bot", "time-limit")


async def test_a_carrier_that_does_not_read_loses_the_call() -> None:
    carrier = VirtualCarrier()
    carrier.unsent_bytes = 300 * 1024
    await carrier.advance(20)
    (hung_up,) = await carrier.events()
    assert isinstance(hung_up, HungUp)
    assert hung_up.reason == "socket-lost"


async def test_a_fault_in_the_line_ends_this_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    carrier = VirtualCarrier()
    carrier.line.play("s1", pieces(Audio(tone(2000), 8000)))
    await carrier.advance(200)
    monkeypatch.setattr("callbot.telephony.playback.Playback.ended", broken)
    monkeypatch.setattr("callbot.telephony.playback.Playback.stop", broken)
    await carrier.advance(200)
    assert await carrier.events() == [HungUp(by="bot", at_ms=220, reason="internal-error")]
    assert carrier.closed == (1011, "internal-error")


async def test_hanging_up_twice_is_hanging_up_once() -> None:
    carrier = VirtualCarrier()
    await carrier.line.hang_up()
    await carrier.line.hang_up()
    carrier.line.play("late", pieces())
    assert await carrier.events() == [HungUp(by="bot", at_ms=0, reason="normal")]
    assert carrier.closed == (1000, "normal")


async def test_digits_are_told_and_a_flood_of_them_is_bounded() -> None:
    carrier = VirtualCarrier()
    for _ in range(1000):
        carrier.line.receive('{"event":"dtmf","dtmf":{"digit":"5"}}')
    events = await carrier.events()
    assert events[0] == Dtmf(digit="5", at_ms=0)
    assert len(events) == 64


async def test_the_recording_holds_what_was_really_played_where_it_was_played(tmp_path: Path) -> None:
    path = tmp_path / "calls" / "one.wav"
    with closing(Scribe()) as scribe:
        carrier = VirtualCarrier(recording=Recording(path, scribe))
        await carrier.advance(1000, says=tone(400))
        carrier.line.play("s1", pieces(Audio(tone(3000), 8000)))
        await carrier.advance(500)
        carrier.line.stop()
        await carrier.advance(1500)
        await carrier.line.hang_up()
        await carrier.line.recorded()
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (2, 8000, 2)
        stereo = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").reshape(-1, 2)
    assert len(stereo) == 3000 * 8
    callee, bot = stereo[:, 0], stereo[:, 1]
    assert loud_ms(callee[: 400 * 8]) == pytest.approx(400, abs=5)
    assert loud_ms(callee[400 * 8 :]) == 0
    assert loud_ms(bot[: 1000 * 8]) == 0
    assert loud_ms(bot[1000 * 8 : 1500 * 8]) == pytest.approx(500, abs=5)
    assert loud_ms(bot[1500 * 8 :]) == 0
