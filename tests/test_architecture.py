"""The walls of the house: read off the source by its syntax tree, nothing is imported."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from known_offenders import IN_A_CIRCLE, TOO_LONG, UNDESCRIBED
from places import ROOT

PACKAGE = ROOT / "animate_cli"

ROWS = (
    ("__init__", "__main__"),
    ("jobs",),
    ("cli",),
    ("batch",),
    ("train", "evaluate", "prepare"),
    ("data",),
    ("pipeline",),
    ("stages",),
    ("models",),
    ("faces",),
    ("upscale",),
    ("media",),
    ("layers",),
    ("report",),
    ("hub",),
    ("device", "streams", "typed", "interrupts", "digest"),
    ("options",),
    ("records",),
    ("errors",),
)
"""From top to bottom; a module imports from the rows below its own and from its own folder."""

RANK = {name: rank for rank, row in enumerate(ROWS) for name in row}
TELLS_A_LIBRARY = (
    PACKAGE / "media" / "video" / "encode.py"
)  # SVT-AV1 takes its log level from there only
WITHOUT_TORCH = ("media", "options", "records", "errors")
LONGEST_FILE = 300
LONGEST_FUNCTION = 80
FULLEST_FOLDER = 25
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".cfg", ".txt", ".json", ".html", "", ".in"}

SOURCES = sorted(PACKAGE.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def home(path: Path) -> str:
    """The name on the rows under which a file lives."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Dotted names of everything a file imports, wherever in the file it does so."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of_the_package(path: Path) -> Iterator[str]:
    """The rows that a file imports from."""
    for name in imported(path):
        first, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if first == "animate_cli" and (target in RANK or (PACKAGE / target).exists()):
            yield target


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for what only a type checker reads."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from at_run_time(child)


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with what it calls as it is written."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def tracked() -> list[Path]:
    """Files under version control; where git is not at hand, the folders that hold them."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        )
        return [ROOT / name for name in listing.stdout.split("\0") if name]
    folders = ("animate_cli", "tests", "examples", "weights", ".github", ".ci")
    inside = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return [path for path in (*inside, *ROOT.glob("*")) if path.is_file()]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    here = home(path)
    assert here in RANK, f"{here} stands on no row: put it on one in ROWS"
    for target in of_the_package(path):
        assert target == here or RANK[target] > RANK[here], f"{path.name} imports {target}"


def test_every_row_is_needed() -> None:
    assert set(RANK) == {home(path) for path in SOURCES}


def packages() -> list[Path]:
    """Every folder of modules, animate_cli among them."""
    return sorted({path.parent for path in SOURCES})


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def only(offenders: set[str], known: set[str]) -> None:
    """Offenders are those on the list, and all on the list are offenders."""
    assert not offenders - known
    assert not known - offenders, "these keep the rule now: take them off the list"


def siblings(package: Path) -> dict[str, set[str]]:
    """For each module and sub-package of a package: those of the others that it imports."""
    imports: dict[str, set[str]] = defaultdict(set)
    dotted = ".".join(package.relative_to(ROOT).parts)
    for path in package.rglob("*.py"):
        here = path.relative_to(package).parts[0].removesuffix(".py")
        for name in imported(path):
            if name.startswith(f"{dotted}."):
                there = name.removeprefix(f"{dotted}.").partition(".")[0]
                if there != here and here != "__init__" and exists(package / there):
                    imports[here].add(there)
    return imports


def exists(module: Path) -> bool:
    return module.is_dir() or module.with_suffix(".py").is_file()


def test_no_package_imports_in_a_circle() -> None:
    """Modules and sub-packages of one package have an order in which each needs earlier ones."""
    circles: dict[str, list[str]] = {}
    for package in packages():
        try:
            TopologicalSorter(siblings(package)).prepare()
        except CycleError as error:
            circles[name_of(package)] = error.args[1]
            print(name_of(package), *error.args[1])
    only(set(circles), IN_A_CIRCLE)


def test_no_class_name_twice() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name_of(path))
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}


@pytest.mark.parametrize("package", packages(), ids=name_of)
def test_folders_are_not_crowded(package: Path) -> None:
    modules = [path for path in SOURCES if path.parent == package and path.stem != "__init__"]
    assert len(modules) <= FULLEST_FOLDER


def test_functions_are_short() -> None:
    """From `def` to the last line, with the docstring, without decorators."""
    only(
        {
            f"{name_of(path)}: {node.name}"
            for path in SOURCES
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
        },
        TOO_LONG,
    )


def test_docstrings_are_written() -> None:
    def unwritten(path: Path) -> bool:
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        nodes = [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]
        return any((ast.get_docstring(node) or "").startswith("TODO") for node in nodes)

    only({name_of(path) for path in SOURCES if unwritten(path)}, UNDESCRIBED)


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_no_torch_below_the_networks(name: str) -> None:
    for path in (p for p in SOURCES if home(p) == name):
        for node in at_run_time(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(n.partition(".")[0] == "torch" for n in names), path


def test_one_file_samples_grids() -> None:
    for path in SOURCES:
        if path != PACKAGE / "layers" / "grid.py":
            assert not [f for f, _ in calls(path) if f.endswith("grid_sample")], path


def test_one_file_reads_the_environment() -> None:
    for path in SOURCES:
        if path in (PACKAGE / "hub" / "environment.py", TELLS_A_LIBRARY):
            continue
        words = {n.attr for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)}
        words |= {name.rpartition(".")[2] for name in imported(path)}
        assert not words & {"environ", "getenv", "environb"}, path


def test_nothing_unpickles() -> None:
    for path in SOURCES:
        loaders = set(imported(path)) - {"pickle.UnpicklingError"}  # what torch.load raises
        modules = {name.partition(".")[0] for name in loaders}
        assert not modules & {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve"}, path
        for function, call in calls(path):
            given = {k.arg: ast.unparse(k.value) for k in call.keywords}
            assert given.get("allow_pickle") != "True", path
            if function == "torch.load":
                assert given.get("weights_only") == "True", path


def test_no_shell() -> None:
    for path in SOURCES:
        for function, call in calls(path):
            given = {k.arg: ast.unparse(k.value) for k in call.keywords}
            assert given.get("shell", "False") == "False", path
            assert function not in {"os.system", "os.popen", "eval", "exec"}, path


def test_no_open_ended_arguments() -> None:
    for path in SOURCES:
        if (
            path == PACKAGE / "cli" / "command_flags.py"
        ):  # where flags become records, field by field
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert node.args.kwarg is None, f"{path}: {node.name}(**{node.args.kwarg})"


@pytest.mark.parametrize("folder", ["animate_cli", "tests", "examples"])
def test_files_are_short_and_named_for_an_idea(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE, path
        assert not re.search(r"(^|_)(utils?|helpers?|misc|common)(_|$)", path.stem), path


def test_no_path_of_anyones_machine() -> None:
    roots = "|".join(("work", "home", "tmp", "root", "Users", "mnt"))
    local = re.compile(rf"(?<![\w.~/$}}-])/(?:{roots})/\w")
    for path in tracked():
        if path.suffix in TEXT and path.is_file():
            found = local.search(path.read_text(encoding="utf-8", errors="replace"))
            assert found is None, f"{path}: {found.group() if found else ''}"


def test_test_files_have_names_of_their_own() -> None:
    """Test folders are no packages: pytest imports files by their bare names."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py")]
    assert not {name for name in names if names.count(name) > 1 and name != "conftest.py"}
