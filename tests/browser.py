"""Load a page in a headless browser, if one is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no network
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
)
_CONSOLE = re.compile(r":(?:CONSOLE|INFO:CONSOLE|ERROR:CONSOLE)[:(](.*)")


def browser() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def visit(page: Path, profile: Path, *more: str) -> tuple[str, list[str]]:
    """The document after loading, and the lines written to the console."""
    program = browser()
    assert program is not None
    command = [program, *FLAGS, f"--user-data-dir={profile}", *more, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    return done.stdout, _CONSOLE.findall(done.stderr)
