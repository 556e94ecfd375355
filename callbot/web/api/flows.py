"""The conversation flows that ship with callbot, for reading."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache

from fastapi import APIRouter

from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flows
from callbot.resources import folder
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.refusal import missing
from callbot.web.shapes.flows import FlowLineOut, FlowOut, flow_line

router = APIRouter(prefix="/api/flows", tags=["flows"])


async def flows() -> Mapping[str, Flow]:
    """Every flow by its name, read beside the event loop. Raises `BadInput`."""
    return await asyncio.to_thread(_flows)


@cache
def _flows() -> Mapping[str, Flow]:
    """They change with the installation alone."""
    return load_flows(folder("dialog_flows"))


@router.get("", dependencies=[needs(Permission.FLOW_READ)])
async def listed() -> list[FlowLineOut]:
    """All flows by name."""
    return [flow_line(flow) for _, flow in sorted((await flows()).items())]


@router.get("/{name:path}", dependencies=[needs(Permission.FLOW_READ)])
async def one(name: str) -> FlowOut:
    """A flow with its steps, the ways between them and every line."""
    flow = (await flows()).get(name)
    if flow is None:
        raise missing("flow")
    return FlowOut.of(flow)
