"""How a list is written: packed or not, and in which encoding. Told once, before anything is read from it."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from callbot.errors import BadInput

_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"
_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_BOOKS = {b"PK\x03\x04": "Excel 工作簿（xlsx）或压缩包", b"\xd0\xcf\x11\xe0": "Excel 工作簿（xls）"}
_RESAVE = "在 Excel 中另存为“CSV UTF-8（逗号分隔）”，再导入"
_STRANGE = 0.15
"""The share of characters outside GB 2312 from which a file is not taken for GBK."""


@contextmanager
def opened(path: Path, at: int = 0) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The bytes of a list, unpacked where it is packed by gzip, from position `at` of what is unpacked.

    The second stream is the file as it lies on the disk, whose position tells how much was read. Raises
    `BadInput` for a file that cannot be read or whose packing is damaged.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            if not packed:
                raw.seek(at)
                yield raw, raw
                return
            with gzip.open(raw) as unpacked:
                unpacked.seek(at)
                yield cast(IO[bytes], unpacked), raw
    except FileNotFoundError:
        raise BadInput.one(str(path), "文件不存在", "检查路径") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise BadInput.one(path.name, "压缩文件损坏或不完整", "重新压缩或重新下载，再导入") from None
    except OSError as error:
        raise BadInput.one(str(path), f"文件无法读取（{error.strerror}）", "检查路径和读取权限") from None


def digest(path: Path) -> str:
    """SHA-256 of the file as it lies on the disk. Raises `BadInput` when it cannot be read."""
    with opened(path) as (_, raw):
        raw.seek(0)
        found = hashlib.sha256()
        while block := raw.read(_BLOCK):
            found.update(block)
        return found.hexdigest()


def encoding_of(path: Path) -> tuple[str, int]:
    """`utf-8` or `gb18030`, and the length of the mark before the text. Raises `BadInput` naming any other."""
    with opened(path) as (file, _):
        head = file.read(_BLOCK)
    for start, name in _BOOKS.items():
        if head.startswith(start):
            raise BadInput.one(path.name, f"文件是 {name}，不是 CSV 或 JSONL", _RESAVE)
    for bom, name in _BOMS.items():
        if head.startswith(bom):
            raise BadInput.one(path.name, f"文件编码是 {name}，只支持 UTF-8 和 GBK", _RESAVE)
    if b"\0" in head:
        raise BadInput.one(path.name, "文件含有空字节：不是 CSV，或编码是没有标记的 UTF-16", _RESAVE)
    if b"\r" in head and b"\n" not in head:
        raise BadInput.one(path.name, "换行符只有 CR（旧 Mac 格式），无法分行", _RESAVE)
    place = _undecodable(path, "utf-8")
    if place is None:
        return "utf-8", len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if _undecodable(path, "gb18030") is None and not _looks_like_big5(head):
        return "gb18030", 0
    if _decodes(head, "big5"):
        raise BadInput.one(path.name, "文件编码像是 Big5（繁体中文），只支持 UTF-8 和 GBK", _RESAVE)
    raise BadInput.one(path.name, f"文件不是 UTF-8 也不是 GBK：第 {place} 个字节无法识别", _RESAVE)


def _undecodable(path: Path, encoding: str) -> int | None:
    """Where the file stops being in `encoding`, counted in bytes from 1; None when all of it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    with opened(path) as (file, _):
        while True:
            block = file.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return read + error.start + 1
            if not block:
                return None
            read += len(block)


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _looks_like_big5(head: bytes) -> bool:
    """Read as GBK, a third of Big5 turns into characters that simplified text has none of."""
    text = codecs.getincrementaldecoder("gb18030")("replace").decode(head)
    strange = sum(char > "\x7f" and not _in_gb2312(char) for char in text)
    return strange > _STRANGE * sum(char > "\x7f" for char in text) and _decodes(head, "big5")


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
