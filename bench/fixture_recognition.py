"""Character error rate of the packaged recogniser on the callees' recordings after μ-law, by hotwords.

    python -m bench.fixture_recognition --clips 80
    python -m bench.fixture_recognition --noise --clips 40

`--noise` adds street, babble and line noise at 20, 10 and 5 dB before the line's μ-law.

The voices are synthetic, and voices, speeds and some wordings of the callees were chosen so that this
recogniser understands them: the figure says that the fixtures are usable, not how people are understood.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator

import numpy as np

from asr_tts.audio import LINE_RATE, Audio, Pcm
from asr_tts.g711 import decode_ulaw, encode_ulaw
from asr_tts.models import model_directory
from asr_tts.whisper import WhisperEngine
from bench.noises import NOISES, mixed
from callbot.resources import folder
from callbot.settings import load_settings
from callbot.telephony.simulator.persona import Persona, Phrasing
from callbot.telephony.simulator.persona_file import load_personas

SNR_DB = (20, 10, 5)

Clip = tuple[Persona, Phrasing, Pcm]
"""Whose recording, what was said, and its sound at line rate before μ-law."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=0, help="a random sample of so many; 0: all")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--noise", action="store_true", help="add noises at several distances below the voice")
    options = parser.parse_args()
    engine = WhisperEngine(str(model_directory(load_settings().models.directory, "whisper-base")))
    clips = [
        (persona, phrasing, phrasing.audio.samples)
        for persona in load_personas([folder("recordings_fixtures") / "personas"])
        for reply in persona.replies
        for phrasing in reply.say
        if phrasing.audio is not None
    ]
    random.Random(options.seed).shuffle(clips)
    heard = clips[: options.clips or None]
    print(f"{len(heard)} clips, {sum(len(letters(clip.text)) for _, clip, _ in heard)} characters\n")
    if options.noise:
        print("| noise | dB below the voice | no hotwords | brand as hotword |\n|---|---|---|---|")
        for noise, snr_db, noisy in noisy_clips(heard, clips, options.seed):
            rates = (
                error_rate(engine, noisy, brand=brand, person=person)
                for brand, person in ((False, False), (True, False))
            )
            print(f"| {noise} | {snr_db} | {' | '.join(f'{rate:.1%}' for rate in rates)} |", flush=True)
        return
    print("| hotwords | character error rate |\n|---|---|")
    for name, brand, person in (("none", False, False), ("brand", True, False), ("brand and name", True, True)):
        print(f"| {name} | {error_rate(engine, heard, brand=brand, person=person):.1%} |", flush=True)


def noisy_clips(heard: list[Clip], everybody: list[Clip], seed: int) -> Iterator[tuple[str, str, list[Clip]]]:
    """The clips as they are, then under every noise and distance; the same noise at each distance."""
    yield "none", "–", heard
    for name, noise in NOISES.items():
        for snr_db in SNR_DB:
            rng = np.random.default_rng(seed)
            noisy = []
            for persona, phrasing, sound in heard:
                others = [other for one, _, other in everybody if one.name != persona.name]
                noisy.append((persona, phrasing, mixed(sound, noise(len(sound), rng, others), snr_db)))
            yield name, str(snr_db), noisy


def error_rate(engine: WhisperEngine, clips: list[Clip], *, brand: bool, person: bool) -> float:
    """Edits over characters, punctuation left out."""
    edits = characters = 0
    for persona, phrasing, samples in clips:
        sound = Audio(decode_ulaw(encode_ulaw(samples)), LINE_RATE)
        words = ((persona.customer.brand,) if brand else ()) + ((persona.customer.name,) if person else ())
        said = letters(phrasing.text)
        edits += distance(said, letters(engine.transcribe(sound, words).text))
        characters += len(said)
    return edits / characters


def letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def distance(one: str, other: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


if __name__ == "__main__":
    main()
