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
            raise BadInput.one(
                self.where, f"inputs do not match: {', '.join(sorted(wrong))}", "give exactly its inputs"
            )
        try:
            return self.template.render(values)
        except UndefinedError as error:
            raise BadInput.one(
                self.where, str(error), "declare the variable under inputs or correct it"
            ) from None


def load_prompt(name: str, version: str, *, root: Path | None = None) -> Prompt:
    """The prompt `name` in `version`. Raises `BadInput` with file and line of every mistake."""
    path = (root or folder("prompts")) / name / f"{version}.md"
    try:
        raw = path.read_bytes()
    except OSError:
        raise BadInput.one(
            str(path), "there is no such prompt", "check name and version, or add the file"
        ) from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadInput.one(f"{path}, line {line}", "is not UTF-8 text", "save the file as UTF-8") from None
    lines = text.split("\n")
    if lines[0].strip() != "---" or "---" not in [line.strip() for line in lines[1:]]:
        raise BadInput.one(f"{path}, line 1", "the front matter is missing", "begin the file with --- keys ---")
    end = [line.strip() for line in lines[1:]].index("---") + 1
    try:
        front: Any = YAML(typ="safe").load("\n".join(lines[1:end]))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise BadInput.one(
            f"{path}, line {line}", f"broken YAML: {getattr(error, 'problem', error)}", "correct it"
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
            f"{path}, line {error.lineno + end + 1}", f"broken template: {error.message}", "correct it"
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
        return [
            Problem(
                where=f"{path}, line 2", what="the front matter holds no keys", cure=f"give {', '.join(KEYS)}"
            )
        ]

    def line_of(key: str) -> int:
        return next((number for number, line in enumerate(lines, start=2) if line.startswith(f"{key}:")), 2)

    problems = [
        Problem(
            where=f"{path}, line 2", what=f"the key {key} is missing", cure=f"add {key} to the front matter"
        )
        for key in KEYS
        if key not in front
    ]
    problems += [
        Problem(
            where=f"{path}, line {line_of(str(key))}",
            what=f"unknown key {key}",
            cure=f"use only {', '.join(KEYS)}",
        )
        for key in front
        if key not in KEYS
    ]
    for key, kind, words in (
        ("model_class", str, "text"),
        ("temperature", (int, float), "a number"),
        ("schema", dict, "a JSON Schema"),
        ("inputs", list, "a list of names"),
        ("changelog", list, "a list of lines"),
    ):
        if key in front and not isinstance(front[key], kind):
            problems.append(
                Problem(
                    where=f"{path}, line {line_of(key)}", what=f"{key} is not {words}", cure=f"make it {words}"
                )
            )
    return problems
