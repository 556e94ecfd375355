"""Prompts as files: `prompts/<name>/<version>.md`, YAML front matter over a strict Jinja2 template."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from callbot.errors import BadInput, Problem
from callbot.resources import folder

KEYS = ("model_class", "temperature", "schema", "inputs", "changelog")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prompt:
    """One released prompt. A released file does not change; a better one is a new version."""

    name: str
    version: str
    sha256: str
    model_class: str
    temperature: float
    schema: Mapping[str, Any]
    """JSON Schema of the answer."""
    inputs: tuple[str, ...]
    template: Template
    where: str

    @property
    def label(self) -> str:
        """`opener/1.0.0#1a2b3c4d`: name, version and the first digits of the hash."""
        return f"{self.name}/{self.version}#{self.sha256[:8]}"

    def render(self, **values: Any) -> str:
        """The prompt with `values` filled in. Raises `BadInput` for a missing or unknown input."""
        if wrong := set(values) ^ set(self.inputs):
            raise BadInput.one(self.where, f"输入对不上：{'、'.join(sorted(wrong))}", "给全它的输入，不多不少")
        try:
            return self.template.render(values)
        except UndefinedError as error:
            raise BadInput.one(self.where, str(error), "在 inputs 里写上这个变量，或改正它") from None


def load_prompt(name: str, version: str, *, root: Path | None = None) -> Prompt:
    """The prompt `name` in `version`. Raises `BadInput` with file and line of every mistake."""
    path = (root or folder("prompts")) / name / f"{version}.md"
    try:
        raw = path.read_bytes()
    except OSError:
        raise BadInput.one(str(path), "没有这份提示词", "核对名称和版本，或放入这个文件") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadInput.one(f"{path} 第 {line} 行", "不是 UTF-8 文本", "存成 UTF-8") from None
    lines = text.split("\n")
    if lines[0].strip() != "---" or "---" not in [line.strip() for line in lines[1:]]:
        raise BadInput.one(f"{path} 第 1 行", "缺少开头的说明", "文件以 --- 键 --- 开头")
    end = [line.strip() for line in lines[1:]].index("---") + 1
    try:
        front: Any = YAML(typ="safe").load("\n".join(lines[1:end]))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise BadInput.one(
            f"{path} 第 {line} 行", f"不是 YAML：{getattr(error, 'problem', error)}", "改正它"
        ) from None
    problems = _problems(path, front, lines[1:end])
    if problems:
        raise BadInput(problems)
    try:
        environment = SandboxedEnvironment(
            undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
        )
        template = environment.from_string("\n".join(lines[end + 1 :]))
    except TemplateSyntaxError as error:
        raise BadInput.one(
            f"{path} 第 {error.lineno + end + 1} 行", f"模板有错：{error.message}", "改正它"
        ) from None
    return Prompt(
        name=name,
        version=version,
        sha256=hashlib.sha256(raw).hexdigest(),
        model_class=front["model_class"],
        temperature=float(front["temperature"]),
        schema=front["schema"],
        inputs=tuple(front["inputs"]),
        template=template,
        where=str(path),
    )


def _problems(path: Path, front: Any, lines: list[str]) -> list[Problem]:
    if not isinstance(front, dict):
        return [Problem(where=f"{path} 第 2 行", what="开头的说明里没有键", cure=f"写上 {'、'.join(KEYS)}")]

    def line_of(key: str) -> int:
        return next((number for number, line in enumerate(lines, start=2) if line.startswith(f"{key}:")), 2)

    problems = [
        Problem(where=f"{path} 第 2 行", what=f"缺少键 {key}", cure=f"在开头的说明里写上 {key}")
        for key in KEYS
        if key not in front
    ]
    problems += [
        Problem(
            where=f"{path} 第 {line_of(str(key))} 行",
            what=f"没有 {key} 这个键",
            cure=f"可用：{'、'.join(KEYS)}",
        )
        for key in front
        if key not in KEYS
    ]
    for key, kind, words in (
        ("model_class", str, "文字"),
        ("temperature", (int, float), "数字"),
        ("schema", dict, "JSON Schema"),
        ("inputs", list, "名称的列表"),
        ("changelog", list, "逐条的列表"),
    ):
        if key in front and not isinstance(front[key], kind):
            problems.append(
                Problem(where=f"{path} 第 {line_of(key)} 行", what=f"{key} 不是{words}", cure=f"写成{words}")
            )
    return problems
