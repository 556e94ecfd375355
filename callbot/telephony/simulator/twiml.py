"""The part of TwiML that the simulated carrier runs: `<Response><Connect><Stream>` with its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree import ElementTree


class BadTwiml(Exception):
    """Instructions that this carrier cannot run; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOrder:
    """Where to connect the call's audio."""

    url: str
    parameters: Mapping[str, str]

    @property
    def token(self) -> str:
        return self.parameters.get("token", "")


def parse_twiml(text: str) -> StreamOrder:
    """Raises `BadTwiml`."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  only callbot's own XML arrives, over loopback
    except ElementTree.ParseError as error:
        raise BadTwiml(f"not XML: {error}") from None
    stream = root.find("./Connect/Stream") if root.tag == "Response" else None
    if stream is None:
        raise BadTwiml("no <Response><Connect><Stream>: the simulated carrier runs nothing else")
    url = stream.get("url", "")
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.netloc:
        raise BadTwiml(f"<Stream url={url!r}> is not a ws:// or wss:// address")
    if parts.query:
        raise BadTwiml(f"<Stream url={url!r}> has a query string: use <Parameter>")
    parameters = {item.get("name", ""): item.get("value", "") for item in stream.findall("Parameter")}
    return StreamOrder(url=url, parameters=parameters)
