"""`callbot config`: what is in force, and where it comes from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from pydantic import BaseModel, SecretStr
from rich.table import Table

from callbot.cli.output import explained, out, print_json
from callbot.settings import Settings, load_settings

app = typer.Typer(add_completion=False, help="生效的设置。", no_args_is_help=True)


def flatten(settings: Settings) -> Iterator[tuple[str, Any, str]]:
    """Every setting as (dotted name, value with secrets hidden, description)."""
    yield from _walk("", settings)


def _walk(prefix: str, block: BaseModel) -> Iterator[tuple[str, Any, str]]:
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        if isinstance(value, BaseModel):
            yield from _walk(f"{prefix}{name}.", value)
        else:
            shown = ("••••••" if value.get_secret_value() else "") if isinstance(value, SecretStr) else value
            yield f"{prefix}{name}", shown, field.description or ""


@app.callback()
def group() -> None:
    """设置来自 callbot.toml 和 CALLBOT_… 环境变量，以环境变量为准。"""


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False) -> None:
    """显示全部设置，密钥隐去。"""
    with explained():
        settings = load_settings()
    rows = list(flatten(settings))
    if as_json:
        print_json({name: value for name, value, _ in rows})
        return
    table = Table("设置", "值", "说明")
    for name, value, meaning in rows:
        table.add_row(name, str(value), meaning)
    out.print(table)


@app.command(hidden=True)
def docs() -> None:
    """输出 docs/settings.md 的表：每个设置和它的默认值。"""
    sys.stdout.write("\n".join(docs_table()) + "\n")


def docs_table() -> Iterator[str]:
    """The settings as lines of a Markdown table."""
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for name, value, meaning in flatten(Settings.model_construct()):
        default = "" if value in ("", None, ()) else f"`{value}`"
        yield f"| `{name}` | {default} | {meaning} |"
