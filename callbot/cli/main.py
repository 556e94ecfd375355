"""The command `callbot` and its groups."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer

from callbot import __version__
from callbot.cli.late_import import Late, LateGroup


class Commands(LateGroup):
    late = {
        "alarm": Late(module="callbot.cli.alarm", help="告警：列出、确认。"),
        "audience": Late(module="callbot.cli.audience", help="人群：谁可能回来，谁将要流失。"),
        "audit": Late(module="callbot.cli.audit", help="审计日志：列出、核验。"),
        "batch": Late(module="callbot.cli.batch", help="批次：创建、查看、启动、暂停、恢复、取消。"),
        "call": Late(module="callbot.cli.call", help="通话：列出、查看、回放。"),
        "case": Late(module="callbot.cli.case", help="投诉工单：列出、查看、答复、补偿、关闭。"),
        "config": Late(module="callbot.cli.config", help="生效的设置。"),
        "customer": Late(module="callbot.cli.customer", help="客户：导入、画像、标签、跟进。"),
        "demo": Late(
            module="callbot.cli.demo",
            name="demo",
            help="通过真实的电话 websocket 拨打一批模拟客户，双向说话。",
        ),
        "eval": Late(
            module="callbot.cli.evaluate", help="用自己标注的数据衡量理解：意图、情绪、转人工、结果。"
        ),
        "flow": Late(module="callbot.cli.flow", help="对话流程：检查、试聊、测试、画图。"),
        "followup": Late(module="callbot.cli.followup", help="待办：列出、接手、完成、取消、推迟。"),
        "guard": Late(module="callbot.cli.guard", help="说出口之前的检查：量一量它拦住了什么。"),
        "media": Late(
            module="callbot.cli.media",
            name="media",
            help="运行一个媒体进程：拨打所有进行中的批次，直到 Ctrl-C。",
        ),
        "models": Late(module="callbot.cli.models", help="本机的识别、语音和静音检测模型。"),
        "outbox": Late(module="callbot.cli.outbox", help="对外消息：列出、查看、投递、重发。"),
        "pack": Late(
            module="callbot.cli.pack",
            help="行业包：一个行业的人群、策略、优惠和规则。",
        ),
        "permit": Late(module="callbot.cli.permit", name="permit", help="问一问：现在能不能联系这位客户。"),
        "promise": Late(module="callbot.cli.promise", help="电话里的承诺：列出。"),
        "segment": Late(module="callbot.cli.segment", help="人群：有名字的一群客户，用来做批次。"),
        "serve": Late(
            module="callbot.cli.serve",
            name="serve",
            help="提供页面和坐席台，并在时段内拨打所有进行中的批次，直到 Ctrl-C。",
        ),
        "tag": Late(module="callbot.cli.tag", help="标签工厂：用自己写的条件给客户打标签。"),
        "token": Late(module="callbot.cli.token", help="其他系统的令牌：添加、列出、吊销。"),
        "user": Late(module="callbot.cli.user", help="页面的用户：添加、列出、改角色、停用、发链接。"),
    }


app = typer.Typer(
    name="callbot",
    help="唤回沉默的客户。",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"callbot {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="显示版本。")
    ] = False,
) -> None:
    """唤回沉默的客户。"""
    context.with_resource(_log_beside_answers())


@contextmanager
def _log_beside_answers() -> Iterator[None]:
    """While a command runs, the log goes to standard error: standard output is what programs read as JSON.

    A process that goes on afterwards logs as before.
    """
    before = structlog.get_config()
    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _speak_chinese() -> None:
    """The headings of typer's own help and what it says of mistakes, in the language of the rest."""
    if "_CALLBOT_COMPLETE" in os.environ:  # the shell waits, and shows none of them
        return
    from typer import rich_utils

    from callbot.cli import usage

    rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
    rich_utils.OPTIONS_PANEL_TITLE = "选项"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    rich_utils.ERRORS_PANEL_TITLE = "用法有误"
    rich_utils.DEFAULT_STRING = "[默认：{}]"
    rich_utils.REQUIRED_LONG_STRING = "[必填]"
    rich_utils.rich_format_error = usage.show
    rich_utils.RICH_HELP = "[blue]{command_path} {help_option}[/] 查看用法。"


def main() -> None:
    """Run a command; Ctrl-C ends it with status 130 and no traceback."""
    _speak_chinese()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
