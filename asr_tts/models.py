"""The models that work without a service: which files they are, where they lie, whether they are whole."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from asr_tts.model_missing import ModelMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One download of a package client, pinned by version and sha256."""

    name: str
    client: Literal["pip", "npm"]
    version: str
    sha256: tuple[str, ...]
    """Of the downloaded file; several where there is one file for each platform."""
    bytes: int

    @property
    def pinned(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A member of a package."""

    package: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model: its parts joined in order."""

    path: str
    sha256: str
    bytes: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as a directory of that name."""

    name: str
    purpose: str
    licence: str
    origin: str
    files: tuple[ModelFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that can be installed, and from which packages."""

    models: tuple[Model, ...]
    packages: dict[str, Package]
    node: Package
    """npm for a machine that has none."""

    def model(self, name: str) -> Model:
        """Raises `KeyError` for a name that is not a model's."""
        for model in self.models:
            if model.name == name:
                return model
        raise KeyError(name)


class FileState(StrEnum):
    WHOLE = "whole"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """What became of one file of a model on this machine."""

    model: str
    path: Path
    state: FileState


@cache
def manifest() -> Manifest:
    """The manifest that ships with this package."""
    data = tomllib.loads(files("asr_tts").joinpath("models.toml").read_text(encoding="utf-8"))
    packages = {
        name: Package(
            name=name,
            client=entry["client"],
            version=entry["version"],
            sha256=(entry["sha256"],),
            bytes=entry["bytes"],
        )
        for name, entry in data["packages"].items()
    }
    models = tuple(
        Model(
            name=entry["name"],
            purpose=entry["purpose"],
            licence=entry["licence"],
            origin=entry["origin"],
            files=tuple(
                ModelFile(
                    path=file["path"],
                    sha256=file["sha256"],
                    bytes=file["bytes"],
                    parts=tuple(Part(**part) for part in file["parts"]),
                )
                for file in entry["files"]
            ),
        )
        for entry in data["models"]
    )
    node = Package(
        name=data["node"]["package"],
        client="pip",
        version=data["node"]["version"],
        sha256=tuple(data["node"]["sha256"]),
        bytes=data["node"]["bytes"],
    )
    return Manifest(models=models, packages=packages, node=node)


def model_directory(directory: Path, name: str) -> Path:
    """Where the packaged model `name` lies. Raises `ModelMissing` if one of its files is not there.

    Looks at presence and size only; `check_model` reads the files.
    """
    model = manifest().model(name)
    place = directory.expanduser() / model.name
    for file in model.files:
        path = place / file.path
        if not path.is_file() or path.stat().st_size != file.bytes:
            raise ModelMissing(path)
    return place


def check_model(directory: Path, model: Model) -> list[FileCheck]:
    """Read every file of `model` and compare its sha256."""
    place = directory.expanduser() / model.name
    return [
        FileCheck(model=model.name, path=place / file.path, state=check_file(place / file.path, file))
        for file in model.files
    ]


def check_file(path: Path, file: ModelFile) -> FileState:
    if not path.is_file():
        return FileState.MISSING
    whole = path.stat().st_size == file.bytes and sha256_of(path) == file.sha256
    return FileState.WHOLE if whole else FileState.DAMAGED


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
