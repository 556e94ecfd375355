"""The whole product for one story: `callbot serve`, a simulated carrier, callees who speak in tones, users."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import callbot.audience
from asr_tts.tones import tone
from callbot.app import build_clock, build_site, open_database, open_vault
from callbot.audience.offer_sheet import import_offers
from callbot.settings import CarrierSettings, Settings
from callbot.store.audit import Actor, ActorKind
from callbot.telephony.simulator.recording import write_manifest, write_wav
from callbot.web.access.accounts import Accounts
from callbot.web.access.password import quick_passwords
from callbot.web.access.permission import Role

PASSWORD = "long-enough-for-a-test"
USERS = {
    "zhao": ("赵主管", Role.SUPERVISOR),
    "lin": ("林坐席", Role.AGENT),
    "sun": ("孙质检", Role.QA),
    "qian": ("钱管理", Role.ADMIN),
}
COMPLAINT, REFUSAL, BYE = "我要投诉，空调装了两个月没人管。", "不需要，谢谢。", "再见。"
SENTENCES = (COMPLAINT, REFUSAL, BYE)
COMPLAINT_HZ = 500
"""The pitch at which the first sentence of the list is spoken."""
COMPLAINER = ("周雨桐", "+8610042917365")
REFUSERS = (("王晓芸", "+8610024681357"), ("李建国", "+8610035792468"))
HEADER = "客户编号,姓名,手机号,行业,品牌,地区,营销同意时间,同意凭证,最近购买时间,最近购买商品,最近购买金额"
BAD_ROWS = (
    "A4,,+8610054756863,电商,悦选商城,南京,2026-01-01,TY-4,,,",
    "A5,赵雅琴,12,电商,悦选商城,南京,2026-01-01,TY-5,,,",
    "A6,周明,+8610066123408,航天,悦选商城,北京,2026-01-01,TY-6,,,",
    "A7,吴敏,+8610024681357,电商,悦选商城,北京,2026-01-01,TY-7,,,",
    "A8,钱浩,+8610077320519,电商,悦选商城,北京,2035-06-01,TY-8,,,",
)
"""No name, no number, no such industry, somebody else's number, a consent from the future."""
_MORNING = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
"""Ten o'clock of a Tuesday in China: calls are allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Where the product runs, and what it leaves."""

    place: Path
    address: str
    settings: Settings

    @property
    def callers_list(self) -> Path:
        return self.place / "三月唤醒.csv"

    def heard_by_callees(self) -> list[Path]:
        """What came to the callees' ears, a file for each call that has ended."""
        return sorted((self.place / "heard").glob("*.heard.wav"))


@asynccontextmanager
async def story(place: Path) -> AsyncIterator[Story]:
    """Everything is started, nobody has been called; all of it is ended at the end."""
    people = [(*COMPLAINER, COMPLAINT, "complaint")] + [(*who, REFUSAL, "refused") for who in REFUSERS]
    for name, phone, says, kind in people:
        _write_callee(place / "callees" / phone[1:], name, phone, says, kind)
    (place / "sentences.txt").write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    _write_list(place / "三月唤醒.csv", [(name, phone) for name, phone, _, _ in people])
    with _carrier(place) as carrier_url:
        settings = Settings(
            data=place / "var",
            carrier=CarrierSettings(
                base_url=carrier_url, clock_shift_s=(_MORNING - datetime.now(UTC)).total_seconds()
            ),
        )
        await _users_and_offers(settings)
        log = place / "serve.log"
        with _serving(place, settings) as serve:
            async with asyncio.timeout(120):
                while "媒体进程就绪" not in (said := log.read_text()):
                    assert serve.poll() is None, said
                    await asyncio.sleep(0.1)
            found = re.search(r"网页 (http://[\d.:]+)", said)
            assert found is not None, said
            yield Story(place=place, address=found[1], settings=settings)


@contextmanager
def _carrier(place: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "callbot.telephony.simulator", "--port", "0", "--seed", "1"),
            *("--parent", str(os.getpid()), "--personas", str(place / "callees")),
            *("--record", str(place / "heard")),
        ],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        yield next(word for word in process.stdout.readline().split() if word.startswith("http://"))
    finally:
        process.terminate()
        process.communicate(timeout=60)


