"""The chain of LLM servers over real HTTP: deadlines, the next server, the breaker, and the account."""

from __future__ import annotations

from dataclasses import replace

import pytest
from llm_server import DROP, PACE, STALL, TOKENS_IN, TOKENS_OUT, Partly, Play, Server, chain_of, serving

from callbot.conversation.llm_chain import Answered, LlmChain, Refused, json_object
from callbot.conversation.llm_server import Pace
from callbot.conversation.prompt_use import answered, spending
from callbot.conversation.prompts import load_prompt
from callbot.conversation.writing import Moment
from callbot.errors import BadInput
from callbot.minds import build_chain, build_writer
from callbot.settings import LlmServerSettings, LlmSettings

GOOD = '{"text": "听您这么说，我很抱歉。"}'


def read(answer: str) -> str:
    text = str(json_object(answer).get("text"))
    if "五折" in text:
        raise Refused(text, "没有这个优惠")
    return text


async def asked(chain: LlmChain, pace: Pace = PACE, *, repairs: int = 0) -> Answered[str]:
    prompt = load_prompt("transition", "1.0.0")
    return await chain.ask(prompt, "写一句话", pace=pace, read=read, repairs=repairs)


async def once(*servers: Server, pace: Pace = PACE, repairs: int = 0) -> Answered[str]:
    chain = chain_of(*servers)
    try:
        return await asked(chain, pace, repairs=repairs)
    finally:
        await chain.aclose()


async def test_a_connection_that_ended_is_no_failure_of_the_server() -> None:
    with serving(DROP, GOOD) as server:
        found = await once(server)
    assert found.value == "听您这么说，我很抱歉。"
    assert [use.failed for use in found.uses] == [""]
    assert len(server.requests) == 2


async def test_a_server_that_never_answers_is_asked_twice_and_no_more() -> None:
    with serving(DROP) as server:
        found = await once(server)
    assert found.value is None
    assert [use.failed for use in found.uses] == ["unreachable"]
    assert len(server.requests) == 2


FAILURES = [
    (Partly(text=GOOD[:20], then="break"), "broken-off"),
    (Partly(text=GOOD[:20], then="garbage"), "unreadable"),
    (Partly(then="for-ever"), "too-long"),
    ("", "empty"),
    (429, "status-429"),
    (500, "status-500"),
    (401, "status-401"),
    ("抱歉，我不能", "unreadable"),
    ('{"text": ', "unreadable"),
    ('{"text": "给您打五折"}', "rejected"),
]


@pytest.mark.parametrize(("wrong", "why"), FAILURES)
async def test_the_second_server_is_asked_where_the_first_fails(wrong: Play, why: str) -> None:
    with serving(wrong) as first, serving(GOOD) as second:
        found = await once(first, second)
    assert found.value == "听您这么说，我很抱歉。"
    assert found.model == "tiny-secondary"
    assert [(use.server, use.failed) for use in found.uses] == [("primary", why), ("secondary", "")]
    assert len(found.rejected) == 1
    assert [use.model for use in answered(found.uses)] == ["tiny-secondary"]


@pytest.mark.parametrize(
    ("wrong", "pace", "why"),
    [
        (STALL, replace(PACE, first_token_s=0.2), "first-token"),
        (Partly(), replace(PACE, first_token_s=0.2), "first-token"),
        (Partly(text=GOOD[:20]), replace(PACE, gap_s=0.2), "gap"),
        (STALL, replace(PACE, whole_s=0.2), "deadline"),
        (Partly(text=GOOD[:20]), replace(PACE, whole_s=0.2), "deadline"),
    ],
)
async def test_a_server_that_stalls_is_given_up(wrong: Play, pace: Pace, why: str) -> None:
    with serving(wrong) as first:
        found = await once(first, pace=pace)
    assert found.value is None
    assert [use.failed for use in found.uses] == [why]


async def test_the_second_server_is_asked_where_the_first_does_not_begin() -> None:
    with serving(STALL) as first, serving(GOOD) as second:
        found = await once(first, second, pace=replace(PACE, whole_s=20.0, first_token_s=2.0))
    assert found.model == "tiny-secondary"


async def test_the_second_server_is_left_alone_where_the_first_answers() -> None:
    with serving(GOOD) as first, serving(GOOD) as second:
        found = await once(first, second)
    assert found.model == "tiny-primary"
    assert second.requests == []


async def test_nobody_answers_where_all_fail() -> None:
    with serving(500) as first, serving(Partly(text="{", then="break")) as second:
        found = await once(first, second)
    assert found.value is None
    assert [use.failed for use in found.uses] == ["status-500", "broken-off"]


async def test_a_server_that_is_not_there_is_passed_over() -> None:
    with serving(GOOD) as first, serving(GOOD) as second:
        pass
    with serving(GOOD) as third:
        first.url, second.url = first.url, third.url
        found = await once(first, second)
    assert [use.failed for use in found.uses] == ["unreachable", ""]


