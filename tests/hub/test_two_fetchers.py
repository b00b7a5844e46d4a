"""Fetching as other programs of the machine see it: at once, through a proxy, with a token file."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

from weight_shop import CONTENT, PATH, REPO, Shop

from animate_cli import hub

FETCH = f"""
from animate_cli import hub
print(hub.fetch(hub.entry("hf://{REPO}/{PATH}"))[0])
"""


def start(environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A program of its own that fetches."""
    return subprocess.Popen(
        [sys.executable, "-c", FETCH],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    """Its answer, once it has ended well."""
    answer, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return answer.strip()


def test_of_two_programs_one_loads_and_the_other_waits(shop: Shop) -> None:
    shop.hub.faults.pause = threading.Event()
    programs = [start(), start()]
    while len(shop.hub.asked("HEAD")) < 2:  # both know that it is missing
        assert all(program.poll() is None for program in programs)
        time.sleep(0.02)
    shop.hub.faults.pause.set()
    assert ended(programs[0]) == ended(programs[1])
    assert len(shop.hub.asked("GET")) == 1
    assert [path.read_bytes() for path in shop.kept] == [CONTENT]


def test_a_killed_program_leaves_a_beginning(shop: Shop) -> None:
    shop.hub.faults.hold_at = 30_000
    program = start()
    while not shop.kept or shop.kept[0].stat().st_size < 30_000:
        assert program.poll() is None
        time.sleep(0.02)
    program.kill()
    program.communicate()
    shop.hub.faults.hold_at = None
    shop.unpinned()
    hub.load("points")
    assert shop.hub.asked("GET")[-1].range == "bytes=30000-"


def test_a_proxy_and_a_token_file(shop: Shop) -> None:
    (shop.folder / "hf").mkdir()
    (shop.folder / "hf" / "token").write_text("hf_secret")
    shop.hub.faults.gate = "hf_secret"
    path = ended(
        start({"HTTP_PROXY": shop.hub.url, "HF_ENDPOINT": "http://hub.invalid", "NO_PROXY": ""})
    )
    assert path.endswith(PATH)
    assert (
        shop.hub.asked("GET")[0].path == f"/{REPO}/resolve/{shop.hub.commits[REPO, 'main']}/{PATH}"
    )


def test_a_proxy_that_does_not_answer_is_named(shop: Shop) -> None:
    program = start({"HTTP_PROXY": "http://127.0.0.1:9", "HF_ENDPOINT": "http://hub.invalid"})
    _, errors = program.communicate(timeout=120)
    assert program.returncode == 1
    assert "cannot reach http://hub.invalid" in errors
    assert "HTTPS_PROXY" in errors


def test_the_door_itself_imports_little() -> None:
    heavy = {"torch", "huggingface_hub", "httpx2", "safetensors"}
    code = f"import sys, animate_cli.hub; print({heavy} & sys.modules.keys() or 'none')"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "none"
