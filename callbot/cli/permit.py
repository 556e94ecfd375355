"""`callbot permit`: may this person be called, and if not, which one rule objects and until when."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.gauge import gauge_line
from callbot.cli.moments import in_china, moment_of
from callbot.cli.output import explained, out, print_json, run
from callbot.cli.policy_options import CapWeekOption, SaturdayOption, SetOption, policy_values
from callbot.insight.rule_words import RULES, rule_ends, rule_name
from callbot.outreach.ask import Asked, may_contact
from callbot.settings import load_settings
from callbot.store.plain import plain


def permit(
    customer: Annotated[str, typer.Argument(help="客户的编号、外部编号，或没有重名的姓名。")],
    at: Annotated[
        str, typer.Option(help="带时区的 ISO 时间，例如 2026-03-02T10:00+08:00；不写就是现在。")
    ] = "",
    purpose: Annotated[
        str, typer.Option(help="marketing（营销）或 service_followup（服务回访）。")
    ] = "marketing",
    batch: Annotated[str, typer.Option(help="按这个批次来问；不写就按一个进行中的批次。")] = "",
    settings: SetOption = None,
    cap_week: CapWeekOption = None,
    saturday: SaturdayOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """问一问：现在能不能联系这位客户。

    不能就说明哪条规则不许、到什么时候。什么都不改变。可以则退出码为 0，不可以为 3。
    """
    with explained():
        moment = moment_of(at)
        changes = policy_values(settings, cap_week, saturday)

        async def work() -> Asked:
            async with open_database(load_settings()) as db:
                return await may_contact(
                    db, customer, purpose=purpose, at=moment, batch_id=batch, changes=changes
                )

        asked = run(work())
    block = asked.block
    if as_json:
        print_json(
            {
                "customer": asked.name,
                "at": moment.isoformat(),
                "allowed": block is None,
                "rule": block.rule if block else None,
                "rule_name": RULES[block.rule] if block else None,
                "until": block.until.isoformat() if block and block.until else None,
                "because": block.because if block else None,
                "policy": asked.policy,
                "breaks": list(asked.breaks),
                "budget": plain(asked.budget),
            }
        )
    elif block is None:
        out.print(f"[green]可以拨打[/] {escape(asked.name)}（规则 {asked.policy}）")
    else:
        until = f"{in_china(block.until):%Y-%m-%d %H:%M}（北京时间）" if block.until else ""
        out.print(f"[red]不可拨打[/] {escape(asked.name)}：{escape(block.because)}")
        out.print(f"  规则  {rule_name(block.rule)}，政策 {asked.policy}")
        out.print(f"  解除  {rule_ends(block.rule, until)}")
    if not as_json:
        for broken in asked.breaks:
            out.print(f"  [red]会突破[/] {escape(broken)}（只是提问，什么都没有改变）")
        out.print(f"  打扰额度  {gauge_line(asked.budget)}", soft_wrap=True)
    raise typer.Exit(0 if block is None else 3)
