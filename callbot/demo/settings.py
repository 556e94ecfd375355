"""The settings of a demo: those in force, with data, carrier and agents of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from callbot.settings import AgentSettings, Settings

_CALLER = "+8610000000000"


def demo_settings(settings: Settings, data: Path, address: str, tokens: Mapping[str, str]) -> Settings:
    """`address` is the simulated carrier's, `tokens` sign the agents in, by name."""
    return settings.model_copy(
        update={
            "data": data,
            "store": settings.store.model_copy(update={"url": "", "key_file": None}),
            "carrier": settings.carrier.model_copy(
                update={
                    "kind": "simulator",
                    "base_url": address,
                    "account": "",
                    "auth_token": SecretStr(""),
                    "from_number": _CALLER,
                    "public_media_url": "",
                    "ring_timeout_s": 15,
                }
            ),
            "media": settings.media.model_copy(update={"port": 0}),
            "models": settings.models.model_copy(
                update={"voice_workers": max(settings.models.voice_workers, min(2, os.cpu_count() or 1))}
            ),
            "desk": settings.desk.model_copy(
                update={
                    "port": 0,
                    "url": "",
                    "agents": tuple(
                        AgentSettings(
                            id=f"agent-{number}",
                            name=name,
                            token=SecretStr(token),
                            skills={"complaint": 3, "care": 2, "sales": 2, "general": 3},
                        )
                        for number, (name, token) in enumerate(tokens.items(), start=1)
                    ),
                }
            ),
        }
    )
