"""Scenario packs from YAML: checked by schema and by meaning, every mistake with file and line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from callbot.audience.lines import BusinessLine
from callbot.audience.packs.pack import Pack, PackOffer, PackSegment, PackTag
from callbot.audience.tags.parse import parse
from callbot.audience.terms import Terms
from callbot.errors import BadInput, Problem
from callbot.resources import folder

_CURES: Final = {
    "required": "补上这一项",
    "additionalProperties": "删掉它，或核对拼写",
    "enum": "从列出的值里选一个",
    "type": "核对值的类型",
}
_AMOUNT: Final = re.compile(r"\d+(\.\d+)?\s*(元|块|%|％|折)|[一二三四五六七八九]\s*折")
_CONDITIONS: Final = (("min_silent_days", "max_silent_days"), ("min_orders", "max_orders"))


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of a pack file."""
    text = files("callbot.audience.packs").joinpath("pack_schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def shipped() -> Path:
    """The folder of the packs that ship with callbot."""
    return folder("dialog_flows") / "packs"


def load_packs(*folders: Path) -> dict[str, Pack]:
    """Packs by industry, each file `<industry>.yaml`; a later folder's pack replaces an earlier one's.

    Raises `BadInput` with every problem found.
    """
    found: dict[str, Pack] = {}
    problems: list[Problem] = []
    for each in folders:
        if not each.is_dir():
            problems.append(Problem(where=str(each), what="没有这个文件夹", cure="核对路径（设置 packs）"))
        for path in sorted(each.glob("*.yaml")):
            try:
                found[path.stem] = load_pack(path)
            except BadInput as bad:
                problems.extend(bad.problems)
    if problems:
        raise BadInput(problems)
    return found


def load_pack(path: Path) -> Pack:
    """Read and check one pack. Raises `BadInput` with every problem found."""
    data, digest = _read(path)
    return _Loading(path, data, digest).pack()


def _read(path: Path) -> tuple[CommentedMap, str]:
    try:
        raw = path.read_bytes()
        data = YAML(typ="rt").load(StringIO(raw.decode("utf-8")))
    except OSError as error:
        raise BadInput.one(str(path), f"读不了：{error.strerror}", "核对路径") from None
    except UnicodeDecodeError:
        raise BadInput.one(str(path), "不是 UTF-8", "用 UTF-8 保存文件") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise BadInput.one(where, f"不是 YAML：{error.problem}", "改正这一行") from None
    except YAMLError as error:
        raise BadInput.one(str(path), f"不是 YAML：{error}", "改正文件") from None
    if not isinstance(data, CommentedMap):
        raise BadInput.one(f"{path}:1", "不是行业包", "以 `pack: ecommerce` 开头")
    return data, hashlib.sha256(raw).hexdigest()


class _Loading:
    """One load: collects what is wrong before anything is built."""

    def __init__(self, path: Path, data: CommentedMap, digest: str) -> None:
        self.path = path
        self.data = data
        self.digest = digest
        self.problems: list[Problem] = []

    def pack(self) -> Pack:
        for error in sorted(
            Draft202012Validator(schema()).iter_errors(self.data), key=lambda e: list(map(str, e.path))
        ):
            self.complain(_place(error), _told(error), _CURES.get(str(error.validator), "核对这一项"))
        self.stop_if_broken()
        self.check_file()
        self.check_conditions()
        self.check_offers()
        self.check_strategies()
        self.stop_if_broken()
        data = self.data
        return Pack(
            industry=str(data["pack"]),
            version=int(data["version"]),
            title=str(data["title"]),
            flow=str(data["flow"]),
            silence=BusinessLine(**{name: int(days) for name, days in data["silence"].items()}),
            tags=tuple(
                PackTag(name=str(tag["name"]), condition=_one_line(tag["when"])) for tag in data.get("tags", ())
            ),
            segments=tuple(
                PackSegment(
                    name=str(each["name"]),
                    condition=_one_line(each["when"]),
                    priority=int(each["priority"]),
                    strategy=Terms.of({"offers": (), **_plain(each["strategy"])}),
                )
                for each in data["segments"]
            ),
            offers=tuple(_offer(str(data["pack"]), each) for each in data["offers"]),
            digest=self.digest,
            source=self.path,
        )

    def check_file(self) -> None:
        if self.data["pack"] != self.path.stem:
            self.complain(("pack",), f"文件名是 {self.path.stem}", f"写 pack: {self.path.stem}，或改文件名")
        silence = self.data["silence"]
        if silence["deep_after"] <= silence["continued_after"]:
            self.complain(
                ("silence", "deep_after"), "深度沉默不晚于连续沉默", "让 deep_after 大于 continued_after"
            )
        for section in ("tags", "segments"):
            self.unique(section, "name", "名字")

    def unique(self, section: str, key: str, title: str) -> None:
        seen: set[str] = set()
        for index, each in enumerate(self.data.get(section, ())):
            if (name := str(each[key])) in seen:
                self.complain((section, index, key), f"{title}“{name}”写了两次", "改其中一个")
            seen.add(name)

    def check_conditions(self) -> None:
        for section in ("tags", "segments"):
            for index, each in enumerate(self.data.get(section, ())):
                try:
                    parse(_one_line(each["when"]))
                except BadInput as bad:
                    for problem in bad.problems:
                        what = f"条件 {problem.where}：{problem.what}"
                        self.complain((section, index, "when"), what, problem.cure)

    def check_offers(self) -> None:
        self.unique("offers", "code", "优惠编号")
        for index, each in enumerate(self.data["offers"]):
            at = ("offers", index)
            if not {"discount_percent", "amount_yuan", "gift"} & set(each):
                self.complain(at, "没有折扣、金额或赠品", "三者至少写一个")
            if {"discount_percent", "amount_yuan"} <= set(each):
                self.complain(at, "同时写了折扣和金额", "分成两个优惠")
            if each.get("min_spend_yuan", each.get("amount_yuan", 0)) < each.get("amount_yuan", 0):
                self.complain((*at, "min_spend_yuan"), "门槛低于优惠金额", "核对门槛，无门槛就不写")
            limits = each.get("for", {})
            for low, high in _CONDITIONS:
                if low in limits and high in limits and limits[high] < limits[low]:
                    self.complain((*at, "for", high), "小于起始值", "核对起止")

    def check_strategies(self) -> None:
        offers = {str(each["code"]): each for each in self.data["offers"]}
        for index, each in enumerate(self.data["segments"]):
            terms = each["strategy"]
            at = ("segments", index, "strategy")
            for place, code in enumerate(terms.get("offers", ())):
                if code not in offers:
                    self.complain((*at, "offers", place), f"没有优惠 {code}", f"可以写：{'、'.join(offers)}")
            named = [offers[code] for code in terms.get("offers", ()) if code in offers]
            if terms.get("urgency") and not any("valid_days" in offer for offer in named):
                what = "强调期限，但没有带截止日期的优惠（C5）"
                self.complain((*at, "urgency"), what, "给优惠写 valid_days，或去掉 urgency")
            if terms.get("benefit_first") and not named:
                self.complain((*at, "benefit_first"), "先说利益，但没有优惠", "在 offers 里写上优惠编号")
            for key in ("what", "wording"):
                if amount := _AMOUNT.search(str(terms[key])):
                    what = f"写了“{amount[0]}”：金额与折扣只能出自优惠表（C8）"
                    self.complain((*at, key), what, "改成不带数字的说法，并在 offers 里引用优惠")

    def complain(self, at: Sequence[str | int], what: str, cure: str) -> None:
        place = ".".join(str(part + 1) if isinstance(part, int) else part for part in at)
        where = f"{self.path}:{_line(self.data, at)}"
        self.problems.append(Problem(where=where, what=f"{place}：{what}" if place else what, cure=cure))

    def stop_if_broken(self) -> None:
        if self.problems:
            raise BadInput(self.problems)


def _place(error: ValidationError) -> list[str | int]:
    at = list(error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        at += [next(name for name in _keys(error) if name not in known)]
    return at


def _keys(error: ValidationError) -> list[str]:
    """The names of the mapping in which something is missing or too much."""
    return list(error.instance) if isinstance(error.instance, Mapping) else []


def _told(error: ValidationError) -> str:
    """The validator's complaint in Chinese."""
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            missing = [name for name in wanted if name not in _keys(error)]
            return f"缺少 {'、'.join(missing)}"
        case "additionalProperties":
            return "不认识这一项"
        case "enum":
            return f"{error.instance!r} 不在 {'、'.join(map(str, wanted))} 之中"
        case "type":
            return f"{error.instance!r} 应是 {wanted}"
        case _:
            return f"{error.instance!r} 不符合 {error.validator}: {wanted}"


def _line(data: Any, at: Sequence[str | int]) -> int:
    """The line, from 1, of the value at a path, as deep as the file has it."""
    row = 1
    for part in at:
        places = data.lc.data if isinstance(data, (CommentedMap, CommentedSeq)) else None
        if not places or part not in places:
            break
        row = int(places[part][0]) + 1
        data = data[part]
    return row


def _offer(industry: str, each: Mapping[str, Any]) -> PackOffer:
    return PackOffer(
        values={
            "code": str(each["code"]),
            "version": int(each.get("version", 1)),
            "industry": industry,
            "title": str(each["title"]),
            "discount_percent": each.get("discount_percent"),
            "amount_fen": _fen(each.get("amount_yuan")),
            "min_spend_fen": _fen(each.get("min_spend_yuan")),
            "gift": str(each["gift"]) if "gift" in each else None,
            "stock": each.get("stock"),
            "priority": int(each.get("priority", 0)),
            "eligibility": _plain(each.get("for", {})),
            "compensation": bool(each.get("compensation", False)),
        },
        valid_days=each.get("valid_days"),
    )


def _fen(yuan: Any) -> int | None:
    return None if yuan is None else round(float(yuan) * 100)


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A YAML mapping as plain Python values."""
    return dict(_items(values))


def _items(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, list):
            yield str(name), [str(each) for each in value]
        else:
            yield str(name), value if isinstance(value, (bool, int)) else str(value)
