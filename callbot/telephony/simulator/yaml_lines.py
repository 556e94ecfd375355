"""YAML with the line of everything in it, so that an error can say where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from callbot.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedYaml:
    """A parsed file that knows its lines."""

    path: Path
    data: Any

    def where(self, steps: Sequence[str | int] = ()) -> str:
        """`file:line` of the value reached by `steps`, or of the nearest container that exists."""
        line, node = 1, self.data
        for step in steps:
            try:
                if isinstance(node, CommentedMap):
                    line = node.lc.key(step)[0] + 1
                elif isinstance(node, CommentedSeq) and isinstance(step, int):
                    line = node.lc.item(step)[0] + 1
                else:
                    break
                node = node[step]
            except (KeyError, IndexError):
                break
        return f"{self.path}:{line}"


def load_yaml(path: Path) -> LocatedYaml:
    """Read one document. Raises `BadInput` with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput.one(str(path), "没有这个文件", "核对路径") from None
    except UnicodeDecodeError as error:
        raise BadInput.one(str(path), f"第 {error.start} 字节不是 UTF-8", "存成 UTF-8") from None
    try:
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise BadInput.one(f"{path}:{line}", f"不是 YAML：{error.problem}", "改正这一行") from None
    except YAMLError as error:
        raise BadInput.one(str(path), f"不是 YAML：{error}", "改正这个文件") from None
    return LocatedYaml(path=path, data=data)
