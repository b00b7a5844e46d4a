"""A fake Hub with one repository, and a registry of its files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from fake_hub import FakeHub
from safetensors.torch import save

from animate_cli import hub

REPO = "org/faces"
PATH = "nets/points.safetensors"
CONTENT = save({"a": torch.arange(50_000.0)}, metadata={"config": "{}"})
ROW = """
[[weight]]
name = "points"
kind = "a test"
licence = "{licence}"
commercial_use = "{use}"
trained_on = "nothing"
card = "none"
models = ["{model}"]
repo = "org/faces"
revision = "{revision}"

[[weight.files]]
path = "nets/points.safetensors"
{sha256}
"""


@dataclass(frozen=True)
class Shop:
    """A fake Hub and local folders: cache and registry."""

    hub: FakeHub
    folder: Path

    def register(
        self, *, revision: str, sha256: str | None, use: str = "yes", model: str = "toy"
    ) -> None:
        """Write the registry."""
        known = f'sha256 = "{sha256}"' if sha256 else ""
        row = ROW.format(revision=revision, sha256=known, use=use, model=model, licence="MIT")
        (self.folder / "embedded" / hub.REGISTRY).write_text(row)

    def pinned(self) -> None:
        """Write a registry with commit and sha256."""
        self.register(revision=self.hub.commits[REPO, "main"], sha256=digest(CONTENT))

    def unpinned(self) -> None:
        """Write a registry without commit and sha256."""
        self.register(revision="main", sha256=None)

    @property
    def kept(self) -> list[Path]:
        """Files in the Hub's cache, complete or not."""
        blobs = (self.folder / "hf").rglob("blobs/*")
        return sorted(path for path in blobs if path.is_file())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
