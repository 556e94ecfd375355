"""A recogniser that is named without its server is refused with the setting that is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from callbot.errors import BadInput
from callbot.settings import ModelSettings
from callbot.speech import build_speech


@pytest.mark.parametrize(
    ("engine", "missing"), [("openai", "models.speech_base_url"), ("funasr", "models.funasr_url")]
)
def test_a_recogniser_without_its_server_names_the_setting(
    tmp_path: Path, engine: Literal["openai", "funasr"], missing: str
) -> None:
    with pytest.raises(BadInput, match=missing):
        build_speech(ModelSettings(recogniser=engine, voice="tones"), cache=tmp_path)
