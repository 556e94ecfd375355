"""What is wrong with how a command was written, zh-CN: what typer would say in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import typer
from typer.rich_utils import rich_format_error

from callbot.errors import objection

_SENTENCES: Final[Mapping[str, str]] = {
    r"Got unexpected extra argument\(s\) \((.*)\)": r"多写了 \1",
    r"Missing command\.": "没有写命令",
    r"No such command '(.*)'\.": r"没有 \1 这个命令",
    r"No such command '(.*?)'\. Did you mean (.*)\?": r"没有 \1 这个命令，是不是 \2？",
    r"No such option: (\S+)": r"没有选项 \1",
    r"Option '(.*)' requires .*": r"选项 \1 后面没有写值",
    r"Option '(.*)' does not take a value\.": r"选项 \1 后面不写值",
    r"'?(.*?)'? is not one of (.*)\.": r"没有 \1 这一种，可用：\2",
    r"'(.*)' does not match the formats? (.*)\.": r"\1 不是这种格式：\2",
}
"""Sentences of typer and click, as regular expressions, and what people read instead."""


class _InChinese(typer.TyperException):
    """A mistake with the context in which typer shows it."""

    def __init__(self, error: typer.TyperException) -> None:
        super().__init__(in_chinese(error))
        self.ctx = getattr(error, "ctx", None)


def show(self: Any) -> None:
    """In place of typer's `rich_format_error`; a group without a command has shown its help already."""
    told: Any = self if type(self).__name__ == "NoArgsIsHelpError" else _InChinese(self)
    rich_format_error(told)


def in_chinese(error: typer.TyperException) -> str:
    """The mistake in one sentence; typer's own words where nobody has put them into Chinese yet."""
    told = _TOLD.get(type(error).__name__, _said)
    return told(error)


def _missing(error: Any) -> str:
    kind = "选项" if error.param is not None and error.param.param_type_name == "option" else ""
    about = getattr(error.param, "help", "") or ""
    return f"缺少{kind} {_where(error)}" + (f"：{about}" if about else "")


def _bad(error: Any) -> str:
    return f"{_where(error)}：{_translated(_objected(error.__cause__) or str(error.message))}"


def _objected(cause: Any) -> str:
    """What pydantic objects to; of a list, in its first wrong entry."""
    if not hasattr(cause, "errors"):
        return ""
    detail = cause.errors()[0]
    return _objected((detail.get("ctx") or {}).get("error")) or objection(detail)


def _no_such_option(error: Any) -> str:
    nearest = "、".join(error.possibilities or ())
    return _said(error) + (f"，是不是 {nearest}？" if nearest else "")


def _said(error: Any) -> str:
    return _translated(str(error.message))


def _where(error: Any) -> str:
    """The option or argument as it is written."""
    return re.sub("['{}]", "", error.param.get_error_hint()) if error.param is not None else "命令"


def _translated(text: str) -> str:
    for english, chinese in _SENTENCES.items():
        if found := re.fullmatch(english, text, re.DOTALL):
            return found.expand(chinese).replace("', '", "、").replace("'", "")
    return text


_TOLD: Final[Mapping[str, Callable[[Any], str]]] = {
    "MissingParameter": _missing,
    "BadParameter": _bad,
    "NoSuchOption": _no_such_option,
}
"""By the name of typer's exception, whose classes are not public."""
