"""YAML whose every value knows its file and line, and the mistakes found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from callbot.errors import BadInput, Problem


@dataclass(frozen=True, slots=True)
class Place:
    """A value of a file with the line it stands in."""

    path: Path
    data: Any
    row: int

    def __getitem__(self, key: Any) -> Place:
        return Place(self.path, self.data[key], _row(self.data, key, self.row))

    def items(self) -> list[tuple[str, Place]]:
        return [(str(key), self[key]) for key in self.data]

    def rows(self) -> list[Place]:
        """The items of a list; a single value is a list of one."""
        if isinstance(self.data, list):
            return [self[index] for index in range(len(self.data))]
        return [self]

    def get(self, key: str) -> Place | None:
        return self[key] if isinstance(self.data, dict) and key in self.data else None

    @property
    def where(self) -> str:
        return f"{self.path}:{self.row}"


def _row(parent: Any, key: Any, fallback: int) -> int:
    if isinstance(parent, CommentedMap) and key in parent.lc.data:
        return int(parent.lc.data[key][0]) + 1
    if isinstance(parent, CommentedSeq) and key in (parent.lc.data or {}):
        return int(parent.lc.data[key][0]) + 1
    return fallback


def read_yaml(path: Path, *, what: str, start: str) -> Place:
    """The mapping in `path`. Raises `BadInput`: `what` it should be, and `start`, how such a file begins."""
    try:
        data = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput.one(str(path), f"读不了（{error.strerror}）", "核对路径") from None
    except UnicodeDecodeError:
        raise BadInput.one(str(path), "不是 UTF-8 文字", "把文件另存为 UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise BadInput.one(where, f"不是 YAML：{error.problem}", "改正这一行") from None
    except YAMLError as error:
        raise BadInput.one(str(path), f"不是 YAML：{error}", "改正这个文件") from None
    if not isinstance(data, CommentedMap):
        raise BadInput.one(f"{path}:1", f"不是{what}", f"第一行写 `{start}`")
    return Place(path, data, 1)


@dataclass(slots=True, eq=False)
class Mistakes:
    """Problems collected while a file is read, so that all of them are shown at once."""

    problems: list[Problem] = field(default_factory=list)

    def complain(self, place: Place | str, what: str, cure: str) -> None:
        where = place if isinstance(place, str) else place.where
        problem = Problem(where=where, what=what, cure=cure)
        if problem not in self.problems:
            self.problems.append(problem)

    def stop_if_any(self) -> None:
        """Raises `BadInput` with everything found so far."""
        if self.problems:
            raise BadInput(self.problems)

    def check_schema(self, place: Place, schema: Mapping[str, Any], *, root: str) -> None:
        """Every violation of the JSON Schema, with the line it stands in."""
        for error in Draft202012Validator(schema).iter_errors(place.data):
            while error.context:
                # Of the alternatives the one that went deepest is the one that was meant.
                error = max(
                    error.context, key=lambda child: (len(child.absolute_path), child.validator != "type")
                )
            at = place
            for part in error.absolute_path:
                at = at[part]
            if error.validator == "additionalProperties" and isinstance(at.data, dict):
                known = error.schema.get("properties", {})
                for key in at.data:
                    if key not in known:
                        self.complain(at[key], f"没有 `{key}` 这个键", f"可用：{'、'.join(known)}")
            else:
                self.complain(at, _told(error), f"见 docs/flows.md 里的 `{_last_key(error) or root}`")


_TYPES = {
    "string": "文字",
    "integer": "整数",
    "number": "数字",
    "boolean": "true 或 false",
    "object": "键和值",
    "array": "列表",
}


def _told(error: ValidationError) -> str:
    """What a violation of the schema is, in zh-CN."""
    value: Any = error.instance
    limit: Any = error.validator_value
    shown = f"“{value}”" if isinstance(value, str | int | float) else "这里"
    match error.validator:
        case "enum":
            return f"{shown}不是其中之一：{'、'.join(map(str, limit))}"
        case "const":
            return f"{shown}应为 {limit}"
        case "type":
            return f"{shown}应为{_TYPES.get(str(limit), str(limit))}"
        case "required":
            missing = [key for key in limit if key not in value]
            return f"缺少 {'、'.join(f'`{key}`' for key in missing)}"
        case "minItems" | "minProperties" | "minLength":
            return f"{shown}太少：至少 {limit}"
        case "minimum" | "exclusiveMinimum":
            return f"{shown}太小：至少 {limit}"
        case "maximum":
            return f"{shown}太大：至多 {limit}"
        case "uniqueItems":
            return "有重复的"
        case "pattern":
            return f"{shown}写法不对：应符合 {limit}"
        case _:
            return error.message


def _last_key(error: ValidationError) -> str:
    return next((part for part in reversed(error.absolute_path) if isinstance(part, str)), "")
