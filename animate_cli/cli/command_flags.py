"""Decorators that add flags to a command and pass it their values as frozen records."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, TypeVar, get_type_hints

import typer

from animate_cli.cli.console import Verbosity, open_console
from animate_cli.cli.flags import FLAGS, Flag, default_of, options_from
from animate_cli.options import Options

Result = TypeVar("Result")
_PANELS = {
    "read": "Reading",
    "faces": "Faces",
    "motion": "Motion",
    "output": "Output",
    "compute": "Machine",
}
_VERBOSITY = {
    "verbose": Annotated[
        bool, typer.Option("--verbose", "-v", help="Print more, with tracebacks.")
    ],
    "quiet": Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the result and errors.")
    ],
    "log_file": Annotated[
        Path | None, typer.Option("--log-file", help="Also write all messages to a file.")
    ],
}
VERBOSITY_KEYS = tuple(_VERBOSITY)


def takes_options(*sections: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Replace a command's parameter `options: Options` by the flags of these sections.

    sections: "read" for a whole section, "output.overwrite" for one of its fields.
    Every command also gets -v, -q and --log-file, which take effect before it runs.
    """
    flags = tuple(flag for flag in FLAGS if {flag.section, flag.path} & set(sections))

    def decorate(command: Callable[..., Result]) -> Callable[..., Result]:
        own = inspect.signature(command, eval_str=True).parameters
        takes_options_record = "options" in own

        @functools.wraps(command)
        def parsed(**values: object) -> Result:
            chosen_verbosity = {field.name: values.pop(field.name) for field in fields(Verbosity)}
            verbosity = Verbosity(**chosen_verbosity)  # type: ignore[arg-type]
            chosen = {flag.key: values.pop(flag.key) for flag in flags}
            if takes_options_record:
                values["options"] = options_from(chosen)
            open_console(verbosity)
            return command(**values)

        parameters = [
            *(own[name] for name in own if name != "options"),
            *(_parameter(flag) for flag in flags),
            *_verbosity_parameters(),
        ]
        parsed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        parsed.__annotations__ = {one.name: one.annotation for one in parameters}
        return parsed

    return decorate


def takes_record(
    parameter: str, record: type, flags: Mapping[str, typer.models.OptionInfo]
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Replace a command's parameter, a frozen record, by flags of some of its fields.

    flags: field name -> Typer option; types and defaults are the record's. animate.toml cannot set
    these flags: its keys are the flags of `Options`.
    """
    usual, hints = record(), get_type_hints(record)

    def decorate(command: Callable[..., Result]) -> Callable[..., Result]:
        own = inspect.signature(command, eval_str=True).parameters

        @functools.wraps(command)
        def parsed(**values: object) -> Result:
            chosen = {name: values.pop(f"{parameter}_{name}") for name in flags}
            return command(**values, **{parameter: replace(usual, **chosen)})

        derived = [
            inspect.Parameter(
                f"{parameter}_{name}",
                inspect.Parameter.KEYWORD_ONLY,
                default=getattr(usual, name),
                annotation=Annotated[hints[name], option],
            )
            for name, option in flags.items()
        ]
        kept = [own[name] for name in own if name != parameter]
        parsed.__signature__ = inspect.Signature([*kept, *derived])  # type: ignore[attr-defined]
        parsed.__annotations__ = {one.name: one.annotation for one in (*kept, *derived)}
        return parsed

    return decorate


def _parameter(flag: Flag) -> inspect.Parameter:
    default = default_of(flag)
    annotation: object = get_type_hints(type(getattr(Options(), flag.section)))[flag.field]
    if flag.parse is not None:
        annotation = str
    if flag.turns_on is not None:
        annotation, default = bool, default == flag.turns_on
    is_switch = annotation is bool
    option = typer.Option(
        flag.option,
        help=flag.help,
        metavar=flag.metavar,
        parser=flag.parse,
        min=flag.least,
        max=flag.most,
        show_default=not is_switch,
        rich_help_panel=_PANELS[flag.section],
    )
    return inspect.Parameter(
        flag.key,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[annotation, option],
    )


def _verbosity_parameters() -> list[inspect.Parameter]:
    usual = Verbosity()
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(name, kind, default=getattr(usual, name), annotation=annotation)
        for name, annotation in _VERBOSITY.items()
    ]
