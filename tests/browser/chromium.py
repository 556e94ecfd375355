"""Which browser, and how it is started."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from playwright.async_api import Browser

CHROMIUM = os.environ.get("CALLBOT_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)

OpenBrowser: TypeAlias = Callable[..., AbstractAsyncContextManager[Browser]]
"""`async with open_browser() as browser`; more arguments of Chromium as text."""
