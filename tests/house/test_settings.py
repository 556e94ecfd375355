"""Settings: every one is documented, wrong ones are named, secrets stay hidden."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from callbot.cli.config import docs_table, flatten
from callbot.cli.main import app
from callbot.errors import BadInput
from callbot.settings import Settings, load_settings

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_every_setting_is_in_the_docs_with_its_meaning() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [
        name for name, _, meaning in flatten(Settings()) if f"`{name}`" not in text or meaning not in text
    ]
    assert missing == []


def test_the_table_in_the_docs_is_the_one_of_the_code() -> None:
    """`callbot config docs` prints it."""
    assert "\n".join(docs_table()) in DOCS.read_text(encoding="utf-8")


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, _, meaning in flatten(Settings()) if not meaning] == []


def test_a_wrong_value_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callbot.toml").write_text('[media]\nport = "many"\n[web]\nhost = "0.0.0.0"\n')
    with pytest.raises(BadInput) as caught:
        load_settings()
    assert [problem.where for problem in caught.value.problems] == [
        "设置 media.port",
        "设置 web.public_url",
    ]


def test_an_unknown_key_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callbot.toml").write_text("[media]\nprot = 1\n")
    with pytest.raises(BadInput, match=r"media\.prot"):
        load_settings()


def test_broken_toml_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callbot.toml").write_text("[media\n")
    with pytest.raises(BadInput, match="line 1"):
        load_settings()


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callbot.toml").write_text("[media]\nport = 1\n")
    monkeypatch.setenv("CALLBOT_MEDIA__PORT", "2")
    assert load_settings().media.port == 2


def test_config_show_hides_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLBOT_LLM__API_KEY", "sk-very-secret")
    result = CliRunner().invoke(app, ["config", "show", "--json"])
    assert result.exit_code == 0
    assert "very-secret" not in result.output
    assert '"llm.api_key": "••••••"' in result.output
