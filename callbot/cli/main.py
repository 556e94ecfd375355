"""The command `callbot` and its groups."""

from __future__ import annotations

import sys
from typing import Annotated

import structlog
import typer

from callbot import __version__
from callbot.cli import (
    alarm,
    audience,
    batch,
    call,
    case,
    config,
    customer,
    evaluate,
    flow,
    followup,
    guard,
    models,
    outbox,
    pack,
    segment,
    tag,
)
from callbot.cli.demo import demo
from callbot.cli.media import media
from callbot.cli.permit import permit
from callbot.cli.serve import serve

app = typer.Typer(
    name="callbot",
    help="Wins back customers who have gone quiet.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(alarm.app, name="alarm")
app.add_typer(audience.app, name="audience")
app.add_typer(batch.app, name="batch")
app.add_typer(call.app, name="call")
app.add_typer(case.app, name="case")
app.add_typer(config.app, name="config")
app.add_typer(customer.app, name="customer")
app.add_typer(evaluate.app, name="eval")
app.add_typer(flow.app, name="flow")
app.add_typer(followup.app, name="followup")
app.add_typer(guard.app, name="guard")
app.add_typer(models.app, name="models")
app.add_typer(outbox.app, name="outbox")
app.add_typer(pack.app, name="pack")
app.add_typer(segment.app, name="segment")
app.add_typer(tag.app, name="tag")
app.command()(demo)
app.command()(media)
app.command()(permit)
app.command()(serve)


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
