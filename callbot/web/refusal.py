"""What a refusal says, in Chinese and English: what, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from starlette.exceptions import HTTPException


class Why(StrEnum):
    """The stable code of every refusal."""

    SIGN_IN_FIRST = "sign-in-first"
    WRONG_SIGN_IN = "wrong-sign-in"
    LOCKED = "locked"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105  a code
    WEAK_PASSWORD = "weak-password"  # noqa: S105
    LINK_SPENT = "link-spent"
    NOT_ALLOWED = "not-allowed"
    BAD_TOKEN = "bad-token"  # noqa: S105
    CSRF = "csrf"
    FOREIGN_ORIGIN = "foreign-origin"
    UNKNOWN_HOST = "unknown-host"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    BAD_REQUEST = "bad-request"
    NOT_FOUND = "not-found"
    METHOD = "method-not-allowed"
    NAME_TAKEN = "name-taken"
    LAST_ADMIN = "last-admin"
    REASON_NEEDED = "reason-needed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Status and words of one refusal; `{…}` is filled in."""

    status: int
    zh: str
    zh_hint: str
    en: str
    en_hint: str


SAID: Mapping[Why, Said] = {
    Why.SIGN_IN_FIRST: Said(
        status=401,
        zh="还没有登录，或登录已过期",
        zh_hint="请登录",
        en="You are not signed in, or no longer",
        en_hint="Sign in",
    ),
    Why.WRONG_SIGN_IN: Said(
        status=401,
        zh="用户名或密码不对",
        zh_hint="再试一次；忘记密码请管理员运行 callbot user link",
        en="The name or the password is wrong",
        en_hint="Try again; for a lost password ask an administrator for a link",
    ),
    Why.LOCKED: Said(
        status=429,
        zh="尝试次数过多，{wait} 后再试",
        zh_hint="等一会儿；不是您本人操作请告诉管理员",
        en="Too many tries; wait {wait}",
        en_hint="Wait; if it was not you, tell an administrator",
    ),
    Why.WRONG_PASSWORD: Said(
        status=403,
        zh="当前密码不对",
        zh_hint="输入现在使用的密码",
        en="The current password is wrong",
        en_hint="Enter the password you use now",
    ),
    Why.WEAK_PASSWORD: Said(
        status=422,
        zh="密码太弱：{reason}",
        zh_hint="至少 10 个字符，不含用户名，不用常见密码；一句好记的话最好",
        en="The password is too weak: {reason}",
        en_hint="10 characters or more, without the name, no common password; a sentence is best",
    ),
    Why.LINK_SPENT: Said(
        status=410,
        zh="链接已使用或已过期",
        zh_hint="请管理员运行 callbot user link 再要一个，30 分钟内有效，只能用一次",
        en="The link has been used or has expired",
        en_hint="Ask an administrator for another one; it is good for 30 minutes and once",
    ),
    Why.NOT_ALLOWED: Said(
        status=403,
        zh="没有权限：{permission}",
        zh_hint="需要时请管理员调整角色",
        en="Not allowed: {permission}",
        en_hint="If you need it, ask an administrator for the role",
    ),
    Why.BAD_TOKEN: Said(
        status=401,
        zh="令牌不存在、已吊销或已过期",
        zh_hint="请求头写 Authorization: Bearer cb_…；用 callbot token add 建一个",
        en="The token does not exist, was revoked or has expired",
        en_hint="Send Authorization: Bearer cb_…; make one with callbot token add",
    ),
    Why.CSRF: Said(
        status=403,
        zh="请求缺少本次登录的 X-CSRF-Token",
        zh_hint="刷新页面后再试；程序请用令牌",
        en="The request lacks the X-CSRF-Token of this session",
        en_hint="Reload the page and try again; programs should use a token",
    ),
    Why.FOREIGN_ORIGIN: Said(
        status=403,
        zh="请求来自别的网站，已拒绝",
        zh_hint="从 callbot 自己的页面操作；反向代理须保留 Host，或设置 web.public_url",
        en="The request comes from another site and was refused",
        en_hint="Use callbot's own pages; a reverse proxy has to keep Host, or set web.public_url",
    ),
    Why.UNKNOWN_HOST: Said(
        status=400,
        zh="不认识这个主机名",
        zh_hint="设置 web.public_url 为浏览器使用的地址",
        en="This host name is not known here",
        en_hint="Set web.public_url to the address that browsers use",
    ),
    Why.TOO_LARGE: Said(
        status=413,
        zh="请求超过 {limit} MiB",
        zh_hint="分几次发送；大文件用 callbot customer import",
        en="The request is larger than {limit} MiB",
        en_hint="Send it in parts; large files with callbot customer import",
    ),
    Why.TOO_MANY: Said(
        status=429,
        zh="请求过于频繁，{wait} 后再试",
        zh_hint="放慢一些",
        en="Too many requests; wait {wait}",
        en_hint="Slow down",
    ),
    Why.BAD_REQUEST: Said(
        status=422,
        zh="请求不符合要求：{what}",
        zh_hint="按接口说明 /api/openapi.json 修改",
        en="The request is not as described: {what}",
        en_hint="See /api/openapi.json",
    ),
    Why.NOT_FOUND: Said(
        status=404,
        zh="没有{what}",
        zh_hint="它可能已被删除，或不归您负责",
        en="There is no such {what}",
        en_hint="It may be gone, or not be yours",
    ),
    Why.METHOD: Said(
        status=405,
        zh="这个地址不支持该方法",
        zh_hint="按接口说明 /api/openapi.json 修改",
        en="This address does not take that method",
        en_hint="See /api/openapi.json",
    ),
    Why.NAME_TAKEN: Said(
        status=409,
        zh="用户名 {name} 已被使用",
        zh_hint="换一个",
        en="The name {name} is taken",
        en_hint="Choose another one",
    ),
    Why.LAST_ADMIN: Said(
        status=409,
        zh="这是最后一位管理员",
        zh_hint="先让另一位用户成为管理员",
        en="This is the last administrator",
        en_hint="Make somebody else an administrator first",
    ),
    Why.REASON_NEEDED: Said(
        status=422,
        zh="请写明原因",
        zh_hint="原因会记入审计日志",
        en="Give a reason",
        en_hint="The reason is kept in the audit log",
    ),
    Why.FAILED: Said(
        status=500,
        zh="服务器出错，请求没有完成",
        zh_hint="稍后再试；仍不行请把请求编号 {request_id} 交给管理员",
        en="The server failed to answer",
        en_hint="Try again; if it stays, give the request id {request_id} to an administrator",
    ),
}

