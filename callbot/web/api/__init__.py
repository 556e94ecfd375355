"""The JSON API: one file for each thing, each with its `router`."""

from __future__ import annotations

from fastapi import APIRouter

from callbot.web.api import (
    account,
    alarms,
    audit,
    batch_making,
    batches,
    board,
    call_export,
    calls,
    cases,
    customers,
    desk,
    flows,
    follow_ups,
    imports,
    intake,
    lists,
    policy,
    recalls,
    reviews,
    sign_in,
    supervise,
    tokens,
    users,
)

ROUTERS: tuple[APIRouter, ...] = (
    sign_in.router,
    account.router,
    board.router,
    desk.router,
    supervise.router,
    recalls.router,
    batches.router,
    batch_making.router,
    lists.router,
    call_export.router,
    calls.router,
    reviews.router,
    customers.router,
    intake.router,
    follow_ups.router,
    cases.router,
    alarms.router,
    imports.router,
    flows.router,
    policy.router,
    users.router,
    tokens.router,
    audit.router,
)
"""All under /api. A customer is looked up (`customers`) and handed in (`intake`) at the same address."""
