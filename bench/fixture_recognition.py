"""Character error rate of the packaged recogniser on the callees' recordings after μ-law, by hotwords.

    python -m bench.fixture_recognition --clips 80

The voices are synthetic, and voices, speeds and some wordings of the callees were chosen so that this
recogniser understands them: the figure says that the fixtures are usable, not how people are understood.
"""

from __future__ import annotations

import argparse
import random
import re

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.g711 import decode_ulaw, encode_ulaw
from asr_tts.models import model_directory
from asr_tts.whisper import WhisperEngine
from callbot.resources import folder
from callbot.settings import load_settings
from callbot.telephony.simulator.persona import Persona, Phrasing
from callbot.telephony.simulator.persona_file import load_personas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=0, help="a random sample of so many; 0: all")
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    engine = WhisperEngine(str(model_directory(load_settings().models.directory, "whisper-base")))
    clips = [
        (persona, phrasing)
        for persona in load_personas([folder("recordings_fixtures") / "personas"])
        for reply in persona.replies
        for phrasing in reply.say
    ]
    random.Random(options.seed).shuffle(clips)
    clips = clips[: options.clips or None]
    print(f"{len(clips)} clips, {sum(len(letters(clip.text)) for _, clip in clips)} characters\n")
    print("| hotwords | character error rate |\n|---|---|")
    for name, brand, person in (("none", False, False), ("brand", True, False), ("brand and name", True, True)):
        print(f"| {name} | {error_rate(engine, clips, brand=brand, person=person):.1%} |")


def error_rate(
    engine: WhisperEngine, clips: list[tuple[Persona, Phrasing]], *, brand: bool, person: bool
) -> float:
    """Edits over characters, punctuation left out."""
    edits = characters = 0
    for persona, phrasing in clips:
        if phrasing.audio is None:
            continue
        sound = Audio(decode_ulaw(encode_ulaw(phrasing.audio.samples)), LINE_RATE)
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
