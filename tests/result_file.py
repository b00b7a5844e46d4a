"""Result files as `animate eval` writes them, made up for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

Figures = Mapping[str, Sequence[float | None]]  # one per take, by metric

LOWER = frozenset({"l1", "akd", "lpips"})


def told(
    models: Mapping[str, Figures],
    *,
    takes: Sequence[str],
    seed: int = 0,
    needs: Mapping[str, str] | None = None,
    learned: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, object]:
    metrics = list(next(iter(models.values())))
    needs, learned = needs or {}, learned or {}
    return {
        "schema": 1,
        "protocol": {"reenactment": "self", "stride": 5, "limit": 0, "pairs": 20, "seed": seed},
        "data": {
            "root": "clips",
            "split": "val",
            "takes": list(takes),
            "drivers_sha256": [f"{name}{'0' * 60}"[:64] for name in takes],
            "skipped": [],
            "frames": 100,
            "scored": 20,
            "lost": 0,
        },
        "metrics": {
            name: {
                "label": name.upper(),
                "better": "lower" if name in LOWER else "higher",
                "unit": "px of 256" if name == "akd" else "",
                "judge": "landmarks" if name == "akd" else "",
                **({"needs": needs[name]} if name in needs else {}),
            }
            for name in metrics
        },
        "models": {
            model: {
                "model": "" if model == "still" else model.partition(":")[0],
                "weights": None,
                "sha256": "",
                "trained_on": [],
                "motion": None,
                "metrics": {
                    name: {
                        "mean": None,
                        "better_than_still": None,
                        "is_trained_on": name in learned.get(model, ()),
                        "takes": list(figures[name]),
                    }
                    for name in metrics
                },
            }
            for model, figures in models.items()
        },
        "times": {"ms_per_frame": dict.fromkeys(models, 2.5)},
        "judges": {"landmarks": "ab" * 32},
        "versions": {"python": "3.11"},
    }


def write(path: Path, result: Mapping[str, object]) -> Path:
    path.write_text(json.dumps(result), encoding="utf-8")
    return path
