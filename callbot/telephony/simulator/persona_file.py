"""Reads callees from folders: persona.yaml by its schema, then what a schema cannot say, then the wavs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from asr_tts.audio import Audio
from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.errors import BadInput, Problem
from callbot.telephony.simulator.persona import (
    AfterTurn,
    AtAnswer,
    BargeIn,
    LineBehaviour,
    LineTraits,
    Manner,
    Otherwise,
    PastConsent,
    PastEvent,
    PastOrder,
    Persona,
    PersonaCustomer,
    Phrasing,
    Reply,
    Speaker,
    SpokenTime,
    Then,
    TrueIntention,
    When,
)
from callbot.telephony.simulator.recording import BadRecording, read_manifest, read_wav, sha256_of
from callbot.telephony.simulator.yaml_lines import LocatedYaml, load_yaml

FILE = "persona.yaml"
RENDER = "python -m callbot.telephony.simulator.render"


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of persona.yaml."""
    text = files("callbot.telephony.simulator").joinpath("persona.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def load_personas(folders: Sequence[Path], *, wavs: bool = True) -> tuple[Persona, ...]:
    """Every callee below the given folders (a folder may also be a persona itself), by name.

    Raises `BadInput` with every problem of every file; without `wavs` the sound is neither checked nor loaded.
    """
    problems: list[Problem] = []
    personas: dict[str, Persona] = {}
    phones: dict[str, Persona] = {}
    for folder in folders:
        found = _persona_folders(folder)
        if not found:
            problems.append(
                Problem(
                    where=str(folder),
                    what=f"这里没有被叫人物：它和下面的文件夹里都没有 {FILE}",
                    cure="给一个放被叫人物的文件夹，写法见 docs/personas.md",
                )
            )
        for place in found:
            try:
                persona = load_persona(place, wavs=wavs)
            except BadInput as error:
                problems.extend(error.problems)
                continue
            clash = personas.get(persona.name) or phones.get(persona.customer.phone)
            if clash is not None:
                problems.append(
                    Problem(
                        where=str(place / FILE),
                        what=f"姓名或号码与 {clash.folder / FILE} 相同",
                        cure="用另外的姓名和号码",
                    )
                )
                continue
            personas[persona.name] = phones[persona.customer.phone] = persona
    if problems:
        raise BadInput(problems)
    return tuple(personas[name] for name in sorted(personas))


def load_persona(folder: Path, *, wavs: bool = True) -> Persona:
    """One callee. Raises `BadInput` with file and line of every problem."""
    source = load_yaml(folder / FILE)
    problems = [_schema_problem(source, error) for error in _schema_errors(source.data)]
    if problems:
        raise BadInput(problems)
    data: dict[str, Any] = source.data
    problems += _rule_problems(source, folder)
    replies = tuple(_reply(item) for item in data.get("replies", ()))
    if not problems and wavs:
        replies, problems = _with_audio(source, folder, replies)
    if problems:
        raise BadInput(problems)
    return _persona(folder, data, replies)


def _persona_folders(folder: Path) -> list[Path]:
    if (folder / FILE).exists():
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{FILE}"))


def _schema_errors(data: Any) -> list[ValidationError]:
    return sorted(
        Draft202012Validator(schema()).iter_errors(data), key=lambda error: list(map(str, error.path))
    )


def _schema_problem(source: LocatedYaml, error: ValidationError) -> Problem:
    steps = list(error.absolute_path)
    name = ".".join(map(str, steps)) or "整个文件"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        unknown = [key for key in error.instance if key not in known]
        return Problem(
            where=source.where([*steps, unknown[0]] if unknown else steps),
            what=f"{name} 里没有这些键：{'、'.join(map(str, unknown))}",
            cure=f"可用：{'、'.join(known)}",
        )
    return Problem(
        where=source.where(steps), what=f"{name}：{error.message}", cure="这个键的写法见 docs/personas.md"
    )


def _rule_problems(source: LocatedYaml, folder: Path) -> list[Problem]:
    """What the schema cannot say."""
    data: dict[str, Any] = source.data
    problems: list[Problem] = []

    def add(steps: Sequence[str | int], what: str, cure: str) -> None:
        problems.append(Problem(where=source.where(steps), what=what, cure=cure))

    if data["persona"] != folder.resolve().name:
        add(
            ["persona"],
            f"persona is {data['persona']!r} but the folder is {folder.resolve().name!r}",
            "make them equal",
        )
    for key, kind in (("outcome", Outcome), ("follow_up", FollowUpKind)):
        value = data["true_intention"][key]
        if value not in set(kind):
            add(["true_intention", key], f"{value!r} is no {key}", f"one of: {', '.join(kind)}")
    if "birthday" in data["customer"] and _date(data["customer"]["birthday"]) is None:
        add(["customer", "birthday"], "no such day", "write the date as YYYY-MM-DD")
    replies = data.get("replies", [])
    if data["line"]["behaviour"] != LineBehaviour.ANSWERS and replies:
        add(["replies"], "this line is never answered, so nobody can reply", "leave out replies")
    names: list[str] = []
    for index, reply in enumerate(replies):
        here: list[str | int] = ["replies", index]
        if reply["name"] in names:
            add([*here, "name"], f"reply {reply['name']!r} stands here twice", "give each reply its own name")
        when = reply["when"] if isinstance(reply["when"], Mapping) else {}
        if "barge_in" in when and len(when) > 1:
            add([*here, "when"], "barge_in stands with another condition", "make two replies of it")
        if when.get("after") and when["after"] not in names:
            add(
                [*here, "when"],
                f"after {when['after']!r}: no reply above has that name",
                f"one of: {', '.join(names)}",
            )
        names.append(reply["name"])
    low, high = data.get("manner", {}).get("thinks_ms", (0, 0))
    if low > high:
        add(
            ["manner", "thinks_ms"],
            "the shortest pause is longer than the longest",
            "write [shortest, longest]",
        )
    return problems


def _with_audio(
    source: LocatedYaml, folder: Path, replies: Iterable[Reply]
) -> tuple[tuple[Reply, ...], list[Problem]]:
    problems: list[Problem] = []
    try:
        manifest = read_manifest(folder)
    except BadRecording as error:
        return (), [Problem(where=str(folder), what=str(error), cure=f"重新生成：{RENDER} {folder}")]
    loaded = []
    for index, reply in enumerate(replies):
        say = []
        for nth, phrasing in enumerate(reply.say):
            where = source.where(["replies", index, "say", nth])
            audio, problem = _audio_of(folder, phrasing, manifest.get(phrasing.wav), where)
            if problem is not None:
                problems.append(problem)
            say.append(Phrasing(text=phrasing.text, wav=phrasing.wav, audio=audio))
        loaded.append(Reply(name=reply.name, when=reply.when, say=tuple(say), then=reply.then))
    return tuple(loaded), problems


def _audio_of(
    folder: Path, phrasing: Phrasing, entry: Mapping[str, Any] | None, where: str
) -> tuple[Audio | None, Problem | None]:
    path = folder / phrasing.wav
    render = f"生成它：{RENDER} {folder}"
    if not path.exists():
        return None, Problem(where=where, what=f"没有 {path}", cure=render)
    if entry is None:
        cure = f"{render}；自己的录音用：{RENDER} --own {folder}"
        return None, Problem(where=where, what=f"{path} 在 manifest.json 里没有文字", cure=cure)
    if entry.get("text") != phrasing.text:
        what = f"{path} 说的是 {entry.get('text')!r}，这一行写的是 {phrasing.text!r}"
        return None, Problem(where=where, what=what, cure=render)
    if "sha256" in entry and entry["sha256"] != sha256_of(path):
        what = f"{path} 不是 manifest.json 记的那个文件（sha256 不同）"
        return None, Problem(where=where, what=what, cure=f"删掉它，再{render}")
    try:
        return read_wav(path), None
    except BadRecording as error:
        return None, Problem(where=where, what=f"{path} {error}", cure=render)


def _persona(folder: Path, data: Mapping[str, Any], replies: tuple[Reply, ...]) -> Persona:
    line, manner, truth = data["line"], data.get("manner", {}), data["true_intention"]
    patience = manner.get("patience", {})
    default = Manner()
    low, high = manner.get("thinks_ms", default.thinks_ms)
    callback = truth.get("callback")
    speaker = data.get("speaker")
    return Persona(
        name=data["persona"],
        about=data["about"],
        folder=folder,
        customer=_customer(data["customer"]),
        line=LineTraits(
            behaviour=LineBehaviour(line["behaviour"]),
            ring_s=float(line.get("ring_s", 1.0)),
            noise_dbov=float(line.get("noise_dbov", -50.0)),
        ),
        true_intention=TrueIntention(
            outcome=Outcome(truth["outcome"]),
            follow_up=FollowUpKind(truth["follow_up"]),
            transfer=truth.get("transfer", False),
            callback=SpokenTime(days=callback["days"], time=time.fromisoformat(callback["time"]))
            if callback
            else None,
        ),
        speaker=Speaker(voice=speaker["voice"], speed=float(speaker.get("speed", 1.0))) if speaker else None,
        manner=Manner(
            thinks_ms=(low, high),
            max_bot_turns=patience.get("bot_turns", default.max_bot_turns),
            max_silence_s=float(patience.get("silence_s", default.max_silence_s)),
        ),
        replies=replies,
    )


def _customer(data: Mapping[str, Any]) -> PersonaCustomer:
    plain = {
        key: value for key, value in data.items() if key not in {"birthday", "consents", "events", "orders"}
    }
    return PersonaCustomer(
        **plain,
        birthday=_date(data["birthday"]) if "birthday" in data else None,
        consents=tuple(PastConsent(**row) for row in data["consents"]),
        events=tuple(PastEvent(**row) for row in data.get("events", ())),
        orders=tuple(
            PastOrder(
                id=row["id"],
                days_ago=row["days_ago"],
                item=row["item"],
                category=row.get("category", ""),
                amount_fen=round(row["amount_yuan"] * 100),
                refunded=row.get("refunded", False),
            )
            for row in data.get("orders", ())
        ),
    )


def _reply(data: Mapping[str, Any]) -> Reply:
    say = tuple(
        Phrasing(text=item, wav=f"{data['name']}-{nth}.wav", audio=None)
        if isinstance(item, str)
        else Phrasing(text=item["text"], wav=item["wav"], audio=None)
        for nth, item in enumerate(data["say"], 1)
    )
    return Reply(name=data["name"], when=_when(data["when"]), say=say, then=Then(data.get("then", "listen")))


def _when(data: str | Mapping[str, Any]) -> When:
    if data == "at_answer":
        return AtAnswer()
    if isinstance(data, str):
        return Otherwise()
    if "barge_in" in data:
        return BargeIn(turn=data["barge_in"]["turn"], after_ms=data["barge_in"]["after_ms"])
    return AfterTurn(turn=data.get("turn"), after=data.get("after", ""))


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
