"""Joins all commands to one program. The default command is `run`; animate.toml sets defaults."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from animate_cli import __version__
from animate_cli.cli import (
    batch,
    bench,
    compare,
    console,
    doctor,
    evaluate,
    prepare,
    run,
    settings,
    study,
    track,
    train,
    weights,
)
from animate_cli.cli.command_flags import VERBOSITY_KEYS
from animate_cli.cli.flags import FLAGS
from animate_cli.cli.json_output import AcceptsJsonFile
from animate_cli.errors import AnimateError, Cancelled

Context = Any  # Typer's own copy of Click, which it does not export

DEFAULT = "run"
INTERRUPTED = 130

EPILOG = """For example: [bold]animate photo.jpg --driver video.mp4 -o out.mp4[/bold]. All of its
options: [bold]animate run --help[/bold]. A photo that is named like a command is written ./track.
Your own defaults go into a file [bold]animate.toml[/bold], one line per flag: size = "1080p"."""


class DefaultRun(TyperGroup):
    """The group of all commands; if the first word is not a command, it is a photo for `run`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put the command's name first, and the flags that stood before it after it."""
        return super().parse_args(ctx, self._with_command(ctx, args))

    def invoke(self, ctx: Context) -> object:
        """Run a command; print an AnimateError as message and hint, without traceback."""
        console.open_console(console.Verbosity())
        try:
            return self._invoke_with_settings(ctx)
        except Cancelled as error:
            console.fail(error)
            raise typer.Exit(INTERRUPTED) from error
        except AnimateError as error:
            console.fail(error)
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            console.logger.error("interrupted; no half-written file is left")
            raise

    def _invoke_with_settings(self, ctx: Context) -> object:
        found = settings.find_settings([*(flag.key for flag in FLAGS), *VERBOSITY_KEYS])
        defaults = {key: setting.value for key, setting in found.items()}
        ctx.default_map = {
            name: dict.fromkeys(getattr(command, "commands", ()), defaults) or defaults
            for name, command in self.commands.items()
        }
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            name = error.param.name if error.param else None
            if name in found and _comes_from_file(error, name):
                error.message += f" (set in {found[name].origin})"
            raise

    def _with_command(self, ctx: Context, args: list[str]) -> list[str]:
        flags, rest = self._split_leading_flags(ctx, args)
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if not args or any(flag.split("=")[0] in own for flag in flags):
            return args
        if rest and rest[0] in self.commands:
            words = 2 if hasattr(self.commands[rest[0]], "commands") else 1
            return [*rest[:words], *flags, *rest[words:]]
        if rest and not ctx.resilient_parsing:
            self._refuse_typo(ctx, rest[0])
        return [DEFAULT, *args]

    def _split_leading_flags(self, ctx: Context, args: list[str]) -> tuple[list[str], list[str]]:
        with_value = {
            name
            for param in self.commands[DEFAULT].get_params(ctx)
            if not getattr(param, "is_flag", True)
            for name in param.opts
        }
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            at += 2 if args[at] in with_value else 1
        return args[:at], args[at:]

    def _refuse_typo(self, ctx: Context, word: str) -> None:
        """Refuse a mistyped command, which would otherwise count as a missing photo."""
        close = difflib.get_close_matches(word, self.commands, n=1)
        if close and not Path(word).suffix and not Path(word).exists():
            ctx.fail(f"No command and no file is called '{word}'. Did you mean '{close[0]}'?")


def _comes_from_file(error: typer.BadParameter, name: str) -> bool:
    source = error.ctx.get_parameter_source(name) if error.ctx else None
    return getattr(source, "name", "") == "DEFAULT_MAP"


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        console.result(f"animate {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="animate",
    cls=DefaultRun,
    no_args_is_help=True,
    subcommand_metavar="SOURCE --driver X | COMMAND [ARGS]...",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
app.command(DEFAULT)(run.run)
app.command()(batch.batch)
app.command()(track.track)
app.command()(prepare.prepare)
app.command()(train.train)
app.command("eval", cls=AcceptsJsonFile)(evaluate.evaluate)
app.command()(compare.compare)
app.add_typer(study.app, name="study")
app.add_typer(weights.app, name="weights")
app.command()(doctor.doctor)
app.command()(bench.bench)


@app.callback()
def program(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Animate the face in a photo with the motion of a face in a video."""
