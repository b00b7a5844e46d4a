"""Plans a batch: pairs photos and drivers into jobs with unique names, in a fixed order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from animate_cli.batch.inputs import VIDEO_SUFFIXES, find_drivers, find_sources
from animate_cli.batch.job import Job
from animate_cli.batch.manifest import ManifestEntry, Override, is_manifest, read_manifest
from animate_cli.batch.names import (
    TEMPLATE,
    check_inside,
    check_template,
    fill_template,
    output_path,
)
from animate_cli.batch.options import BatchPairing, Shard
from animate_cli.errors import OptionError
from animate_cli.media.codecs import RECIPES
from animate_cli.media.container.kind import PICTURE_SUFFIXES
from animate_cli.options import Options

MOST_JOBS = 1_000_000
_HASH_DIGITS = 6  # hexadecimal digits that make equal names different


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """jobs: of this shard; total: jobs of all shards; left_out: files of other kinds in folders."""

    folder: Path
    jobs: tuple[Job, ...]
    total: int
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A job that has no output path yet. name: of its result, with suffix."""

    entry: ManifestEntry
    driver: Path
    name: str


def plan_batch(
    sources: Sequence[str],
    drivers: Sequence[str],
    folder: Path,
    options: Options,
    *,
    override: Override,
    pairing: BatchPairing | None = None,
    template: str = TEMPLATE,
    shard: Shard = Shard(),  # noqa: B008 - frozen
) -> BatchPlan:
    """Plan all jobs of a batch; nothing is written.

    override: applies the cells of a manifest's row. pairing None: MANIFEST if there is a manifest,
    else PRODUCT. template: of the names of results.

    Raises:
        InputError: inputs or a manifest that cannot be used.
        OptionError: inputs do not pair, or names clash or lead out of the folder.
    """
    check_template(template)
    entries, left_out = _entries(sources, options, override)
    found = find_drivers(drivers)
    pairs = _paired(entries, found.files, pairing or _default_pairing(sources))
    named = [_named(pair, template, number) for number, pair in enumerate(pairs, start=1)]
    jobs = _jobs_of(_with_unique_names(named), folder)
    return BatchPlan(
        folder=folder,
        jobs=tuple(jobs[shard.number - 1 :: shard.count]),
        total=len(jobs),
        left_out=left_out + found.left_out,
    )


def _default_pairing(sources: Sequence[str]) -> BatchPairing:
    return BatchPairing.MANIFEST if any(map(is_manifest, sources)) else BatchPairing.PRODUCT


def _entries(
    words: Sequence[str], options: Options, override: Override
) -> tuple[list[ManifestEntry], int]:
    entries: list[ManifestEntry] = []
    left_out = 0
    for word in words:
        if is_manifest(word):
            entries += read_manifest(Path(word), options, override)
            continue
        if Path(word).suffix.lower() in VIDEO_SUFFIXES - {".gif"}:
            hint = "quote patterns: --driver 'videos/*.mp4'; sources are photos"
            raise OptionError(f"{word} is a video among the sources", hint=hint)
        found = find_sources([word])
        left_out += found.left_out
        entries += (_plain(file, options) for file in found.files)
    return entries, left_out


def _plain(source: Path, options: Options) -> ManifestEntry:
    return ManifestEntry(
        source=source, driver=None, output=None, options=options, where=str(source)
    )


def _paired(
    entries: Sequence[ManifestEntry], drivers: Sequence[Path], pairing: BatchPairing
) -> list[tuple[ManifestEntry, Path]]:
    if pairing is BatchPairing.MANIFEST:
        return [pair for entry in entries for pair in _manifest_pairs(entry, drivers)]
    if not drivers:
        raise OptionError("no driver is given", hint="name videos or templates with --driver")
    if pairing is BatchPairing.ZIP:
        if len(entries) != len(drivers):
            message = f"{len(entries)} sources and {len(drivers)} drivers do not pair one to one"
            raise OptionError(message, hint="give as many of each, or use --pair product")
        return list(zip(entries, drivers, strict=True))
    _refuse_many(len(entries) * len(drivers))
    return list(product(entries, drivers))


def _manifest_pairs(
    entry: ManifestEntry, drivers: Sequence[Path]
) -> list[tuple[ManifestEntry, Path]]:
    if entry.driver is not None:
        return [(entry, entry.driver)]
    if not drivers:
        hint = "give it a driver column, or name drivers with --driver"
        raise OptionError(f"{entry.where}: no driver", hint=hint)
    return [(entry, driver) for driver in drivers]


def _refuse_many(count: int) -> None:
    if count > MOST_JOBS:
        hint = "use --pair zip, or give fewer at a time"
        raise OptionError(f"{count} jobs are more than {MOST_JOBS}", hint=hint)


def _named(pair: tuple[ManifestEntry, Path], template: str, number: int) -> _Pair:
    entry, driver = pair
    if entry.output is not None:
        check_inside(entry.output, where=entry.where)
        return _Pair(entry=entry, driver=driver, name=entry.output)
    name = fill_template(template, source=entry.source.stem, driver=driver.stem, number=number)
    suffix = _suffix(driver, entry.options)
    check_inside(name + suffix, where=entry.where)
    return _Pair(entry=entry, driver=driver, name=name + suffix)


def _suffix(driver: Path, options: Options) -> str:
    is_picture = driver.suffix.lower() in PICTURE_SUFFIXES
    return ".png" if is_picture else RECIPES[options.output.codec].suffixes[0]


def _with_unique_names(pairs: Sequence[_Pair]) -> list[_Pair]:
    """Append a hash of the inputs to equal names from a template; raise for those of a manifest.

    Names that differ only in case count as equal: many file systems do not tell them apart.

    Raises:
        OptionError: two jobs would write the same file.
    """
    counts = Counter(pair.name.casefold() for pair in pairs)
    unique = [_with_hash(pair) if counts[pair.name.casefold()] > 1 else pair for pair in pairs]
    counts_now = Counter(pair.name.casefold() for pair in unique)
    for pair in unique:
        if counts_now[pair.name.casefold()] > 1:
            message = f"{pair.entry.where}: another job writes {pair.name}, too"
            raise OptionError(message, hint="give each job its own name and each pair only once")
    return unique


def _with_hash(pair: _Pair) -> _Pair:
    if pair.entry.output is not None:
        return pair
    inputs = f"{pair.entry.source}\0{pair.driver}\0{pair.entry.options}"
    mark = hashlib.sha256(inputs.encode("utf-8", "surrogateescape")).hexdigest()[:_HASH_DIGITS]
    path = Path(pair.name)
    return replace(pair, name=path.with_name(f"{path.stem}-{mark}{path.suffix}").as_posix())


def _jobs_of(pairs: Sequence[_Pair], folder: Path) -> list[Job]:
    """The pairs as jobs, with the paths of their results.

    Raises:
        OptionError: a result is an input of a job.
    """
    jobs = [
        Job(
            name=pair.name,
            source=pair.entry.source,
            driver=pair.driver,
            output=output_path(folder, pair.name),
            options=pair.entry.options,
        )
        for pair in pairs
    ]
    results = {job.output.absolute() for job in jobs}
    for job in jobs:
        for given in (job.source, job.driver):
            if given.absolute() in results:
                hint = "write results to a folder of their own with -o"
                raise OptionError(f"{given} is both an input and a result", hint=hint)
    return jobs
