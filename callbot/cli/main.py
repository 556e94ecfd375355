"""The command `callbot` and its groups."""

from __future__ import annotations

import sys
from typing import Annotated

import structlog
import typer

from callbot import __version__
from callbot.cli.late_import import Late, LateGroup


class Commands(LateGroup):
    late = {
        "alarm": Late(module="callbot.cli.alarm", help="Alarms: list, acknowledge."),
        "audience": Late(
            module="callbot.cli.audience", help="Audience: who is likely to come back, and who is about to go."
        ),
        "audit": Late(module="callbot.cli.audit", help="Audit log: list, verify."),
        "batch": Late(module="callbot.cli.batch", help="Batches: make, look at, launch, pause, go on, cancel."),
        "call": Late(module="callbot.cli.call", help="Calls: list, show as a script, replay."),
        "case": Late(module="callbot.cli.case", help="Complaint cases: list, show, answer, compensate, close."),
        "config": Late(module="callbot.cli.config", help="Settings in force."),
        "customer": Late(
            module="callbot.cli.customer", help="Customers: take them in, profile, tags, what follows."
        ),
        "demo": Late(
            module="callbot.cli.demo",
            name="demo",
            help="Call a batch of simulated customers over a real telephony websocket, speaking and listening.",
        ),
        "eval": Late(
            module="callbot.cli.evaluate", help="用自己标注的数据衡量理解：意图、情绪、转人工、结果。"
        ),
        "flow": Late(module="callbot.cli.flow", help="对话流程：检查、试聊。"),
        "followup": Late(
            module="callbot.cli.followup", help="Follow-ups: list, claim, finish, cancel, postpone."
        ),
        "guard": Late(module="callbot.cli.guard", help="说出口之前的检查：量一量它拦住了什么。"),
        "media": Late(
            module="callbot.cli.media",
            name="media",
            help="Run one media process: it takes calls of every running batch until Ctrl-C.",
        ),
        "models": Late(
            module="callbot.cli.models", help="Recogniser, voice and voice activity on this machine."
        ),
        "outbox": Late(
            module="callbot.cli.outbox", help="Messages to the outside: list, show, deliver, replay."
        ),
        "pack": Late(
            module="callbot.cli.pack",
            help="Scenario packs: segments, strategies, offers and rules of an industry.",
        ),
        "permit": Late(module="callbot.cli.permit", name="permit", help="Ask the one door."),
        "promise": Late(module="callbot.cli.promise", help="Promises made on the phone: list."),
        "segment": Late(module="callbot.cli.segment", help="Segments: named groups of customers for batches."),
        "serve": Late(
            module="callbot.cli.serve",
            name="serve",
            help="Serve the pages and the desk, and work through every running batch in its windows, "
            "until Ctrl-C.",
        ),
        "tag": Late(
            module="callbot.cli.tag", help="Tag factory: who carries which tag, by conditions that staff write."
        ),
        "token": Late(module="callbot.cli.token", help="Tokens of other systems: add, list, revoke."),
        "user": Late(module="callbot.cli.user", help="Users of the pages: add, list, role, disable, link."),
    }


app = typer.Typer(
    name="callbot",
    help="Wins back customers who have gone quiet.",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"callbot {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Wins back customers who have gone quiet."""
    # Standard output belongs to answers, which programs read as JSON.
    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )


def main() -> None:
    """Run a command; Ctrl-C ends it with status 130 and no traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
