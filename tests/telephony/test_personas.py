"""Reading callees: every mistake is named with file, line and cure; the callees we ship are sound."""

from __future__ import annotations

import json
import shutil
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.errors import BadInput
from callbot.telephony.simulator.persona import LineBehaviour, Otherwise
from callbot.telephony.simulator.persona_file import load_persona, load_personas
from callbot.telephony.simulator.recording import sha256_of, write_manifest, write_wav
from callbot.telephony.simulator.render import adopt, is_made, wanted_in

SHIPPED = Path(__file__).parents[2] / "recordings_fixtures" / "personas"

YAML = """\
persona: mei
about: 一个测试用的人
customer:
  name: 梅小姐
  gender: 女
  phone: "+8610012345670"
  industry: ecommerce
  brand: 悦选商城
  consents:
    - {purpose: marketing, granted: true, days_ago: 10, text_version: "1", channel: app, evidence: "e1"}
  orders:
    - {id: A1, days_ago: 90, item: 电饭煲, amount_yuan: 329.5}
speaker: {voice: zf_xiaobei}
line: {behaviour: answers, ring_s: 0.1}
manner: {thinks_ms: [100, 200]}
replies:
  - name: hello
    when: {turn: 1}
    say:
      - 你好。
      - {text: 喂。, wav: own.wav}
  - name: again
    when: otherwise
    say: [再说吧。]
true_intention: {outcome: considering, follow_up: push_offer_3d}
"""
WAVS = {"hello-1.wav": "你好。", "own.wav": "喂。", "again-1.wav": "再说吧。"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound callee."""
    folder = tmp_path / "mei"
    folder.mkdir()
    (folder / "persona.yaml").write_text(YAML, encoding="utf-8")
    manifest = {}
    for name, text in WAVS.items():
        write_wav(folder / name, (np.sin(np.arange(4_000) * 0.3) * 8_000).astype(np.int16))
        manifest[name] = {"text": text, "sha256": sha256_of(folder / name)}
    write_manifest(folder, manifest)
    return folder


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(YAML.splitlines(), 1) if text in line)


def test_a_sound_callee_is_read(folder: Path) -> None:
    persona = load_persona(folder)
    assert [reply.name for reply in persona.replies] == ["hello", "again"]
    assert persona.replies[0].say[1].audio is not None
    assert persona.replies[0].say[1].audio.duration_ms == 500
    assert persona.customer.orders[0].amount_fen == 32_950
    assert persona.line.noise_dbov == -50
    assert persona.manner.thinks_ms == (100, 200)


MISTAKES = [
    ('phone: "+8610012345670"', 'phone: "+8613812345678"', "phone:", "customer.phone"),
    ("industry: ecommerce", "industry: food", "industry:", "industry"),
    ("- {text: 喂。, wav: own.wav}", "- {text: 喂。, wav: ../own.wav}", "- {text: 喂。", "does not match"),
    ("persona: mei", "persona: lan", "persona:", "folder"),
    ("outcome: considering", "outcome: maybe", "outcome: considering", "no outcome"),
    ("behaviour: answers", "behaviour: busy", "replies:", "never answered"),
    ("when: {turn: 1}", "when: {turn: 0}", "when: {turn: 1}", "minimum"),
    ("when: {turn: 1}", "when: {after: nobody}", "when: {turn: 1}", "no reply above"),
    (
        "when: {turn: 1}",
        "when: {turn: 1, barge_in: {turn: 1, after_ms: 9}}",
        "when: {turn: 1}",
        "another condition",
    ),
    ("when: {turn: 1}", "when: {trun: 1}", "when: {turn: 1}", "trun"),
    ("when: otherwise", "when: sometimes", "when: otherwise", "sometimes"),
    ("- name: again", "- name: hello", "- name: again", "twice"),
    ("gender: 女", "sex: 女", "gender:", "sex"),
    ("thinks_ms: [100, 200]", "thinks_ms: [300, 200]", "thinks_ms", "longer"),
    ("item: 电饭煲, ", "", "item: 电饭煲", "'item' is a required property"),
]


@pytest.mark.parametrize(("right", "wrong", "at", "says"), MISTAKES, ids=[item[1] for item in MISTAKES])
def test_a_mistake_is_shown_with_file_and_line(
    folder: Path, right: str, wrong: str, at: str, says: str
) -> None:
    path = folder / "persona.yaml"
    path.write_text(YAML.replace(right, wrong), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load_persona(folder, wavs=False)
    (problem,) = caught.value.problems
    assert problem.where == f"{path}:{line_of(at)}"
    assert says in problem.what
    assert problem.cure


def test_broken_yaml_is_shown_with_its_line(folder: Path) -> None:
    (folder / "persona.yaml").write_text(YAML.replace("about: 一", "about: [一"), encoding="utf-8")
    with pytest.raises(BadInput, match=r"persona\.yaml:\d+: 不是 YAML"):
        load_persona(folder)


def test_every_problem_of_every_callee_is_listed_at_once(folder: Path) -> None:
    other = folder.parent / "lan"
    shutil.copytree(folder, other)
    (folder / "persona.yaml").write_text(
        YAML.replace("女", "问").replace("ecommerce", "food"), encoding="utf-8"
    )
    with pytest.raises(BadInput) as caught:
        load_personas([folder.parent])
    assert len(caught.value.problems) == 3


def test_two_callees_cannot_share_a_number(folder: Path) -> None:
    other = folder.parent / "lan"
    shutil.copytree(folder, other)
    (other / "persona.yaml").write_text(YAML.replace("persona: mei", "persona: lan"), encoding="utf-8")
    with pytest.raises(BadInput, match="姓名或号码与"):
        load_personas([folder.parent])


def test_a_folder_without_callees_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="没有被叫人物"):
        load_personas([tmp_path])


def remove(path: Path) -> None:
    path.unlink()


def silence(path: Path) -> None:
    write_wav(path, np.zeros(4_000, dtype=np.int16))
    enter(path)


def wrong_rate(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\x10\x20" * 4_000)
    enter(path)


def no_wav(path: Path) -> None:
    path.write_bytes(b"ID3 an mp3 by another name")
    enter(path)


def swapped(path: Path) -> None:
    write_wav(path, np.full(4_000, 5_000, dtype=np.int16))


def other_words(path: Path) -> None:
    enter(path, text="不用了。")


def no_entry(path: Path) -> None:
    manifest = path.parent / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    del entries[path.name]
    write_manifest(path.parent, entries)


def enter(path: Path, text: str = "你好。") -> None:
    entries = json.loads((path.parent / "manifest.json").read_text(encoding="utf-8"))
    write_manifest(path.parent, {**entries, path.name: {"text": text, "sha256": sha256_of(path)}})


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (remove, "没有 "),
        (silence, "is silent"),
        (wrong_rate, "16000 Hz instead of"),
        (no_wav, "not a PCM wav"),
        (swapped, "sha256 不同"),
        (other_words, "说的是 '不用了。'，这一行写的是 '你好。'"),
        (no_entry, "没有文字"),
    ],
)
def test_a_bad_wav_is_shown_at_its_phrasing_with_the_command_that_makes_it(
    folder: Path, break_it: Callable[[Path], None], says: str
) -> None:
    break_it(folder / "hello-1.wav")
    with pytest.raises(BadInput) as caught:
        load_persona(folder)
    (problem,) = caught.value.problems
    assert problem.where == f"{folder / 'persona.yaml'}:{line_of('- 你好。')}"
    assert says in problem.what
    assert f"python -m callbot.telephony.simulator.render {folder}" in problem.cure


def test_own_recordings_are_entered_and_not_rendered_over(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    wanted = list(wanted_in(folder))
    assert sorted(path.name for path in adopt(wanted)) == sorted(WAVS)
    load_persona(folder)
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert all(is_made(want, entries) for want in wanted)


def test_a_changed_text_or_voice_is_rendered_again(folder: Path) -> None:
    want = next(iter(wanted_in(folder)))
    entry = {**want.settings, "sha256": sha256_of(folder / want.wav)}
    assert is_made(want, {want.wav: entry})
    assert not is_made(want, {want.wav: {**entry, "voice": "zf_xiaoni"}})
    assert not is_made(want, {want.wav: {**entry, "text": "别的话"}})
    assert not is_made(want, {})


def test_the_shipped_callees_are_sound_and_varied() -> None:
    personas = load_personas([SHIPPED])
    assert len(personas) >= 18
    assert {persona.customer.industry for persona in personas} == {
        "ecommerce",
        "aesthetics",
        "education",
        "finance",
    }
    assert {persona.line.behaviour for persona in personas} == set(LineBehaviour)
    for persona in personas:
        assert all(len({phrasing.text for phrasing in reply.say}) >= 3 for reply in persona.replies)
        talks = len(persona.replies) > 1
        assert not talks or isinstance(persona.replies[-1].when, Otherwise)


def test_the_shipped_intentions_agree_with_what_follows_from_them() -> None:
    follows = {
        Outcome.INTERESTED: FollowUpKind.ASSIGN_AGENT_24H,
        Outcome.CONSIDERING: FollowUpKind.PUSH_OFFER_3D,
        Outcome.REFUSED: FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D,
        Outcome.DO_NOT_CALL: FollowUpKind.BLACKLIST,
        Outcome.TRANSFERRED: FollowUpKind.COMPLAINT_PAUSE_30D,
        Outcome.CALLBACK: FollowUpKind.SCHEDULE_CALLBACK,
        Outcome.WRONG_NUMBER: FollowUpKind.MARK_NUMBER_INVALID,
        Outcome.INVALID_NUMBER: FollowUpKind.MARK_NUMBER_INVALID,
    }
    for persona in load_personas([SHIPPED], wavs=False):
        truth = persona.true_intention
        assert truth.follow_up is follows.get(truth.outcome, FollowUpKind.RETRY_LATER), persona.name
        assert truth.transfer == (truth.outcome is Outcome.TRANSFERRED), persona.name
        assert (truth.callback is not None) == (truth.outcome is Outcome.CALLBACK), persona.name
