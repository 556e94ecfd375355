"""`callbot batch`: the life of a batch, from a list to its end."""

from __future__ import annotations

from typing import Annotated

import typer

from callbot.app import open_database
from callbot.cli import batch_new, batch_show
from callbot.cli.batch_calls import call_batch
from callbot.cli.batch_show import IdArgument, JsonOption
from callbot.cli.output import explained, out, print_json, run, tell
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.outreach import batch as batches
from callbot.settings import load_settings
from callbot.store.plain import plain

app = typer.Typer(add_completion=False, help="批次：创建、查看、启动、暂停、恢复、取消。", no_args_is_help=True)
app.command("create")(batch_new.create)
app.command("run")(batch_new.run_list)
app.command("preview")(batch_show.preview)
app.command("what-if")(batch_show.what_if)
app.command("show")(batch_show.show)
app.command("list")(batch_show.list_batches)

ReasonOption = Annotated[str, typer.Option(help="理由，记在批次里。")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="只看结果，不看每句话。")]
HereOption = Annotated[bool, typer.Option("--here/--served", help="由本命令拨打，或交给 callbot serve。")]


@app.command()
def launch(
    batch_id: IdArgument,
    reason: ReasonOption = "",
    here: HereOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """启动草稿。由 callbot serve 拨打；加 --here 由本命令拨打。"""
    with explained():
        _one_answer(here, as_json)
        if here:
            run(call_batch(load_settings(), batch_id, quiet=quiet, reason=reason))
        else:
            run(_launch(batch_id, reason))
            tell(as_json, _now(batch_id, "running"), f"批次 {batch_id} 已启动，由 callbot serve 拨打")


@app.command()
def resume(
    batch_id: IdArgument,
    reason: ReasonOption = "",
    here: HereOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """继续一个暂停的批次。由 callbot serve 拨打；加 --here 由本命令拨打，也可接着上次停下的地方拨。

    熔断暂停的批次要写 --reason。
    """
    with explained():
        _one_answer(here, as_json)
        if here:
            run(call_batch(load_settings(), batch_id, quiet=quiet, reason=reason))
        else:
            run(_resume(batch_id, reason))
            tell(as_json, _now(batch_id, "running"), f"批次 {batch_id} 已恢复，由 callbot serve 拨打")


@app.command()
def pause(batch_id: IdArgument, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """不再拨打进行中的批次；正在通话的不受影响。"""

    async def work() -> None:
        async with open_database(load_settings()) as db:
            await batches.pause(db, batch_id, SystemClock().now(), reason=reason)

    with explained():
        run(work())
    done = f"批次 {batch_id} 已暂停；继续：callbot batch resume {batch_id}"
    tell(as_json, _now(batch_id, "paused"), done)


@app.command()
def cancel(batch_id: IdArgument, as_json: JsonOption = False) -> None:
    """彻底结束批次：关闭排队的，正在通话的继续，答应过的回拨保留。"""

    async def work() -> batches.Cancelled:
        async with open_database(load_settings()) as db:
            return await batches.cancel(db, batch_id, SystemClock().now())

    with explained():
        left = run(work())
    if as_json:
        print_json(plain(left))
        return
    out.print(f"批次 {batch_id} 已取消，关闭排队 {left.closed} 通", soft_wrap=True)
    if left.promised:
        out.print(f"已约定的回拨 {left.promised} 通会如约拨打：批次 {left.promises_in}", soft_wrap=True)


def _now(batch_id: str, state: str) -> dict[str, str]:
    return {"batch_id": batch_id, "state": state}


def _one_answer(here: bool, as_json: bool) -> None:
    if here and as_json:
        raise BadInput.one("--json", "边拨打边显示时没有 JSON", "去掉 --here，由 callbot serve 拨打")


async def _launch(batch_id: str, reason: str) -> None:
    async with open_database(load_settings()) as db:
        await batches.launch(db, batch_id, SystemClock().now(), reason=reason)


async def _resume(batch_id: str, reason: str) -> None:
    async with open_database(load_settings()) as db:
        await batches.resume(db, batch_id, SystemClock().now(), reason=reason)
