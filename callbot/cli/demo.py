"""`callbot demo`: the whole of it, on simulated customers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callbot.cli.output import explained, out, run
from callbot.demo.run import SEED, Wish, run_demo
from callbot.settings import load_settings


def demo(
    seed: Annotated[int, typer.Option(help="Chooses phrasings, pauses and noise.")] = SEED,
    personas: Annotated[
        Path | None, typer.Option(help="A folder of callees of your own, see docs/personas.md.")
    ] = None,
    lines: Annotated[int, typer.Option(min=1, max=20, help="Calls at the same time.")] = 4,
    exit_: Annotated[
        bool, typer.Option("--exit", help="End after the batch instead of serving pages.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget a demo that was stopped.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only results, not every sentence.")] = False,
    data: Annotated[Path | None, typer.Option(help="Where its data goes.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write outcomes and latencies to this JSON file.")] = None,
) -> None:
    """Call a batch of simulated customers over a real telephony websocket, speaking and listening.

    Exit status 1 when a do-not-call or complaint was missed, a call ended without an outcome, or (under the
    demo's own seed) any recorded outcome differs from what the callee meant.
    """
    wish = Wish(
        seed=seed,
        personas=personas,
        lines=lines,
        exit=exit_,
        fresh=fresh,
        quiet=quiet,
        data=data,
        report=report,
    )
    with explained():
        status = run(run_demo(load_settings(), wish, out))
    raise typer.Exit(status)
