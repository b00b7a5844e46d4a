"""The pages tell the truth: links lead somewhere, commands parse, named code exists."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from places import ROOT

from animate_cli import __version__
from animate_cli.cli.app import app

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "examples/*.md", "weights/*.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)
COMMAND_PAGES = [page for page in PAGES if page.name != "CHANGELOG.md"]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def without_blocks(text: str) -> str:
    """The text with fenced code taken out."""
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.*)$", without_blocks(text), re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(TEXTS[page])):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{named(page)} links to {target}"
        assert place.is_relative_to(ROOT), f"{named(page)} links out of the checkout: {target}"
        if anchor:
            assert anchor in anchors(TEXTS[place]), f"{named(page)} links to {target}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, open_pages = set(), [ROOT / "README.md"]
    while open_pages:
        page = open_pages.pop()
        reached.add(page)
        for target in re.findall(r"\]\(([^)\s#]+\.md)", TEXTS[page]):
            place = (page.parent / target).resolve()
            if place in TEXTS and place not in reached:
                open_pages.append(place)
    pages = {page for page in PAGES if page.parent.name == "docs"}
    assert pages <= reached


def commands(text: str) -> Iterator[list[str]]:
    """The words of every `animate ...` command in a page's code."""
    joined = re.sub(r"\\\n\s*", " ", text)
    blocks = re.findall(r"^```(?:sh|bash)?\n(.*?)^```", joined, flags=re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", joined)
    for line in lines:
        found = re.match(r"(?:\S*/)?animate (?=\S)(.*)$", line.strip())
        if found:
            yield shlex.split(found[1].replace("|", " | "), comments=True)


def flags_of(command: typer.core.TyperCommand) -> dict[str, int]:
    """Flag -> how many values it takes."""
    flags = {"--help": 0, "-h": 0}
    for parameter in command.params:
        for flag in (*parameter.opts, *parameter.secondary_opts):
            is_switch = getattr(parameter, "is_flag", False) or getattr(parameter, "count", False)
            flags[flag] = 0 if is_switch else parameter.nargs
    return flags


def wrong_with(words: list[str]) -> str | None:
    """Why a command cannot be given as the page shows it; None: it can."""
    group = typer.main.get_command(app)
    words = list(words)
    path = ["run"]
    if words[0] in group.commands:
        path = [words.pop(0)]
    command = group.commands[path[0]]
    while hasattr(command, "commands"):
        if not words:
            return None  # the group is spoken of as a whole
        if words[0].startswith("-"):
            return None if words[0] in flags_of(command) else f"{path} has no {words[0]}"
        if words[0] not in command.commands:
            return f"{' '.join(path)} has no command {words[0]!r}"
        path.append(words[0])
        command = command.commands[words.pop(0)]
    flags = flags_of(command)
    at = iter(words)
    for word in at:
        if not re.fullmatch(r"--?[a-zA-Z][\w-]*(=.*)?", word):
            continue
        flag, has_value, _ = word.partition("=")
        if flag == "--version":
            continue
        if flag not in flags:
            return f"{' '.join(path)} has no option {flag}"
        for _ in range(0 if has_value else flags[flag]):
            if next(at, None) is None:
                return f"{flag} lacks its value"
    return None


@pytest.mark.parametrize("page", COMMAND_PAGES, ids=named)
def test_commands_exist_with_their_flags(page: Path) -> None:
    for words in commands(TEXTS[page]):
        wrong = wrong_with(words)
        assert wrong is None, f"{named(page)}: animate {' '.join(words)}: {wrong}"


@pytest.mark.parametrize("page", COMMAND_PAGES, ids=named)
def test_commands_name_examples_that_exist(page: Path) -> None:
    for words in commands(TEXTS[page]):
        for word in words:
            if word.startswith("examples/"):
                assert (ROOT / word).exists(), f"{named(page)}: {word}"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("photo.jpg --driver video.mp4 --size 4k", None),
        ("track video.mp4 -o t.npz", None),
        ("weights fetch --renew yunet", None),
        ("photo.jpg --drivers video.mp4", "no option --drivers"),
        ("weights take yunet", "no command 'take'"),
        ("photo.jpg --driver", "lacks its value"),
    ],
)
def test_a_wrong_command_is_noticed(words: str, wrong: str | None) -> None:
    answer = wrong_with(words.split())
    assert answer is None if wrong is None else answer is not None and wrong in answer


def defined(path: Path) -> set[str]:
    """Functions and classes of a module."""
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def test_the_equation_table_names_code_that_exists() -> None:
    text = TEXTS[ROOT / "docs" / "architecture.md"]
    rows = re.findall(r"^\|[^|]*\|[^|]*\| `([\w/]+\.py)` \| `(\w+)` \|$", text, re.M)
    table = text[text.index("| paper | equation") :].split("\n\n")[0]
    assert len(rows) == len(table.splitlines()) - 2 >= 30
    for file, name in rows:
        path = ROOT / "animate_cli" / file
        assert path.is_file(), file
        assert name in defined(path), f"{file} has no {name}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_pages_name_exist(page: Path) -> None:
    """Modules in backticks with a folder are read from the checkout or from the package."""
    if page.name == "CHANGELOG.md":
        return
    for file in re.findall(r"`((?:\w+/)+\w+\.(?:py|toml))`", TEXTS[page]):
        assert any((base / file).is_file() for base in (ROOT, ROOT / "animate_cli")), (
            f"{named(page)} names {file}"
        )


def test_the_readme_is_short() -> None:
    assert len(TEXTS[ROOT / "README.md"].splitlines()) < 200


def test_citation_and_changelog_name_this_version_and_its_day() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(__version__)}$", citation, re.M)
    day = re.search(r'^date-released: "(\d{4}-\d\d-\d\d)"$', citation, re.M)
    assert day is not None
    assert f"\n## [{__version__}] - {day[1]}\n" in TEXTS[ROOT / "CHANGELOG.md"]
