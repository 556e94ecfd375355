"""The token that other systems show; without one set, nobody gets in."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request
from pydantic import SecretStr


def bearer(token: SecretStr) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """A dependency that lets in whoever sends `Authorization: Bearer <token>`.

    403 while `web.api_token` is empty, 401 for a missing or wrong token; compared in constant time.
    """
    wanted = token.get_secret_value().encode()

    async def check(request: Request) -> None:
        if not wanted:
            raise HTTPException(403, "接口没有开放 → 设置 web.api_token（CALLBOT_WEB__API_TOKEN）后重新启动")
        kind, _, shown = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode(), wanted):
            raise HTTPException(
                401,
                "令牌缺失或不对 → 请求头写 Authorization: Bearer <web.api_token>",
                headers={"WWW-Authenticate": "Bearer"},
            )

    return check
