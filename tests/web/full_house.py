"""A house in which something of everything has happened once, and the ids by which it is asked for."""

from __future__ import annotations

import wave
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from store_rows import a_batch, a_call, a_customer, a_turn, an_attempt
from web_house import NOW, VAULT

from callbot.audience import segments
from callbot.audience.importing import Defaults
from callbot.store.tables import (
    Agent,
    Alarm,
    ApiToken,
    BatchMember,
    ComplaintCase,
    FollowUp,
    GuardBlockRow,
    ImportRun,
    OfferRow,
    ReviewNote,
    Transfer,
    User,
)
from callbot.web.api.lists import lists_of
from callbot.web.site import Site

AGENT = "lin"
"""Whom everything of this house was handed to."""
SAID = "别再打了，+8610024681357 是我先生的号码"
_LIST = (
    "客户编号,姓名,手机号,行业,品牌,营销同意时间,同意凭证\n"
    "A1,王晓芸,+8610035792468,电商,悦选商城,2025-06-01,TY-1\n"
    "A2,,+8610046813579,电商,悦选商城,2025-06-01,TY-2\n"
)


async def furnish(site: Site) -> Mapping[str, str]:
    """Put a customer with batch, call, transfer, tasks and all else into the base; ids by path parameter."""
    _files(site.data)
    async with site.db.write() as session:
        for rows in _rows(site.data):
            session.add_all(rows)
            await session.flush()
    await segments.save(site.db, "回头客", "last_order_days < 400", NOW, by="test")
    staged = await lists_of(site).stage(
        site.db, site.vault, site.clock, name="三月.csv", content=_chunks(), by="test", defaults=Defaults()
    )
    return {
        "batch_id": "B-1",
        "call_id": "C-1",
        "customer_id": "K-1",
        "transfer_id": "T-1",
        "follow_up_id": "F-1",
        "case_id": "CASE-1",
        "alarm_id": "ALARM-1",
        "note_id": "NOTE-1",
        "run_id": "RUN-1",
        "list_id": staged.id,
        "agent_id": AGENT,
        "user_id": "U-1",
        "token_id": "TOKEN-1",
        "name": "回头客",
    }


async def _chunks() -> Any:
    yield _LIST.encode()


def _files(data: Path) -> None:
    sound = np.zeros((16_000, 2), dtype="<i2")
    sound[:8_000, 1] = 16_384
    (data / "recordings").mkdir()
    with wave.open(str(data / "recordings" / "C-1.wav"), "wb") as file:
        file.setparams((2, 2, 8_000, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    (data / "one.jsonl").write_text(f'{{"at_ms": 10, "event": "turn", "text": "{SAID}"}}\n', encoding="utf-8")
    (data / "one.rejected.csv").write_text("姓名,原因\n,没有姓名\n", encoding="utf-8")


def _rows(data: Path) -> list[list[Any]]:
    """In the order in which they refer to one another."""
    sealed = VAULT.seal("+8610024681357")
    rejects = data / "one.rejected.csv"
    return [
        [
            a_batch(NOW, id="B-1"),
            a_customer(
                NOW,
                id="K-1",
                external_id="X-1",
                name="王晓芸",
                phone_cipher=sealed.cipher,
                phone_hash=sealed.hash,
                phone_masked=sealed.masked,
                timezone="Asia/Shanghai",
            ),
            Agent(id=AGENT, name=AGENT, skills={"complaint": 3}),
            User(id="U-1", name="spare", display_name="备用", roles=["qa"], made_by="test", made_at=NOW),
            ApiToken(
                id="TOKEN-1", name="crm", prefix="cb_1234567", token_hash="0" * 64, scopes=[], made_at=NOW
            ),
            OfferRow(code="VIP-20", industry="ecommerce", title="八折券", discount_percent=20, created_at=NOW),
            OfferRow(code="SORRY", industry="ecommerce", title="致歉礼", compensation=True, created_at=NOW),
            ImportRun(
                id="RUN-1",
                kind="customers",
                source="三月.csv",
                sha256="0" * 64,
                size=1,
                state="done",
                rejects=str(rejects),
                rejects_size=rejects.stat().st_size,
                started_at=NOW,
                updated_at=NOW,
            ),
        ],
        [
            BatchMember(batch_id="B-1", customer_id="K-1"),
            an_attempt(
                NOW,
                id="A-1",
                batch_id="B-1",
                customer_id="K-1",
                state="done",
                answered_at=NOW,
                ended_at=NOW,
                outcome="transferred",
            ),
        ],
        [
            a_call(
                NOW,
                id="C-1",
                attempt_id="A-1",
                customer_id="K-1",
                duration_ms=2_000,
                outcome="transferred",
                recording="recordings/C-1.wav",
                event_log="one.jsonl",
            )
        ],
        [
            a_turn(SAID, call_id="C-1", intent="do_not_call", emotion="angry"),
            GuardBlockRow(call_id="C-1", customer_id="K-1", at_ms=900, text="打五折", act="offer"),
            Transfer(
                id="T-1",
                call_id="C-1",
                customer_id="K-1",
                reason="complaint",
                skill="complaint",
                priority=1,
                state="done",
                result="connected",
                agent_id=AGENT,
                offered_at=NOW,
                brief={"own_words": SAID, "own_words_ms": [0, 900]},
            ),
            FollowUp(
                id="F-1",
                customer_id="K-1",
                kind="assign_agent_24h",
                owner=AGENT,
                state="open",
                due_at=NOW - timedelta(hours=1),
                created_at=NOW,
            ),
            ComplaintCase(
                id="CASE-1",
                customer_id="K-1",
                attempt_id="A-1",
                words=SAID,
                owner=AGENT,
                opened_at=NOW,
                answer_due_at=NOW + timedelta(hours=24),
            ),
            Alarm(
                id="ALARM-1",
                kind="late",
                about="F-1",
                customer_id="K-1",
                owner=AGENT,
                due_at=NOW,
                raised_at=NOW,
            ),
            ReviewNote(id="NOTE-1", call_id="C-1", text="好", made_by="qa", made_at=NOW),
        ],
    ]
