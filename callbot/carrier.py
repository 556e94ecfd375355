"""The carrier that the settings name: its call control, and what it reports on calls."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from callbot.errors import BadInput
from callbot.settings import Settings
from callbot.telephony.control import CallControl
from callbot.telephony.twilio_rest import TwilioControl, status_url
from callbot.telephony.twilio_signature import is_signed

_SIMULATOR_ACCOUNT = "AC" + "0" * 32
_SIMULATOR_TOKEN = "simulator"  # noqa: S105  not a secret: it opens callees that exist on this machine only


def build_control(settings: Settings, media_url: str = "") -> CallControl:
    """The carrier that the settings name; it reports on calls beside `media_url`, empty means it is asked.

    Raises `BadInput` when its block is not complete.
    """
    carrier = settings.carrier
    if carrier.kind == "simulator":
        if not carrier.base_url:
            raise BadInput.one(
                "设置 carrier.base_url",
                "没有填：不知道模拟运营商的地址",
                "启动 python -m callbot.telephony.simulator 并填它的地址，或运行 callbot demo；"
                "只看网页、导入客户、准备批次，用 callbot serve --media 0",
            )
        return TwilioControl(
            account=carrier.account or _SIMULATOR_ACCOUNT,
            auth_token=carrier.auth_token.get_secret_value() or _SIMULATOR_TOKEN,
            base_url=carrier.base_url,
            status_callback_url=status_url(media_url),
            finds_by_token=True,
            poll_s=0.25,
        )
    missing = [
        name
        for name, value in (
            ("account", carrier.account),
            ("auth_token", carrier.auth_token.get_secret_value()),
            ("from_number", carrier.from_number),
            ("public_media_url", carrier.public_media_url),
        )
        if not value
    ]
    if missing:
        raise BadInput.one("设置 [carrier]", f"Twilio 还缺 {'、'.join(missing)}", "填上这些设置")
    return TwilioControl(
        account=carrier.account,
        auth_token=carrier.auth_token.get_secret_value(),
        base_url=carrier.base_url,
        status_callback_url=status_url(media_url),
    )


def is_connected(settings: Settings) -> bool:
    """Whether the settings name a carrier at all, complete or not."""
    return settings.carrier.kind != "simulator" or bool(settings.carrier.base_url)


def carrier_status(
    settings: Settings, control: CallControl, media_url: str, query: str, headers: Mapping[str, str]
) -> bool:
    """Pass a status callback on to call control; False when it was not signed by the carrier."""
    token = settings.carrier.auth_token.get_secret_value()
    claimed = headers.get("X-Twilio-Signature", "")
    if not isinstance(control, TwilioControl) or not is_signed(
        token, f"{status_url(media_url)}?{query}", {}, claimed
    ):
        return False
    control.on_status(dict(parse_qsl(query, keep_blank_values=True)))
    return True
