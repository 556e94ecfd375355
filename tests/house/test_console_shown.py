"""The console's client is made from the API as it is, and every screen has its pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path

from callbot.web.app import build_api

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
SCREENS = (ROOT / "console" / "src" / "screens" / "index.ts").read_text(encoding="utf-8")


def test_the_kept_description_is_that_of_the_api() -> None:
    kept = json.loads((ROOT / "console" / "openapi.json").read_text(encoding="utf-8"))
    now = json.loads(json.dumps(build_api().openapi()))
    cure = "python -m callbot.web.openapi > console/openapi.json, then console/npm.sh .venv run client"
    assert kept["paths"].keys() == now["paths"].keys(), cure
    assert kept == now, cure


def test_every_screen_is_shown_in_both_languages() -> None:
    shown = set(re.findall(r"\(console/([\w.-]+)\.(?:zh|en)[\w.]*\.webp\)", PAGE))
    names = re.findall(r'name: "(\w+)", path|^    name: "(\w+)"', SCREENS, re.MULTILINE)
    wanted = {re.sub("([A-Z])", lambda found: "-" + found[1].lower(), one or two) for one, two in names}
    assert wanted
    missing = {name for name in wanted if not any(each.split("-")[0] == name.split("-")[0] for each in shown)}
    assert missing == set(), "docs/console.md shows no picture of these"
    for name in shown:
        for language in ("zh", "en"):
            picture = ROOT / "docs" / "console" / f"{name}.{language}.webp"
            assert picture.is_file(), picture
            assert f"console/{picture.name}" in PAGE


def test_the_pictures_stay_small() -> None:
    pictures = list((ROOT / "docs" / "console").glob("*.webp"))
    assert pictures
    assert sum(picture.stat().st_size for picture in pictures) < 6 * 2**20
