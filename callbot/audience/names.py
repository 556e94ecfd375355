"""Names that staff give to tags and segments."""

from __future__ import annotations

from typing import Final

from callbot.errors import BadInput

LONGEST_NAME: Final = 40


def check_name(name: str, kind: str) -> None:
    """On one line and short. Raises `BadInput`; `kind` is zh-CN."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise BadInput.one(
            f"{kind} {name!r}",
            "名字是空的、太长或带有控制字符",
            f"用 1 到 {LONGEST_NAME} 个字符，前后不留空格",
        )
