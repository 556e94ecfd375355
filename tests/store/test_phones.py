"""Phone numbers are read strictly, sealed, searchable, masked, and lost without their keys."""

from __future__ import annotations

import pickle
import stat
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callbot.errors import BadInput
from callbot.store.phones import KeyMismatch, NotAPhoneNumber, PhoneVault, is_sample, mask, parse

SAMPLES = st.integers(0, 99_999_999).map(lambda n: f"+86100{n:08d}")


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("13800000001", "+8613800000001"),
        (" 138 0000 0001 ", "+8613800000001"),
        ("+86 138-0000-0001", "+8613800000001"),
        ("0086 13800000001", "+8613800000001"),
        ("010 6552 9988", "+861065529988"),
        ("+86 100 2468 1357", "+8610024681357"),
        ("10024681357", "+8610024681357"),
        ("+1 212 555 2368", "+12125552368"),
    ],
)
def test_numbers_are_brought_to_one_form(text: str, e164: str) -> None:
    assert parse(text) == e164


@pytest.mark.parametrize(
    "text", ["", "无", "12345", "1380000000", "138000000011", "+8619", "+861002468135", "+++"]
)
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(NotAPhoneNumber):
        parse(text)


def by_the_library_alone(text: str) -> str | None:
    """What a number is without the way around the library for the common shapes."""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if e164.startswith("+86100"):
        return e164 if is_sample(e164) else None
    return e164 if phonenumbers.is_valid_number(number) else None


@given(
    st.one_of(
        st.integers(10_000_000_000, 19_999_999_999).map(str),
        st.builds(lambda head, rest: f"{head}{rest:07d}", st.integers(1_000, 1_999), st.integers(0, 9_999_999)),
        st.from_regex(r"1[0-9]{9,11}", fullmatch=True),
    ),
    st.sampled_from(["", "+86", "86", "0", "+"]),
)
@example("17900123456", "")
@example("12593138001", "")
@example("10024681357", "+86")
def test_the_short_way_agrees_with_the_library(digits: str, before: str) -> None:
    text = before + digits
    try:
        found: str | None = parse(text)
    except NotAPhoneNumber:
        found = None
    assert found == by_the_library_alone(text)


def test_other_processes_get_the_same_keys() -> None:
    vault = PhoneVault(b"c" * 32, b"h" * 32)
    other = pickle.loads(pickle.dumps(vault))
    sealed = other.seal("+8610024681357")
    assert vault.reveal(sealed.cipher) == "+8610024681357"
    assert vault.hash("+8610024681357") == sealed.hash


@pytest.mark.parametrize(
    ("e164", "sample"),
    [("+8610024681357", True), ("+8613800000001", False), ("+861002468135", False), ("+86100246813579", False)],
)
def test_only_the_invented_range_is_sample(e164: str, sample: bool) -> None:
    assert is_sample(e164) is sample


@pytest.mark.parametrize(
    ("e164", "shown"),
    [("+8613800000001", "138****0001"), ("+8610024681357", "100****1357"), ("+12125552368", "+121****2368")],
)
def test_the_middle_four_digits_are_hidden(e164: str, shown: str) -> None:
    assert mask(e164) == shown


@given(SAMPLES)
def test_what_is_sealed_can_be_revealed_and_found(e164: str) -> None:
    vault = PhoneVault(b"c" * 32, b"h" * 32)
    first, second = vault.seal(e164), vault.seal(e164)
    assert vault.reveal(first.cipher) == e164
    assert first.hash == second.hash == vault.hash(e164)
    assert first.cipher != second.cipher
    assert e164[3:].encode() not in first.cipher
    assert first.masked == f"100****{e164[-4:]}"


def test_the_key_file_is_private_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "keys.json"
    sealed = PhoneVault.open(file).seal("+8610024681357")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PhoneVault.open(file).reveal(sealed.cipher) == "+8610024681357"
    assert [entry.name for entry in file.parent.iterdir()] == ["keys.json"]


def test_other_keys_say_which_file_to_restore(tmp_path: Path) -> None:
    sealed = PhoneVault.open(tmp_path / "a.json").seal("+8610024681357")
    with pytest.raises(KeyMismatch, match=r"b\.json.*恢复"):
        PhoneVault.open(tmp_path / "b.json").reveal(sealed.cipher)


def test_damaged_ciphertext_is_not_read(tmp_path: Path) -> None:
    vault = PhoneVault.open(tmp_path / "keys.json")
    cipher = bytearray(vault.seal("+8610024681357").cipher)
    cipher[-1] ^= 1
    with pytest.raises(KeyMismatch):
        vault.reveal(bytes(cipher))


@pytest.mark.parametrize(
    "content", ["", "{}", '{"version":1,"phone_cipher":"eA==","phone_hash":"eA=="}', "[1]"]
)
def test_a_broken_key_file_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(BadInput, match=r"keys\.json.*不是 callbot 的密钥文件"):
        PhoneVault.open(file)
