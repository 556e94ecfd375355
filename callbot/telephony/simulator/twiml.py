"""The part of TwiML that the simulated carrier runs: streams, forks of both sides, and conferences of two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit
from xml.etree import ElementTree


class BadTwiml(Exception):
    """Instructions that this carrier cannot run; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOrder:
    """`<Connect><Stream>`: the call's audio both ways, until the other side closes it."""

    url: str
    parameters: Mapping[str, str]

    @property
    def token(self) -> str:
        return self.parameters.get("token", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkOrder:
    """`<Start><Stream track="both_tracks">`: what is said and heard goes out, while the next verbs run."""

    stream: StreamOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOrder:
    """`<Dial><Conference>` of two, which ends when one of them leaves; then the next verb runs."""

    name: str


Verb: TypeAlias = StreamOrder | ForkOrder | RoomOrder


def parse_twiml(text: str) -> tuple[Verb, ...]:
    """The verbs in their order. Raises `BadTwiml`."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  only callbot's own XML arrives, over loopback
    except ElementTree.ParseError as error:
        raise BadTwiml(f"not XML: {error}") from None
    verbs = tuple(_verbs(root)) if root.tag == "Response" else ()
    if not any(isinstance(verb, (StreamOrder, RoomOrder)) for verb in verbs):
        raise BadTwiml("neither <Connect><Stream> nor <Dial><Conference> in <Response>: nothing to connect")
    return verbs


def _verbs(root: ElementTree.Element) -> Iterator[Verb]:
    for element in root:
        inner = list(element)
        match element.tag, [each.tag for each in inner]:
            case "Connect", ["Stream"]:
                yield _stream(inner[0])
            case "Start", ["Stream"]:
                if inner[0].get("track") != "both_tracks":
                    raise BadTwiml('<Start><Stream> without track="both_tracks": this carrier forks both sides')
                yield ForkOrder(stream=_stream(inner[0]))
            case "Dial", ["Conference"]:
                yield _room(inner[0])
            case tag, tags:
                raise BadTwiml(f"<{tag}> with {tags}: this carrier runs streams, forks and conferences alone")


def _stream(stream: ElementTree.Element) -> StreamOrder:
    url = stream.get("url", "")
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.netloc:
        raise BadTwiml(f"<Stream url={url!r}> is not a ws:// or wss:// address")
    if parts.query:
        raise BadTwiml(f"<Stream url={url!r}> has a query string: use <Parameter>")
    parameters = {item.get("name", ""): item.get("value", "") for item in stream.findall("Parameter")}
    return StreamOrder(url=url, parameters=parameters)


def _room(conference: ElementTree.Element) -> RoomOrder:
    name = (conference.text or "").strip()
    wanted = {"startConferenceOnEnter": "true", "endConferenceOnExit": "true", "maxParticipants": "2"}
    if not name or any(conference.get(key) != value for key, value in wanted.items()):
        raise BadTwiml(f"<Conference> needs a name and {wanted}: this carrier has rooms for two alone")
    return RoomOrder(name=name)
