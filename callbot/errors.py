"""The errors that callbot shows to people: what happened, to which thing, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with something a person gave us."""

    where: str
    """File, row and column, line, setting or call id: as exact as it is known."""
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} → {self.cure}"


def objection(detail: Mapping[str, Any]) -> str:
    """What pydantic objects to in one value, zh-CN; its own words where it is something rare."""
    bounds = detail.get("ctx") or {}
    match detail["type"]:
        case "missing":
            return "没有填"
        case "extra_forbidden":
            return "没有这一项"
        case "int_parsing" | "int_type" | "int_from_float":
            return "不是整数"
        case "float_parsing" | "float_type":
            return "不是数字"
        case "bool_parsing" | "bool_type":
            return "不是 true 或 false"
        case "string_type":
            return "不是文字"
        case "literal_error" | "enum":
            return f"不在可选之列：{str(bounds.get('expected', '')).replace(' or ', ', ')}"
        case "greater_than_equal":
            return f"小于 {bounds.get('ge')}"
        case "greater_than":
            return f"不大于 {bounds.get('gt')}"
        case "less_than_equal":
            return f"大于 {bounds.get('le')}"
        case "less_than":
            return f"不小于 {bounds.get('lt')}"
        case "string_too_short":
            return f"少于 {bounds.get('min_length')} 个字符"
        case "too_short":
            return f"少于 {bounds.get('min_length')} 个"
        case "value_error":
            return str(bounds.get("error", detail["msg"]))
        case _:
            return str(detail["msg"])


class CallbotError(Exception):
    """Base of every error meant for a person.

    `code` is stable and machine-readable; `retryable` says whether the same call may succeed later.
    """

    code = "callbot-error"
    retryable = False


class BadInput(CallbotError):
    """A file, setting, flow, offer sheet, wav or prompt that cannot be used; lists every problem found."""

    code = "bad-input"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def one(cls, where: str, what: str, cure: str) -> BadInput:
        return cls([Problem(where=where, what=what, cure=cure)])
