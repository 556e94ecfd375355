"""What training found, as values and as a page: who scores each business line, how well, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from callbot.audience.score.measures import Duel, Interval

_SHOWN: Final = 8
INDUSTRIES: Final = {"ecommerce": "电商", "aesthetics": "医美", "education": "教育", "finance": "金融"}
CAME: Final = {"wake": "回来", "leave": "沉默"}
TITLES: Final = {"wake": "唤回概率", "leave": "流失风险"}
RETURNS: Final = {"any": "下单、登录或再次使用", "order": "下单"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Examples of some moments; ISO dates."""

    first: str
    last: str
    rows: int
    """A customer who was silent at several moments counts at each."""
    customers: int
    came: int
    """Those for which it came true: came back, or went silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """How far a feature moves the log-odds among customers (standard deviation), and which way."""

    feature: str
    title: str
    spread: float
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """One question and business line."""

    about: str
    """`wake` or `leave`."""
    industry: str
    takes_over: bool
    """The learned score replaces the scorecard."""
    why: str
    """zh-CN."""
    learn: Slice
    calibrate: Slice
    test: Slice
    enough: bool = True
    """There was history enough to try."""
    duel: Duel | None = None
    influences: tuple[Influence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All questions and business lines."""

    model: str
    until: str
    horizon_days: int
    returns: str
    moments: tuple[str, ...]
    lines: tuple[LineReport, ...]


def save_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write `report.md` and `report.json`; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    page, data = folder / "report.md", folder / "report.json"
    page.write_text(markdown(report), encoding="utf-8")
    data.write_text(json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return page, data


def markdown(report: Report) -> str:
    """The page, zh-CN."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    yield "# 唤回概率与流失风险：训练报告\n"
    yield (
        f"模型 `{report.model}`。唤回概率：某一时点已沉默的客户，此后 {report.horizon_days} 天内是否回来"
        f"（{RETURNS[report.returns]}）。流失风险：某一时点仍活跃的客户，{report.horizon_days} 天后是否已沉默。"
        f"只用到 {report.until} 为止的本库历史；特征只看时点之前有日期的记录。"
    )
    moments = "、".join(report.moments)
    yield f"时点 {len(report.moments)} 个：{moments}。按时间先后切分：先训练，再校准，最后的时点用来比较。\n"
    yield "| 问题 | 业务线 | 由谁评分 | 为什么 |\n|---|---|---|---|"
    for line in report.lines:
        who = "模型" if line.takes_over else "规则评分"
        yield f"| {TITLES[line.about]} | {name_of(line.industry)} | {who} | {line.why} |"
    yield (
        "\n历史中包含以往的联系，得分因此是“照以往的做法，回来的概率”。同一位客户可能出现在多个时点，区间按客户重抽样。"
        "规则评分在过去时点上看不到没有日期的字段（退款标记、工单状态、会员等级），那里的数字与今天的评分因此略有出入。"
    )
    for line in report.lines:
        yield from _line(line)


def _line(line: LineReport) -> Iterator[str]:
    yield f"\n## {TITLES[line.about]}：{name_of(line.industry)}\n"
    yield f"| 用途 | 时点 | 例数 | 客户 | {CAME[line.about]} |\n|---|---|---|---|---|"
    for name, part in (("训练", line.learn), ("校准", line.calibrate), ("比较", line.test)):
        share = f"{part.came / part.rows:.1%}" if part.rows else "—"
        came = f"{part.came}（{share}）"
        yield f"| {name} | {part.first} 至 {part.last} | {part.rows} | {part.customers} | {came} |"
    if line.duel is None:
        return
    found = line.duel
    yield "\n| 比较时段 | AUC（95% 区间） | Brier | 校准误差 |\n|---|---|---|---|"
    for name, quality in (("模型", found.learned), ("规则评分", found.points)):
        yield f"| {name} | {_interval(quality.auc)} | {quality.brier:.4f} | {quality.calibration_error:.1%} |"
    yield f"| 之差 | {_interval(found.gain)} | | |"
    yield "\n校准：按得分从低到高分成十组。\n"
    yield "| 组 | 例数 | 模型说 | 实际 | 规则评分说 | 实际 |\n|---|---|---|---|---|---|"
    for place, (one, other) in enumerate(zip(found.learned.bins, found.points.bins, strict=True), 1):
        yield (
            f"| {place} | {one.count} | {one.said:.1%} | {one.came:.1%} | {other.said:.1%} | {other.came:.1%} |"
        )
    yield "\n| 影响最大的特征 | 强度 | 方向 |\n|---|---|---|"
    for each in line.influences[:_SHOWN]:
        yield f"| {each.title} | {each.spread:.2f} | {each.direction} |"


def _interval(found: Interval) -> str:
    return f"{found.value:.3f}（{found.low:.3f} 至 {found.high:.3f}）"


def name_of(industry: str) -> str:
    """zh-CN."""
    return INDUSTRIES.get(industry, industry)