WEAK: Mapping[str, tuple[str, str]] = {
    "short": ("不足 10 个字符", "fewer than 10 characters"),
    "long": ("超过 200 个字符", "more than 200 characters"),
    "name": ("含有用户名", "it holds the name"),
    "common": ("常见密码", "it is a common password"),
    "uniform": ("字符种类太少", "too few different characters"),
}

NOUNS: Mapping[str, str] = {
    "batch": "这个批次",
    "call": "这通电话",
    "recording": "录音",
    "note": "这条备注",
    "customer": "这位客户",
    "case": "这张投诉工单",
    "follow-up": "这件待办",
    "alarm": "这条告警",
    "user": "这个用户",
    "token": "这个令牌",
    "session": "这次登录",
    "import": "这次导入",
    "address": "这个地址",
    "event log": "通话记录",
    "flow": "这个流程",
    "desk": "坐席台（它在另一个进程）",
    "agent": "这位坐席",
    "transfer": "这次转接",
    "running call": "正在进行的这通电话",
    "recall": "这次撤回",
    "offer": "这个优惠（或已撤回）",
    "segment": "这个人群",
    "rejected rows": "被拒的行",
}


class Refused(HTTPException):
    """Raised by a route or a guard; becomes the JSON of `ErrorOut`, a page, or the end of a websocket.

    `values` fill the `{…}` of its words; a pair is one value in Chinese and in English.
    An `HTTPException`, because FastAPI hides every other one that comes up while it reads a body.
    """

    def __init__(
        self,
        why: Why,
        *,
        where: str = "",
        wait: timedelta | None = None,
        status: int | None = None,
        **values: Any,
    ) -> None:
        self.status = status or SAID[why].status
        super().__init__(self.status, why.value)
        self.why = why
        self.where = where
        self.wait = wait
        self.values = values


def missing(what: str) -> Refused:
    """404 for a kind of thing: a key of `NOUNS`."""
    return Refused(Why.NOT_FOUND, what=what)


def wording(refused: Refused, *, english: bool, request_id: str = "") -> tuple[str, str]:
    """Message and hint in one language."""
    said = SAID[refused.why]
    values = {
        name: value[english] if isinstance(value, tuple) and len(value) == 2 else value
        for name, value in refused.values.items()
    }
    if refused.wait is not None:
        values["wait"] = _wait(refused.wait, english=english)
    if not english and refused.why is Why.NOT_FOUND:
        values["what"] = NOUNS.get(str(values["what"]), str(values["what"]))
    if refused.why is Why.WEAK_PASSWORD:
        values["reason"] = WEAK[str(values["reason"])][english]
    message, hint = (said.en, said.en_hint) if english else (said.zh, said.zh_hint)
    return message.format(**values), hint.format(request_id=request_id)


def in_english(accept_language: str) -> bool:
    """Is English the first language asked for? Chinese otherwise."""
    return accept_language.split(",")[0].strip().lower().startswith("en")


def _wait(wait: timedelta, *, english: bool) -> str:
    seconds = max(1, round(wait.total_seconds()))
    if seconds < 60:
        return f"{seconds} s" if english else f"{seconds} 秒"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if english else f"{minutes} 分钟"