@contextmanager
def _serving(place: Path, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOT_")}
    with (place / "serve.log").open("wb") as output:
        serve = subprocess.Popen(
            [sys.executable, "-m", "callbot", "serve", "--media", "1"],
            cwd=place,
            env=kept
            | {
                "CALLBOT_DATA": str(settings.data),
                "CALLBOT_CARRIER__BASE_URL": settings.carrier.base_url,
                "CALLBOT_CARRIER__CLOCK_SHIFT_S": str(settings.carrier.clock_shift_s),
                "CALLBOT_CARRIER__FROM_NUMBER": "+8610000000000",
                "CALLBOT_MODELS__RECOGNISER": "tones",
                "CALLBOT_MODELS__VOICE": "tones",
                "CALLBOT_MODELS__TONES": str(place / "sentences.txt"),
                "CALLBOT_MEDIA__PORT": "0",
                "CALLBOT_MEDIA__END_OF_TURN_MS": "300",
                "CALLBOT_MEDIA__DRAIN_S": "5",
                "CALLBOT_DESK__PORT": "0",
                "CALLBOT_WEB__PORT": "0",
                "COLUMNS": "200",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield serve
    finally:
        serve.send_signal(signal.SIGINT)
        try:
            serve.wait(timeout=60)
        finally:
            serve.kill()
            serve.wait()


async def _users_and_offers(settings: Settings) -> None:
    clock, by = build_clock(settings), Actor(kind=ActorKind.COMMAND, name="test")
    async with open_database(settings) as db:
        await import_offers(db, Path(callbot.audience.__file__).parent / "sample" / "offers.csv", clock.now())
        site = build_site(settings, db, open_vault(settings), clock)
        accounts = Accounts(db, site.audit, quick_passwords())
        for name, (shown, role) in USERS.items():
            user = await accounts.add(name, (role,), display_name=shown, by=by, now=clock.now())
            await accounts.give_password(user, PASSWORD, clock.now())


def _write_list(path: Path, people: list[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\n")
        rows = csv.writer(file)
        for index, (name, phone) in enumerate(people):
            consent = ("2026-01-01", f"TY-{index}")
            rows.writerow(
                (f"G{index}", name, phone, "电商", "悦选商城", "杭州", *consent, "2026-03-20", "空调", 2199)
            )
        file.write("\n".join(BAD_ROWS) + "\n")


def _write_callee(where: Path, name: str, phone: str, says: str, kind: str) -> None:
    """One who says the same whenever the other side has spoken, or says it once and goodbye."""
    where.mkdir(parents=True)
    stays = kind == "complaint"
    first: dict[str, Any] = {"name": "word", "when": {"turn": 1}, "say": [says]}
    then: dict[str, Any] = {"name": "more", "when": "otherwise", "say": [says if stays else BYE]}
    persona = {
        "persona": where.name,
        "about": says,
        "customer": {
            "name": name,
            "phone": phone,
            "industry": "ecommerce",
            "brand": "悦选商城",
            "registered_days_ago": 700,
            "consents": [
                {
                    "purpose": "marketing",
                    "granted": True,
                    "days_ago": 300,
                    "text_version": "1.0",
                    "channel": "app",
                    "evidence": "TY",
                }
            ],
            "orders": [],
        },
        "line": {"behaviour": "answers", "ring_s": 0.5},
        "manner": {"thinks_ms": [50, 150], "patience": {"bot_turns": 200, "silence_s": 60}},
        "replies": [first, then if stays else {**then, "then": "hang_up_after_bot"}],
        "true_intention": {
            "outcome": "transferred" if stays else "refused",
            "follow_up": "complaint_pause_30d" if stays else "low_priority_no_touch_30d",
            "transfer": stays,
        },
    }
    (where / "persona.yaml").write_text(json.dumps(persona, ensure_ascii=False), encoding="utf-8")
    sounds = {"word-1.wav": says, "more-1.wav": says if stays else BYE}
    for wav, text in sounds.items():
        seconds = max(0.4, 0.1 * len(text))
        write_wav(where / wav, tone(SENTENCES.index(text), seconds=seconds).samples)
    write_manifest(where, {wav: {"text": text} for wav, text in sounds.items()})


def write_microphone(path: Path, hertz: float) -> Path:
    """The agent's voice: three seconds of short bursts, then three of silence in which the callee speaks."""
    rate = 48_000
    at = np.arange(6 * rate) / rate
    sound = 12_000 * np.sin(2 * np.pi * hertz * at) * ((at % 0.5) < 0.25) * (at < 3)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.astype("<i2").tobytes())
    return path
