"""What is refused at the door beyond signing in: replays, floods, files that unpack without end, ways out."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fresh_database import fresh_db
from full_house import furnish
from sqlmodel import select
from web_house import NOW, HandClock, a_browser, a_site, a_user, signed_in, with_token

from callbot.carrier import carrier_status
from callbot.settings import CarrierSettings, Settings
from callbot.store.tables import Call, Event, SignIn
from callbot.telephony.twilio_rest import TwilioControl, status_url
from callbot.telephony.twilio_signature import signature
from callbot.web.access.accounts import Accounts
from callbot.web.access.admission import COOKIE
from callbot.web.access.permission import SCOPES, Role
from callbot.web.access.secret import new_secret
from callbot.web.site import Site

MIB = b"a" * (1 << 20)
PASSWORD = "一句很好记的长密码123"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with fresh_db(tmp_path) as db:
        yield a_site(db, tmp_path, HandClock(NOW), upload_mb=9)


@pytest.fixture
async def boss(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with await signed_in(site, Role.SUPERVISOR) as client:
        yield client


async def test_a_bomb_that_calls_itself_a_list_is_refused_before_it_unpacks(
    site: Site, boss: httpx.AsyncClient
) -> None:
    bomb = gzip.compress(MIB * 64, mtime=0)
    answer = await boss.post("/api/lists", files={"file": ("名单.csv", bomb, "text/csv")})
    assert (answer.status_code, "压缩文件" in answer.json()["message"]) == (422, True)
    packed = {"file": ("名单.csv", b"%s", "text/csv")}
    answer = await boss.post("/api/lists", files=packed, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 422  # no body is unpacked either
    assert list((site.data / "staged").glob("*")) == []


async def test_a_list_of_one_endless_line_is_refused_where_it_begins(
    site: Site, boss: httpx.AsyncClient
) -> None:
    head = "客户编号,姓名,手机号,行业,品牌,营销同意时间,同意凭证\n".encode()
    answer = await boss.post("/api/lists", files={"file": ("名单.csv", head + MIB * 2)})
    assert answer.status_code == 422
    assert answer.json()["where"] == "名单.csv 第 2 行"
    assert list((site.data / "staged").glob("*")) == []


@pytest.mark.parametrize("told", [True, False], ids=["told", "found while reading"])
async def test_an_upload_that_is_too_large_leaves_nothing(
    site: Site, boss: httpx.AsyncClient, told: bool
) -> None:
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'

    async def pieces() -> AsyncIterator[bytes]:
        yield start
        for _ in range(10):
            yield MIB
        yield b"\r\n--x--\r\n"

    content = start + MIB * 10 + b"\r\n--x--\r\n" if told else pieces()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await boss.post("/api/lists", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert list((site.data / "staged").glob("*")) == []


async def test_an_event_that_comes_again_stays_one_event(site: Site) -> None:
    await furnish(site)
    client = await with_token(site, *SCOPES)
    event = {"customer": "X-1", "external_id": "E1", "kind": "cart", "at": "2026-03-01 10:00", "note": "锅"}
    corrected = {**event, "note": "汤锅"}
    for each in (event, event, corrected, corrected):
        assert (await client.post("/api/events", json=each)).status_code == 200
    async with site.db.read() as session:
        stored = (await session.exec(select(Event))).all()
    assert [(each.external_id, each.note) for each in stored] == [("E1", "汤锅")]


async def test_an_event_that_has_not_happened_yet_is_refused(site: Site) -> None:
    await furnish(site)
    client = await with_token(site, *SCOPES)
    event = {"customer": "X-1", "external_id": "E1", "kind": "cart", "at": str(NOW + timedelta(days=2))}
    answer = await client.post("/api/events", json=event)
    assert (answer.status_code, answer.json()["rejected"]) == (207, 1)
    async with site.db.read() as session:
        assert (await session.exec(select(Event))).all() == []


MEDIA = "wss://calls.example.com/media"
STATUS = "CallSid=CA1&CallStatus=busy&SipResponseCode=486"


@pytest.mark.parametrize(
    ("query", "signed"),
    [
        (STATUS, ""),
        (STATUS, f"{status_url(MEDIA)}?CallSid=CA2&CallStatus=busy"),
        (STATUS + "&CallStatus=completed", f"{status_url(MEDIA)}?{STATUS}"),
        (STATUS, f"https://elsewhere.example.com/status?{STATUS}"),
    ],
    ids=["unsigned", "of another call", "added to", "of another address"],
)
async def test_a_carriers_message_that_it_did_not_sign_for_us_is_refused(query: str, signed: str) -> None:
    settings = Settings(carrier=CarrierSettings(kind="twilio", account="AC1", auth_token="t0ken"))
    control = TwilioControl(account="AC1", auth_token="t0ken", base_url="http://127.0.0.1:9")
    told: list[object] = []
    control.on_status = told.append  # type: ignore[method-assign,assignment]
    claimed = signature("t0ken", signed, {}) if signed else ""
    assert not carrier_status(settings, control, MEDIA, query, {"X-Twilio-Signature": claimed})
    right = {"X-Twilio-Signature": signature("t0ken", f"{status_url(MEDIA)}?{query}", {})}
    assert told == []
    assert carrier_status(settings, control, MEDIA, query, right)
    assert len(told) == 1
    await control.aclose()


async def test_a_session_that_somebody_planted_is_never_signed_in(site: Site) -> None:
    user = await a_user(site, "zhao", Role.SUPERVISOR)
    await Accounts(site.db, site.audit, site.passwords).give_password(user, PASSWORD, NOW)
    planted = new_secret()
    victim, attacker = a_browser(site), a_browser(site)
    for client in (victim, attacker):
        client.cookies.set(COOKIE, planted)
    entered = await victim.post("/api/sign-in", json={"name": "zhao", "password": PASSWORD})
    assert entered.status_code == 200
    assert planted not in entered.headers["set-cookie"]
    assert (await attacker.get("/api/me")).status_code == 401
    async with site.db.read() as session:
        assert len((await session.exec(select(SignIn))).all()) == 1


async def test_a_forwarded_host_from_anybody_writes_no_address(site: Site) -> None:
    admin = await signed_in(site, Role.ADMIN)
    new = {"name": "lin", "display_name": "林", "roles": ["agent"]}
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    made = await admin.post("/api/users", json=new, headers=headers)
    assert made.json()["link"]["address"].startswith("http://127.0.0.1/link/")
    refused = await admin.post("/api/users", json=new, headers={"Host": "evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown-host")


@pytest.mark.parametrize(
    "name", ["../secret.wav", "/etc/hostname", "link.wav", "recordings/../../secret.wav", ""]
)
async def test_a_recording_never_leads_out_of_its_folder(
    site: Site, boss: httpx.AsyncClient, name: str
) -> None:
    known = await furnish(site)
    secret = site.data.parent / "secret.wav"
    secret.write_bytes((site.data / "recordings" / "C-1.wav").read_bytes())
    (site.data / "link.wav").symlink_to(secret)
    async with site.db.write() as session:
        row = await session.get_one(Call, known["call_id"])
        row.recording = row.event_log = name
    for part in ("recording", "peaks", "events"):
        answer = await boss.get(f"/api/calls/{known['call_id']}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), part
