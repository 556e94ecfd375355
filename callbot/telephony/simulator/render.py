"""Renders the wavs of callees, and of recorded agents, with the Kokoro voices.

`python -m callbot.telephony.simulator.render DIR…` speaks each phrasing whose wav is missing or outdated.
A folder with a lines.yaml (`speaker`, and `say` by wav name) is rendered too: the agent's lines.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asr_tts.audio import LINE_RATE
from asr_tts.kokoro import KokoroEngine
from asr_tts.model_missing import ModelMissing
from asr_tts.resample import resample
from callbot.errors import BadInput
from callbot.settings import Settings
from callbot.telephony.simulator.persona_file import FILE, load_persona
from callbot.telephony.simulator.recording import (
    BadRecording,
    read_manifest,
    read_wav,
    sha256_of,
    write_manifest,
    write_wav,
)
from callbot.telephony.simulator.yaml_lines import load_yaml

LINES = "lines.yaml"
ENGINE = "kokoro-82m-int8"
OWN = "recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One wav that a folder needs."""

    folder: Path
    wav: str
    text: str
    voice: str
    speed: float

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "engine": ENGINE,
            "voice": self.voice,
            "speed": self.speed,
            "rate": LINE_RATE,
        }


def wanted_in(root: Path) -> Iterator[Wanted]:
    """Every wav of the callees and lines at or below `root`. Raises `BadInput`."""
    folders = [root, *sorted(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        if (folder / FILE).exists():
            persona = load_persona(folder, wavs=False)
            voice = persona.speaker.voice if persona.speaker else ""
            speed = persona.speaker.speed if persona.speaker else 1.0
            for reply in persona.replies:
                for phrasing in reply.say:
                    yield Wanted(folder=folder, wav=phrasing.wav, text=phrasing.text, voice=voice, speed=speed)
        if (folder / LINES).exists():
            source = load_yaml(folder / LINES)
            data = source.data
            if (
                not isinstance(data, Mapping)
                or not {"speaker", "say"} <= set(data)
                or "voice" not in data["speaker"]
            ):
                raise BadInput.one(source.where(), "台词文件要有 speaker: {voice, speed} 和 say", "补上")
            speaker = data["speaker"]
            for wav, text in data["say"].items():
                speed = float(speaker.get("speed", 1.0))
                yield Wanted(folder=folder, wav=wav, text=text, voice=speaker["voice"], speed=speed)


def is_made(want: Wanted, manifest: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the wav is there and says this text: made with these settings, or the user's own recording."""
    entry, path = manifest.get(want.wav), want.folder / want.wav
    if entry is None or not path.exists():
        return False
    if entry.get("engine") == ENGINE:
        settings = want.settings
        return {key: entry.get(key) for key in settings} == settings and entry.get("sha256") == sha256_of(path)
    return entry.get("text") == want.text


def render(wanted: list[Wanted], models: Path) -> Iterator[Path]:
    """Make what is missing, voice by voice; yields each finished wav. Raises `BadInput`, `ModelMissing`."""
    for voice in sorted({want.voice for want in wanted}):
        mine = [want for want in wanted if want.voice == voice]
        if not voice:
            raise BadInput.one(
                str(mine[0].folder / FILE),
                "缺少 wav，又没有写 speaker",
                "加上 speaker: {voice: zf_xiaobei}",
            )
        try:
            engine = KokoroEngine(models / "kokoro-82m", voice, threads=1)
        except ValueError as error:
            raise BadInput.one(str(mine[0].folder), str(error), "换一个声音") from None
        for want in mine:
            audio = resample(engine.synthesise(want.text, want.speed), LINE_RATE)
            path = want.folder / want.wav
            write_wav(path, audio.samples)
            manifest = read_manifest(want.folder)
            manifest[want.wav] = {**want.settings, "ms": audio.duration_ms, "sha256": sha256_of(path)}
            write_manifest(want.folder, manifest)
            yield path


def adopt(wanted: list[Wanted]) -> Iterator[Path]:
    """Enter the user's own recordings with the text of the persona. Raises `BadRecording`."""
    for want in wanted:
        path = want.folder / want.wav
        if path.exists():
            audio = read_wav(path)
            manifest = read_manifest(want.folder)
            entry = {"text": want.text, "engine": OWN, "ms": audio.duration_ms, "sha256": sha256_of(path)}
            write_manifest(want.folder, {**manifest, want.wav: entry})
            yield path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m callbot.telephony.simulator.render", description=__doc__)
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="DIR", help="a callee's folder, or one above it"
    )
    parser.add_argument(
        "--own", action="store_true", help="enter wavs of your own into manifest.json; make none"
    )
    options = parser.parse_args()
    print_line = sys.stdout.write
    try:
        wanted = [want for folder in options.folders for want in wanted_in(folder)]
        missing = [want for want in wanted if not is_made(want, read_manifest(want.folder))]
        made = adopt(missing) if options.own else render(missing, Settings().models.directory.expanduser())
        for number, path in enumerate(made, 1):
            print_line(f"{number}/{len(missing)} {os.path.relpath(path)}\n")
            sys.stdout.flush()
    except (BadInput, BadRecording, ModelMissing) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print_line(f"{len(wanted)} wavs, {len(wanted) - len(missing)} were there already\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
