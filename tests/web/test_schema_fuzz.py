"""Everybody asks every address of the API for whatever its description allows, and for much that it does not.

No request makes the server fail, and every answer is one that the description names, in the shape it gives.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import httpx
import pytest
import requests
from fresh_database import fresh_db
from full_house import AGENT, furnish
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from web_house import a_browser, a_site, a_user, sign_in, with_token

from callbot.store.desk import SqlDeskStore
from callbot.store.tables import User
from callbot.web.access.permission import SCOPES, Role
from callbot.web.access.rates import Rate, Rates
from callbot.web.app import build_api
from callbot.web.site import Site
from handoff.live_desk import LiveDesk
from handoff.office import open_office
from handoff.server import DeskServer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

ENDLESS: Final = frozenset({"GET /api/live"})
"""A stream without an end cannot be read to its end; the tests of the live board read it."""
MODES: Final = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
EXAMPLES: Final = 6
BASE: Final = "http://127.0.0.1"
API: Final = schemathesis.openapi.from_dict(build_api().openapi())
OPERATIONS: Final[dict[str, Any]] = {
    operation.label: operation
    for found in cast(Any, API.get_all_operations())
    if (operation := found.ok()).label not in ENDLESS
}
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class AnyPace(Rates):
    """Nobody has to wait: what is asked thousands of times here is asked by a machine."""

    def wait(self, key: str, rate: Rate, now: datetime) -> timedelta | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    site: Site
    known: Mapping[str, str]
    """An id that exists, by path parameter."""
    people: Mapping[str, User]
    nobody: httpx.AsyncClient
    program: httpx.AsyncClient

    async def everybody(self) -> dict[str, httpx.AsyncClient]:
        """Each role with a session that holds, a program with every scope, and nobody."""
        clients = {"nobody": self.nobody, "token": self.program}
        for name, user in self.people.items():
            clients[name] = a_browser(self.site)
            await sign_in(self.site, clients[name], user)
        return clients


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[House]:
    async def no_program(token: str) -> None:
        return None

    async with fresh_db(data) as db:
        site = a_site(db, data)
        server = DeskServer("127.0.0.1", 0, SqlDeskStore(db), no_program, now=site.clock.now)
        site = replace(site, rates=AnyPace(), office=open_office(server, LiveDesk(server)))
        names = {Role.AGENT: AGENT}
        yield House(
            site=site,
            known=await furnish(site),
            people={role.value: await a_user(site, names.get(role, role.value), role) for role in Role},
            nobody=a_browser(site),
            program=await with_token(site, *SCOPES),
        )


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all: a database belongs to the loop it was opened in."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def house(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    opening = opened(tmp_path_factory.mktemp("house"))
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))


async def ask(client: httpx.AsyncClient, case: Any) -> httpx.Response:
    """Send what was generated, with the credentials of this client."""
    request: Any = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    headers = {name: value for name, value in request.headers.items() if name.lower() != "cookie"}
    return await client.request(request.method, request.url, headers=headers, content=request.body or b"")


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_the_description_names(
    runner: asyncio.Runner, house: House, label: str
) -> None:
    operation = OPERATIONS[label]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES))
    everybody = runner.run(house.everybody())

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, known=st.booleans())
    def asked(case: Any, known: bool) -> None:
        if known:
            case.path_parameters = {
                name: house.known.get(name, value) for name, value in case.path_parameters.items()
            }
        for client in everybody.values():
            case.validate_response(runner.run(ask(client, case)), checks=CHECKS)

    asked()
