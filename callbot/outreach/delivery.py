"""Takes the outbox to its receivers: signed, with one idempotency key, again and again until it is taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import httpx
import structlog

from callbot.clock import Clock, SystemClock
from callbot.outreach import signature
from callbot.outreach.address import NotAllowed, resolve
from callbot.outreach.redelivery import Again, Never, Taken, judge
from callbot.store import delivery_rows
from callbot.store.database import Database
from callbot.store.delivery_rows import Claimed, Unwanted
from callbot.store.outbox import Kind
from callbot.store.plain import plain
from callbot.store.tables import Outbox

_log = structlog.get_logger(__name__)

_AT_ONCE = 8
"""Messages under way to one receiver."""
_SPREAD = 100
_LEASE = timedelta(seconds=60)
"""Beyond the receiver's own timeout: after this a claim counts as left by a dead process."""
_TURN_S = 45.0
"""A delivery turn takes up nothing new after this long; the next turn goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Somebody outside who is told."""

    name: str
    url: str
    secrets: tuple[str, ...]
    """The one in use first, then the one it replaces."""
    kinds: frozenset[str] = frozenset()
    """Empty: every kind but messages to customers, which must be asked for by name."""
    allow_private: bool = False
    timeout_s: float = 10.0
    max_tries: int = 16

    def takes(self, kind: str) -> bool:
        return kind in self.kinds if self.kinds else kind != Kind.MESSAGE_SEND


@dataclass(slots=True, kw_only=True)
class Turn:
    """What one delivery turn did."""

    delivered: int = 0
    postponed: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int | None
    because: str
    retry_after: str | None = None


async def spread(db: Database, receivers: Sequence[Receiver], clock: Clock) -> int:
    """Give every new message a row for each receiver that takes it; how many messages.

    A report that nobody takes is put aside; a message to a customer that nobody takes is a dead letter, since
    somebody was promised it.
    """

    def takers(kind: str) -> list[str]:
        return [receiver.name for receiver in receivers if receiver.takes(kind)]

    def unwanted(kind: str) -> Unwanted:
        if kind == Kind.MESSAGE_SEND:
            return Unwanted(state="dead", note="no [[webhooks]] entry names the kind message.send")
        return Unwanted(state="unwanted", note="no [[webhooks]] entry takes this kind")

    total = 0
    while True:
        async with db.read() as session:
            if not await delivery_rows.has_new(session):
                return total
        async with db.write() as session:
            done = await delivery_rows.spread(session, takers, unwanted, clock.now(), limit=_SPREAD)
        total += done
        if done < _SPREAD:
            return total


class Courier:
    """Delivers to one receiver. Several may do so at once, in several processes."""

    def __init__(
        self,
        db: Database,
        receiver: Receiver,
        clock: Clock,
        *,
        wall: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        """`clock` is the one of the due times, `wall` the real one, by which receivers judge signatures."""
        self.receiver = receiver
        self._db = db
        self._clock = clock
        self._wall = wall or SystemClock()
        self._random = random or Random()
        self._url = httpx.URL(receiver.url)
        # Proxies from the environment would connect to where nobody has looked.
        self._client = httpx.AsyncClient(
            verify=httpx.create_ssl_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=receiver.timeout_s,
            limits=httpx.Limits(max_connections=_AT_ONCE),
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def deliver(self) -> Turn:
        """Send what is due, until nothing is, or until this receiver takes nothing: then it gets a rest."""
        turn = Turn()
        loop = asyncio.get_running_loop()
        ends = loop.time() + _TURN_S
        while loop.time() < ends:
            held = await self._claim()
            if not held:
                break
            verdicts = await asyncio.gather(*(self._send(one) for one in held))
            turn.delivered += sum(isinstance(verdict, Taken) for verdict in verdicts)
            turn.postponed += sum(isinstance(verdict, Again) for verdict in verdicts)
            turn.dead += sum(isinstance(verdict, Never) for verdict in verdicts)
            if all(isinstance(verdict, Again) for verdict in verdicts):
                break
        return turn

    async def _claim(self) -> list[Claimed]:
        now = self._clock.now()
        async with self._db.read() as session:
            if not await delivery_rows.has_due(session, self.receiver.name, now):
                return []
        until = now + timedelta(seconds=self.receiver.timeout_s) + _LEASE
        async with self._db.write() as session:
            return await delivery_rows.claim(session, self.receiver.name, now, until=until, limit=_AT_ONCE)

    async def _send(self, held: Claimed) -> Taken | Again | Never:
        answer = await self._post(held.message)
        now = self._clock.now()
        verdict = judge(
            answer.status,
            because=answer.because,
            tries=held.tries,
            max_tries=self.receiver.max_tries,
            retry_after=answer.retry_after,
            jitter=self._random.random(),
            now=now,
        )
        async with self._db.write() as session:
            match verdict:
                case Taken():
                    await delivery_rows.delivered(session, held, status=answer.status or 0, now=now)
                case Again(at=at, because=because):
                    await delivery_rows.try_again(session, held, at=at, status=answer.status, because=because)
                case Never(because=because):
                    await delivery_rows.give_up(session, held, status=answer.status, because=because)
        if isinstance(verdict, Never):
            _log.warning(
                "outbox.dead_letter",
                outbox_id=held.message.id,
                kind=held.message.kind,
                receiver=self.receiver.name,
                because=verdict.because,
            )
        return verdict

    async def _post(self, message: Outbox) -> _Answer:
        """One request, at most `timeout_s` long from the name to the answer's head; the answer's body is not
        read, a receiver says all with its status."""
        receiver, url = self.receiver, self._url
        content = body(message)
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(receiver.timeout_s):
                address = await resolve(url.host, port, allow_private=receiver.allow_private)
                async with self._client.stream(
                    "POST",
                    url.copy_with(host=address),
                    content=content,
                    headers={
                        "Host": url.netloc.decode("ascii"),
                        "Content-Type": "application/json; charset=utf-8",
                        "User-Agent": "callbot",
                        "Idempotency-Key": message.idempotency_key,
                        signature.HEADER: signature.signature(
                            receiver.secrets, int(self._wall.now().timestamp()), content
                        ),
                    },
                    extensions={"sni_hostname": url.host},
                ) as response:
                    status = response.status_code
                    return _Answer(
                        status=status,
                        because=f"答复 {status} {response.reason_phrase}".strip(),
                        retry_after=response.headers.get("Retry-After"),
                    )
        except TimeoutError:
            return _Answer(status=None, because=f"{receiver.timeout_s:g} 秒内没有答复")
        except NotAllowed as error:
            return _Answer(status=None, because=str(error))
        except (httpx.HTTPError, OSError) as error:
            return _Answer(status=None, because=f"{type(error).__name__}: {error}".rstrip(": "))


def body(message: Outbox) -> bytes:
    """What is sent and signed: UTF-8 JSON with id, kind, created_at and payload, the same at every try."""
    letter = {
        "id": message.id,
        "kind": message.kind,
        "created_at": plain(message.created_at),
        "payload": message.payload,
    }
    return json.dumps(letter, ensure_ascii=False, separators=(",", ":")).encode()
