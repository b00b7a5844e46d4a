"""Result files in the format of `animate eval`, with made-up scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from animate_cli.evaluate.metrics.landmarks.landmark_nme import CED_THRESHOLDS

Scores = Mapping[str, Sequence[float | None]]  # one per clip pair, by metric

LOWER = frozenset({"l1", "akd", "lpips"})


def result_json(
    models: Mapping[str, Scores],
    *,
    pairs: Sequence[str],
    seed: int = 0,
    needs: Mapping[str, str] | None = None,
    trained_metrics: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, object]:
    metrics = list(next(iter(models.values())))
    needs, trained_metrics = needs or {}, trained_metrics or {}
    return {
        "schema": 1,
        "protocol": {"reenactment": "self", "stride": 5, "limit": 0, "pairs": 20, "seed": seed},
        "data": {
            "root": "clips",
            "split": "val",
            "takes": list(pairs),
            "drivers_sha256": [f"{name}{'0' * 60}"[:64] for name in pairs],
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
                        "mean": mean(scores[name]),
                        "better_than_still": None,
                        "is_trained_on": name in trained_metrics.get(model, ()),
                        "takes": list(scores[name]),
                    }
                    for name in metrics
                },
            }
            for model, scores in models.items()
        },
        "ced": {"places": list(CED_THRESHOLDS), "models": {model: {} for model in models}},
        "times": {"ms_per_frame": dict.fromkeys(models, 2.5)},
        "judges": {"landmarks": "ab" * 32},
        "versions": {"python": "3.11"},
    }


def mean(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None


def write(path: Path, result: Mapping[str, object]) -> Path:
    path.write_text(json.dumps(result), encoding="utf-8")
    return path
