"""Phone numbers: read, sealed for the table, searched by keyed hash, shown with the middle hidden.

The table holds ciphertext and a keyed hash only; the keys lie in a file of their own. Without that file the
numbers are gone, so it belongs in the backup and not beside the database dump.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callbot.errors import BadInput, CallbotError

_SAMPLE = re.compile(r"\+86100\d{8}")
_IN_TEXT = re.compile(r"(?<![0-9A-Za-z+])(?:\+\d{9,15}|1(?:[3-9]\d|00)\d{8})(?![0-9A-Za-z])", re.ASCII)
_PLAIN = re.compile(r"(?:\+86)?(1[0-9]{10})")
_AAD = b"callbot/phone/1"
_NONCE = 12
_VERSION = 1


class NotAPhoneNumber(CallbotError):
    """A text that no network would accept as a phone number."""

    code = "not-a-phone-number"


class KeyMismatch(CallbotError):
    """A number was sealed with other keys than these."""

    code = "key-mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A number as it is stored."""

    cipher: bytes
    hash: str
    """Keyed, 64 hex digits: equal numbers have equal hashes."""
    masked: str


def parse(text: str, region: str = "CN") -> str:
    """The number in E.164. Without a country code it is read as one of `region`.

    The sample range +86 100 xxxx xxxx is accepted although no network has it; a sample number with a digit
    missing must not pass for a Beijing line. Raises `NotAPhoneNumber` with a zh-CN reason.
    """
    text = text.strip()
    if region == "CN" and (plain := _PLAIN.fullmatch(text)) and _mobile()(plain[1]):
        return "+86" + plain[1]
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise NotAPhoneNumber("不是电话号码") from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if is_sample(e164) or (not e164.startswith("+86100") and phonenumbers.is_valid_number(number)):
        return e164
    raise NotAPhoneNumber("号码的位数或号段不存在")


@cache
def _mobile() -> Callable[[str], object]:
    """Tells the Chinese mobile and the sample numbers, by the library's own description of them.

    A number of this shape needs no parsing: it has no trunk prefix or carrier code to strip.
    """
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    if metadata is None or metadata.mobile is None:
        raise RuntimeError("phonenumbers has no description of Chinese mobile numbers")
    return re.compile(rf"100\d{{8}}|(?=1[3-9])(?:{metadata.mobile.national_number_pattern})").fullmatch


def is_sample(e164: str) -> bool:
    """Is this an invented number that only the simulator may dial?"""
    return _SAMPLE.fullmatch(e164) is not None


def mask(e164: str) -> str:
    """The number with its middle four digits hidden (R165): 138****0001; other countries keep their code."""
    digits = e164[3:] if e164.startswith("+86") else e164
    hidden = min(4, max(len(digits) - 4, 0))
    start = len(digits) - 4 - hidden
    return digits[:start] + "*" * hidden + digits[start + hidden :]


def hide_numbers(text: str) -> str:
    """The text with every mobile and every international number in it masked (R165)."""
    return _IN_TEXT.sub(lambda found: mask(found.group(0)), text)


class PhoneVault:
    """Seals and opens phone numbers: AES-256-GCM for the number, HMAC-SHA256 for the search."""

    def __init__(self, cipher_key: bytes, hash_key: bytes, *, origin: str = "memory") -> None:
        """Two keys of 32 bytes; `origin` names where they came from in errors."""
        self._aes = AESGCM(cipher_key)
        self._cipher_key = cipher_key
        self._hash_key = hash_key
        self._origin = origin

    def __reduce__(self) -> tuple[Any, ...]:
        """For the processes that read lists; the keys pass through a pipe and never lie on a disk."""
        return _vault, (self._cipher_key, self._hash_key, self._origin)

    @classmethod
    def open(cls, key_file: Path) -> PhoneVault:
        """The keys of `key_file`, which is made with mode 0600 when it does not exist.

        Raises `BadInput` when the file cannot be made, read or understood.
        """
        if not key_file.exists():
            _make(key_file)
        try:
            data = json.loads(key_file.read_text("utf-8"))
            if data["version"] != _VERSION:
                raise ValueError(data["version"])
            cipher_key = base64.b64decode(data["phone_cipher"], validate=True)
            hash_key = base64.b64decode(data["phone_hash"], validate=True)
            if len(cipher_key) != 32 or len(hash_key) != 32:
                raise ValueError("key length")
        except OSError as error:
            raise BadInput.one(
                str(key_file), f"读不了密钥文件（{error.strerror}）", "让这个用户可以读它"
            ) from None
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise BadInput.one(
                str(key_file),
                "这不是 callbot 的密钥文件",
                "从备份恢复；没有它，库里的号码读不出来",
            ) from None
        return cls(cipher_key, hash_key, origin=str(key_file))

    def seal(self, e164: str) -> Sealed:
        """The stored form of a number in E.164."""
        nonce = os.urandom(_NONCE)
        cipher = nonce + self._aes.encrypt(nonce, e164.encode("ascii"), _AAD)
        return Sealed(cipher=cipher, hash=self.hash(e164), masked=mask(e164))

    def hash(self, e164: str) -> str:
        """The search key of a number in E.164."""
        return hmac.digest(self._hash_key, e164.encode("ascii"), "sha256").hex()

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for another purpose; the same one as long as the key file is the same."""
        return hmac.digest(self._hash_key, f"callbot/{purpose}".encode(), "sha256")

    def reveal(self, cipher: bytes) -> str:
        """The number in E.164. Raises `KeyMismatch` when other keys sealed it or the bytes are damaged."""
        try:
            return self._aes.decrypt(cipher[:_NONCE], cipher[_NONCE:], _AAD).decode("ascii")
        except (InvalidTag, ValueError):
            raise KeyMismatch(
                f"{self._origin}: 这份密钥不是加密这个库的那一份 → 恢复属于它的密钥文件（store.key_file）；"
                "没有它，号码只能重新导入"
            ) from None


def _vault(cipher_key: bytes, hash_key: bytes, origin: str) -> PhoneVault:
    return PhoneVault(cipher_key, hash_key, origin=origin)


def _make(key_file: Path) -> None:
    """Write fresh keys; the file appears complete or not at all, and the first of several processes wins."""
    keys = {
        "version": _VERSION,
        "phone_cipher": base64.b64encode(os.urandom(32)).decode(),
        "phone_hash": base64.b64encode(os.urandom(32)).decode(),
    }
    fresh = key_file.with_name(f".{key_file.name}.{os.getpid()}")
    try:
        key_file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(keys, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, key_file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    except OSError as error:
        raise BadInput.one(
            str(key_file), f"建不了密钥文件（{error.strerror}）", "把 store.key_file 设到别处"
        ) from None