async def test_time_that_is_over_is_over_for_the_second_server_too() -> None:
    with serving(STALL) as first, serving(GOOD) as second:
        found = await once(first, second, pace=replace(PACE, whole_s=0.2))
    assert found.value is None
    assert [use.failed for use in found.uses] == ["deadline"]
    assert second.requests == []


async def test_each_server_gets_its_repair() -> None:
    lie = '{"text": "给您打五折"}'
    with serving(lie) as first, serving(lie, GOOD) as second:
        found = await once(first, second, repairs=1)
    assert found.value == "听您这么说，我很抱歉。"
    assert [use.failed for use in found.uses] == ["rejected", "rejected", "rejected", ""]
    assert second.requests[0]["messages"] == first.requests[0]["messages"]
    assert "没有这个优惠" in second.requests[1]["messages"][-1]["content"]


async def test_what_is_asked_is_counted_and_paid_for() -> None:
    with serving('{"text": "给您打五折"}') as first, serving(GOOD) as second:
        found = await once(first, second)
    each = TOKENS_IN * 2 + TOKENS_OUT * 8
    assert [(use.tokens_in, use.tokens_out, use.cost) for use in found.uses] == [
        (TOKENS_IN, TOKENS_OUT, each)
    ] * 2
    total = spending(found.uses)
    assert (total.asked, total.failed, total.cost, total.unmetered) == (2, 1, 2 * each, 0)


async def test_an_answer_that_breaks_off_is_counted_without_tokens() -> None:
    with serving(Partly(text="{", then="break")) as first:
        found = await once(first)
    assert spending(found.uses).unmetered == 1


async def test_every_request_names_the_very_prompt() -> None:
    prompt = load_prompt("transition", "1.0.0")
    with serving(GOOD) as first:
        (use,) = (await once(first)).uses
    assert (use.prompt, use.version, use.sha256) == (prompt.name, prompt.version, prompt.sha256)


async def test_each_server_rests_by_itself() -> None:
    seconds = [0.0]
    with serving(500, 500, 500, GOOD) as first, serving(GOOD) as second:
        chain = chain_of(first, second, now=lambda: seconds[0])
        for _ in range(5):
            assert (await asked(chain)).model == "tiny-secondary"
        assert (len(first.requests), len(second.requests)) == (3, 5)
        seconds[0] = 31.0
        assert (await asked(chain)).model == "tiny-primary"
        assert (await asked(chain)).model == "tiny-primary"
        await chain.aclose()


async def test_a_server_that_talks_nonsense_rests_and_one_that_is_only_refused_does_not() -> None:
    with serving("nonsense") as first, serving('{"text": "五折"}') as second:
        chain = chain_of(first, second)
        for _ in range(5):
            await asked(chain)
        await chain.aclose()
    assert (len(first.requests), len(second.requests)) == (3, 5)


@pytest.mark.parametrize(
    ("answers", "sent"), [("json_schema", "json_schema"), ("json_object", "json_object"), ("text", None)]
)
async def test_a_server_is_asked_in_a_form_that_it_knows(answers: str, sent: str | None) -> None:
    with serving(GOOD) as first:
        chain = chain_of(first, answers=answers)
        await asked(chain)
        await chain.aclose()
    assert first.requests[0].get("response_format", {}).get("type") == sent
    assert first.requests[0]["stream"] is True


def test_servers_come_from_the_settings_in_their_order() -> None:
    second = LlmServerSettings(base_url="http://b/v1", model="b")
    chain = build_chain(LlmSettings(base_url="http://a/v1", model="a", input_price=3, fallback=second))
    assert chain is not None
    assert [(server.name, server.model) for server in chain.servers] == [("primary", "a"), ("secondary", "b")]
    assert build_chain(LlmSettings()) is None


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (LlmSettings(fallback=LlmServerSettings(base_url="http://b/v1", model="b")), "llm.base_url"),
        (LlmSettings(base_url="http://a/v1"), "llm.model"),
        (
            LlmSettings(base_url="http://a/v1", model="a", fallback=LlmServerSettings(base_url="http://b/v1")),
            "llm.fallback.model",
        ),
    ],
)
def test_servers_that_cannot_be_asked_are_named(settings: LlmSettings, where: str) -> None:
    with pytest.raises(BadInput, match=where):
        build_chain(settings)


async def test_the_writer_of_the_settings_falls_from_server_to_server_to_the_script() -> None:
    moment = Moment(act="transfer", heard="气死我了", intent="complaint", emotion="angry")
    with serving(500) as first, serving(GOOD, 500) as second:
        settings = LlmSettings(
            base_url=first.url,
            model="a",
            fallback=LlmServerSettings(base_url=second.url, model="b"),
            turn_timeout_s=20.0,
            turn_first_token_s=10.0,
            gap_s=10.0,
        )
        writer = build_writer(settings, build_chain(settings))
        one, other = [await writer.transition(moment) for _ in range(2)]
        await writer.aclose()
    assert one.text == "听您这么说，我很抱歉。"
    assert [(use.model, use.failed) for use in one.prompts] == [("a", "status-500"), ("b", "")]
    assert "抱歉" in other.text
    assert [use.failed for use in other.prompts] == ["status-500", "status-500"]
