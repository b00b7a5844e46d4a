"""Reads environment variables, as the only module: folders, and access to the Hub.

    ANIMATE_HOME              moves the cache and the config folder
    ANIMATE_COMMERCIAL_ONLY   1: weights are refused unless their licence allows commercial use
    HF_ENDPOINT               a mirror of the Hub
    HF_HUB_OFFLINE            1: no request is made
    HF_HUB_CACHE, HF_HOME     where the Hub's files are kept, shared with other programs

The Hub's client reads tokens (HF_TOKEN, or the file that `hf auth login` writes) and proxies
(HTTPS_PROXY, NO_PROXY). Variables are read at each call, not at import.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_TRUE = {"1", "on", "yes", "true"}


def embedded_dir() -> Path:
    """weights/ as installed in the wheel, or beside the package in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_weights"
    return installed if installed.is_dir() else package.parent / "weights"


def cache_dir() -> Path:
    """The folder for weights that a user places by hand; it is not created."""
    return _cache_root() / "weights"


def runs_dir() -> Path:
    """The default folder of training runs; it is not created."""
    return _cache_root() / "runs"


def trajectories_dir() -> Path:
    """The folder of the trajectory cache; it is not created."""
    return _cache_root() / "trajectories"


def config_dir() -> Path:
    """The folder of the user's own animate.toml."""
    home = os.environ.get("ANIMATE_HOME")
    return Path(home) if home else Path(platformdirs.user_config_dir("animate", appauthor=False))


def hub_cache_dir() -> Path:
    """The Hub's cache folder, by the rules of its own client; nothing is created."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return _expanded(os.environ[name])
    if os.environ.get("HF_HOME"):
        return _expanded(os.environ["HF_HOME"]) / "hub"
    return _expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface" / "hub"


def hub_endpoint() -> str | None:
    """The address of a mirror; None: the Hub itself."""
    return (os.environ.get("HF_ENDPOINT") or "").rstrip("/") or None


def is_offline() -> bool:
    """Whether no request may be made."""
    return _is_true("HF_HUB_OFFLINE") or _is_true("TRANSFORMERS_OFFLINE")


def commercial_only() -> bool:
    """Whether every run must use weights that allow commercial use."""
    return _is_true("ANIMATE_COMMERCIAL_ONLY")


def _is_true(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in _TRUE


def _expanded(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser()


def _cache_root() -> Path:
    home = os.environ.get("ANIMATE_HOME")
    return Path(home) if home else Path(platformdirs.user_cache_dir("animate", appauthor=False))
