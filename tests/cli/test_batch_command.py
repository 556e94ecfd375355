"""`callbot batch` from a list to its end, and everything that is wrong with one said at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from command_line import answer, run, write_csv

pytestmark = pytest.mark.usefixtures("place")

AT = "2026-11-17T10:00+08:00"
"""A Tuesday morning."""
NIGHT = "2026-11-17T22:00+08:00"


def people(count: int = 3) -> list[dict[str, str]]:
    return [
        {
            "客户编号": f"T-{index}",
            "姓名": f"王小{'一二三四五六'[index]}",
            "手机号": f"+86100{(index * 7919 + 1234567) * 13 % 100_000_000:08d}",
            "行业": "电商",
            "品牌": "悦选商城",
        }
        for index in range(count)
    ]


def base(place: Path, count: int = 3) -> Path:
    """A folder with customers who agreed to be called."""
    folder = place / "base"
    folder.mkdir()
    write_csv(folder / "customers.csv", *people(count))
    write_csv(
        folder / "consents.csv",
        *(
            {
                "客户编号": row["客户编号"],
                "用途": "marketing",
                "是否同意": "是",
                "时间": "2026-01-05 10:00",
                "文本版本": "v1",
                "渠道": "app",
                "凭证": f"勾选记录 {row['客户编号']}",
            }
            for row in people(count)
        ),
    )
    return folder


def stored(place: Path) -> int:
    """Customers in the base."""
    with closing(sqlite3.connect(place / "var" / "callbot.db")) as base:
        return int(base.execute("SELECT count(*) FROM customer").fetchone()[0])


def test_a_batch_is_made_looked_at_asked_about_and_ended(place: Path) -> None:
    batch_id = answer(
        "batch", "create", str(base(place)), "--flow", "winback", "--hold-out", "0", "--priority", "5",
        "--lines", "2", "--until", "2030-12-31", "--saturday", "off",
    )["batch_id"]  # fmt: skip
    shown = answer("batch", "preview", batch_id, "--at", AT)
    assert (len(shown["now"]), shown["later"], shown["never"]) == (3, [], [])
    assert {person["name"] for person in shown["people"].values()} == {"王小一", "王小二", "王小三"}
    later = run("batch", "preview", batch_id, "--at", NIGHT)
    assert "现在可拨打 0 位，稍后 3 位" in later
    assert "王小一 " in later
    assert "****" in later
    assert shown["now"][0] not in later

    asked = run("batch", "what-if", batch_id, "--at", NIGHT, "--set", "windows.mon-fri=09:00-23:00")
    assert "现在可拨打 0 → 3（+3）" in asked
    assert "会突破 可联系时段的外边界 09:00-21:00" in asked
    inside = run("batch", "what-if", batch_id, "--at", "2026-11-21T10:30+08:00", "--saturday", "on")
    assert "0 → 3（+3）" in inside
    assert "不突破任何外边界" in inside

    assert "callbot serve" in run("batch", "launch", batch_id)
    run("batch", "pause", batch_id, "--reason", "午间会议")
    assert "由 callbot serve 拨打" in run("batch", "resume", batch_id)
    told = run("batch", "show", batch_id)
    for words in (
        "进行中",
        "线路 0/2",
        "优先 5",
        "坐席不构成限制，最多 2 路",
        "午间会议",
    ):
        assert words in told
    assert "关闭排队 0 通" in run("batch", "cancel", batch_id)
    (line,) = answer("batch", "list")
    assert (line["batch"]["state"], line["batch"]["ends_on"]) == ("cancelled", "2030-12-31")
    assert "已取消" in run("batch", "launch", batch_id, status=2)


def test_a_person_is_asked_about_with_other_values_and_shows_what_is_left(place: Path) -> None:
    answer("batch", "create", str(base(place, 1)), "--flow", "winback")
    asked = run("permit", "T-0", "--at", NIGHT, "--set", "windows.mon-fri=09:00-23:00")
    assert "可以拨打" in asked
    assert "会突破" in asked
    assert "还可打扰 1 次（最紧：当天接通" in asked
    assert "不可拨打" in run("permit", "T-0", "--at", NIGHT, status=3)
    assert "打扰额度  还可打扰 1 次" in run("customer", "show", "T-0")


def test_everything_that_is_wrong_is_said_at_once_before_anything_is_stored(place: Path) -> None:
    rows = [*people(2), {**people(1)[0], "客户编号": "T-9", "手机号": "12"}]
    said = run(
        "batch", "create", str(write_csv(place / "list.csv", *rows)), "--flow", "winbakc", "--hold-out", "100",
        "--from", "2026-12-02", "--until", "2026-12-01", "--set", "caps.answered_per_7d=9",
        status=2,
    )  # fmt: skip
    for words in ("手机号", "winbakc", "对照组不能是 100%", "截止日 2026-12-01", "caps.answered_per_7d"):
        assert words in said
    assert answer("batch", "list") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--offer", "NO-SUCH"), "没有优惠 NO-SUCH"),
        (("--from", "2100-01-01", "--until", "2100-02-01"), "节假日表还没有 2100 年"),
        (("--set", "windows.mon-fri=", "--saturday", "off"), "的时段都是空的"),
        (("--until", "2001-01-01"), "已经过去"),
        (("--set", "windows.mon-fri=12:00-09:00"), "不是时段"),
        (("--set", "caps"), "不是“名称=值”"),
    ],
)
def test_a_batch_that_could_call_nobody_is_refused(place: Path, options: tuple[str, ...], said: str) -> None:
    assert said in run("batch", "create", str(base(place)), "--flow", "winback", *options, status=2)
    assert answer("batch", "list") == []
    assert stored(place) == 0, "nobody of a refused list is left behind"


def test_a_refused_list_leaves_nobody_and_no_offer_behind(place: Path) -> None:
    counted = [{**row, "手机号": f"+86100{20_000_000 + number}"} for number, row in enumerate(people(6) * 5)]
    rows = [{**row, "客户编号": f"N-{number}"} for number, row in enumerate(counted)]
    offers = write_csv(
        place / "offers.csv", {"优惠编号": "A", "行业": "电商", "名称": "八折券", "减免百分比": "20"}
    )
    said = run(
        "batch", "create", str(write_csv(place / "list.csv", *rows)), "--flow", "winback",
        "--offers", str(offers), "--offer", "A", "--offer", "B", status=2,
    )  # fmt: skip
    assert "不得对号段盲呼" in said
    run(
        "batch",
        "create",
        str(base(place)),
        "--flow",
        "winback",
        "--offers",
        str(offers),
        "--offer",
        "B",
        status=2,
    )
    assert stored(place) == 0
    told = run("batch", "create", str(place / "base"), "--flow", "winback", "--offer", "A", status=2)
    assert "没有优惠 A" in told, "the sheet of a refused batch is not stored either"
    made = ("--offers", str(offers), "--offer", "A")
    assert answer("batch", "create", str(place / "base"), "--flow", "winback", *made)["batch_id"]


def test_a_list_that_contradicts_the_base_changes_nothing(place: Path) -> None:
    run("customer", "import", str(base(place, 2)))
    clash = {**people(1)[0], "客户编号": "T-9"}
    listed = write_csv(place / "list.csv", *people(4)[2:], clash)
    assert "这个号码已属于客户 T-0" in run("batch", "create", str(listed), "--flow", "winback", status=2)
    assert stored(place) == 2


def test_a_list_in_gbk_is_taken_and_in_utf_16_named(place: Path) -> None:
    good = write_csv(place / "gbk.csv", *people(), encoding="gbk")
    assert answer("batch", "create", str(good), "--flow", "winback")["batch_id"]
    other = write_csv(place / "utf16.csv", *people(), encoding="utf-16")
    assert "UTF-16" in run("batch", "create", str(other), "--flow", "winback", status=2)


def test_a_segment_becomes_a_batch_and_an_unknown_one_is_named(place: Path) -> None:
    assert "nobody-has-this" in run(
        "batch", "create", "--segment", "nobody-has-this", "--flow", "winback", status=2
    )
    assert "写 FILE 或 --segment" in run("batch", "create", "--flow", "winback", status=2)


def test_nothing_is_cut_off_and_times_are_chinas(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = answer("batch", "create", str(base(place)), "--flow", "winback", "--hold-out", "0")["batch_id"]
    monkeypatch.setenv("COLUMNS", "100")
    assert made in run("batch", "list")
    assumed = ("--set", "windows.sat-sun=10:00-12:00", "--cap-week", "1")
    shown = run("batch", "preview", made, "--at", NIGHT) + run("batch", "what-if", made, "--at", AT, *assumed)
    assert "2026-11-17 22:00：" in shown
    assert "2026-11-18 09:00" in shown
    assert "windows.sat-sun=10:00-12:00，caps.answered_per_7d=1" in shown
    assert "…" not in shown
    assert "UTC" not in shown


def test_a_flow_of_one_industry_calls_nobody_of_another(place: Path) -> None:
    told = run("batch", "create", str(base(place)), "--flow", "winback/finance", status=2)
    assert "流程 winback/finance: 流程是为金融写的，客户是电商的" in told
    assert "--flow winback，" in told


def test_who_went_quiet_is_known_at_once(place: Path) -> None:
    run("customer", "import", str(base(place)))
    assert "callbot audience assess" in run("customer", "show", "T-0")
    assert "已评估 3 位客户" in run("audience", "assess")
    assert "尚未评估" not in run("customer", "show", "T-0")
    found = answer("audience", "assess")
    assert found["assessed"] == sum(group["customers"] for group in found["groups"]) == 3


def test_every_change_of_a_batch_answers_a_program(place: Path) -> None:
    made = answer("batch", "create", str(base(place)), "--flow", "winback")["batch_id"]
    assert answer("batch", "launch", made) == {"batch_id": made, "state": "running"}
    assert answer("batch", "pause", made) == {"batch_id": made, "state": "paused"}
    assert answer("batch", "resume", made) == {"batch_id": made, "state": "running"}
    assert "去掉 --here" in run("batch", "launch", made, "--here", "--json", status=2)
    assert answer("batch", "cancel", made)["closed"] == 0


def test_a_rule_is_named_in_chinese_with_its_end(place: Path) -> None:
    batch_id = answer("batch", "create", str(base(place)), "--flow", "winback", "--hold-out", "0")["batch_id"]
    shown = run("batch", "preview", batch_id, "--at", NIGHT)
    assert "可联系时段" in shown
    assert "（window）" in shown
    assert "2026-11-18 09:00 起" in shown
    said = run("permit", "T-0", "--at", NIGHT, status=3)
    assert "规则  可联系时段（window）" in said
    assert "解除  2026-11-18 09:00（北京时间）" in said
    refused = run("permit", "T-0", "--at", AT, "--purpose", "service_followup", status=3)
    assert "联系同意（consent）" in refused
    assert "取得有凭证的同意后" in refused


def test_two_wishes_for_one_value_are_refused(place: Path) -> None:
    said = run(
        *("batch", "what-if", "B", "--saturday", "on", "--set", "windows.sat-sun=10:00-11:00"),
        *("--cap-week", "3", "--set", "caps.answered_per_7d=1"),
        status=2,
    )
    assert "--saturday: --set 也写了 windows.sat-sun" in said
    assert "--cap-week: --set 也写了 caps.answered_per_7d" in said
