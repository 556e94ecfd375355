"""Callees of the crash test: each says one thing, in tones, and every kind of end is among them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asr_tts.tones import tone
from callbot.telephony.simulator.persona import Persona
from callbot.telephony.simulator.persona_file import load_personas
from callbot.telephony.simulator.recording import write_manifest, write_wav

STOP = "以后别再打了，听见没有。"
BYE = "再见。"
WORDS = {
    "do_not_call": STOP,
    "interested": "好的，我挺感兴趣的。",
    "refused": "不需要，谢谢。",
    "callback": "我现在在开会，明天下午三点再打给我吧。",
    "considering": "我再考虑考虑吧。",
    "complaint": "我要投诉，空调装了两个月没人管。",
    "wrong_number": "你打错了，我不是。",
    "transferred": "我要找你们的人工客服。",
}
"""Kind of callee → what they say. `transferred` stays on the line until a human has spoken."""
SENTENCES = (*WORDS.values(), BYE)
MIX = (
    *("do_not_call",) * 5,
    *("interested", "refused", "callback", "considering") * 2,
    *("complaint", "complaint", "wrong_number", "busy", "power_off"),
)
_LEADS = {
    "do_not_call": "blacklist",
    "interested": "assign_agent_24h",
    "refused": "low_priority_no_touch_30d",
    "callback": "schedule_callback",
    "considering": "push_offer_3d",
    "complaint": "complaint_pause_30d",
    "wrong_number": "mark_number_invalid",
    "transferred": "agent_handles_now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Callees:
    """Everybody there is, and what they are like."""

    folder: Path
    personas: tuple[Persona, ...]
    kinds: dict[str, str]
    """Phone → what they say, or how their line ends."""
    sentences: Path


def make(place: Path, count: int, seed: int, mix: Sequence[str] = MIX) -> Callees:
    """Write `count` callees below `place`; the same ones for the same seed."""
    rng, folder, kinds = random.Random(seed), place / "callees", dict[str, str]()
    for index in range(count):
        kind = mix[index % len(mix)]
        phone = f"+86100{(index * 7919 + 1_234_567 + seed % 1_000) * 13 % 100_000_000:08d}"
        kinds[phone] = kind
        _write(folder / f"callee-{index:03d}", index, kind, phone, rng)
    sentences = place / "sentences.txt"
    sentences.write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    return Callees(folder=folder, personas=tuple(load_personas([folder])), kinds=kinds, sentences=sentences)


def _write(folder: Path, index: int, kind: str, phone: str, rng: random.Random) -> None:
    folder.mkdir(parents=True)
    answers = kind in WORDS
    outcome = {"complaint": "transferred"}.get(kind, kind)
    persona = {
        "persona": folder.name,
        "about": f"说一句话的人：{WORDS.get(kind, kind)}",
        "customer": {
            "name": f"{'王李张刘陈杨赵黄'[index % 8]}{'一二三四五六七八九十'[index // 8 % 10]}",
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
                    "evidence": f"register-{index}",
                }
            ],
            "orders": [
                {"id": f"O-{index}", "days_ago": 200, "item": "空调", "category": "家电", "amount_yuan": 2000}
            ],
        },
        "line": {"behaviour": "answers" if answers else kind, "ring_s": round(rng.uniform(0.1, 0.6), 2)},
        "manner": {"thinks_ms": [50, 150], "patience": {"bot_turns": 6, "silence_s": 20}},
        "replies": [
            {"name": "word", "when": {"turn": 1}, "say": [WORDS[kind]]},
            {"name": "bye", "when": "otherwise", "say": [WORDS[kind]]}
            if kind == "transferred"
            else {"name": "bye", "when": "otherwise", "say": [BYE], "then": "hang_up_after_bot"},
        ]
        if answers
        else [],
        "true_intention": {
            "outcome": outcome,
            "follow_up": _LEADS.get(kind, "retry_later"),
            "transfer": kind in ("complaint", "transferred"),
            **({"callback": {"days": 1, "time": "15:00"}} if kind == "callback" else {}),
        },
    }
    if not answers:
        del persona["replies"]
    (folder / "persona.yaml").write_text(json.dumps(persona, ensure_ascii=False), encoding="utf-8")
    if answers:
        says = {"word-1.wav": WORDS[kind], "bye-1.wav": WORDS[kind] if kind == "transferred" else BYE}
        for wav, text in says.items():
            # As long as somebody would take: nobody says twenty characters in half a second.
            write_wav(folder / wav, tone(SENTENCES.index(text), seconds=max(0.4, 0.1 * len(text))).samples)
        write_manifest(folder, {wav: {"text": text} for wav, text in says.items()})
