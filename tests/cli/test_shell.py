"""The program around the commands: routing, settings, exit codes, quick torch-free help."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from animate_cli import __version__
from animate_cli.cli.app import app

HEAVY = ("torch", "cv2", "av", "numpy", "PIL", "safetensors", "accelerate")


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and no settings of the user's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    return tmp_path


def animate(*arguments: str) -> Result:
    environment = {"COLUMNS": "160", "NO_COLOR": "1"}
    return CliRunner().invoke(app, arguments, env=environment)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from animate_cli.cli import main\n"
        f"sys.argv = ['animate', *{arguments!r}]\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.bench
def test_help_is_quick() -> None:
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "animate_cli", "--help"], capture_output=True, check=True
        )
        took.append(time.perf_counter() - begun)
    assert sorted(took)[2] <= 0.5


def test_version(away: Path) -> None:
    assert animate("--version").stdout.strip() == f"animate {__version__}"


def test_no_arguments_show_help(away: Path) -> None:
    assert "Commands" in animate().output


def test_a_first_word_that_is_no_command_is_a_source(away: Path) -> None:
    answer = animate("nowhere.jpg", "--driver", "nowhere.mp4")
    assert answer.exit_code == 1
    assert "nowhere.jpg does not exist" in answer.stderr
    assert "hint:" in answer.stderr
    assert "Traceback" not in answer.output


@pytest.mark.parametrize("leading", [["--seed", "3"], ["-v"], ["--threads=1", "-v"]])
def test_global_flags_may_stand_before_the_command(away: Path, leading: list[str]) -> None:
    for command in (["weights", "list"], ["doctor", "--help"]):
        assert animate(*leading, *command).exit_code == 0
    answer = animate(*leading, "nowhere.jpg", "--driver", "nowhere.mp4")
    assert answer.exit_code == 1


def test_a_mistyped_command_is_answered(away: Path) -> None:
    answer = animate("trak", "video.mp4", "-o", "t.npz")
    assert answer.exit_code == 2
    assert "Did you mean 'track'?" in answer.stderr


def test_a_file_may_have_a_commands_misspelt_name(away: Path) -> None:
    (away / "trak").write_bytes(b"")
    answer = animate("trak", "--driver", "x.mp4")
    assert answer.exit_code == 1
    assert "trak is empty" in answer.stderr


def test_a_mistyped_flag_is_answered(away: Path) -> None:
    answer = animate("photo.jpg", "--drivr", "x.mp4")
    assert answer.exit_code == 2
    assert "--driver" in answer.stderr


def test_a_missing_driver_is_a_usage_error(away: Path) -> None:
    answer = animate("photo.jpg")
    assert answer.exit_code == 2
    assert "--driver" in answer.stderr


@pytest.mark.parametrize(
    "flag", [["--lost", "bogus"], ["--strength", "9"], ["--start", "x"], ["--face-box", "1,2"]]
)
def test_a_bad_value_is_a_usage_error(away: Path, flag: list[str]) -> None:
    answer = animate("photo.jpg", "--driver", "x.mp4", *flag)
    assert answer.exit_code == 2
    assert flag[0] in answer.stderr


def test_verbose_shows_the_traceback_and_the_log_file_keeps_it(away: Path) -> None:
    answer = animate("nowhere.jpg", "-d", "x.mp4", "-v", "--log-file", "log.txt")
    assert "Traceback" in answer.stderr
    assert "Traceback" in (away / "log.txt").read_text()
    quiet = animate("nowhere.jpg", "-d", "x.mp4", "-q")
    assert "Traceback" not in quiet.stderr
    assert "does not exist" in quiet.stderr


def test_settings_are_defaults_and_flags_beat_them(away: Path) -> None:
    (away / "animate.toml").write_text('device = "cuda:99"\nside-by-side = true\n')
    from_file = animate("doctor", "--json")
    assert from_file.exit_code == 1
    assert "cuda:99" in from_file.stdout
    assert "cuda:99" not in animate("doctor", "--json", "--device", "cpu").stdout


def test_the_working_directory_beats_the_users_settings(away: Path) -> None:
    (away / "home").mkdir()
    (away / "home" / "animate.toml").write_text('device = "cuda:98"\n')
    assert "cuda:98" in animate("doctor").stdout
    (away / "animate.toml").write_text('device = "cpu"\n')
    assert "cuda:98" not in animate("doctor").stdout


def test_unknown_settings_are_errors(away: Path) -> None:
    (away / "animate.toml").write_text('devise = "cpu"\n')
    answer = animate("doctor")
    assert answer.exit_code == 1
    assert "unknown key 'devise'" in answer.stderr
    assert "did you mean 'device'" in answer.stderr


def test_a_bad_setting_names_its_file(away: Path) -> None:
    (away / "animate.toml").write_text("strength = 9\n")
    answer = animate("photo.jpg", "-d", "x.mp4")
    assert answer.exit_code == 2
    assert "animate.toml" in answer.stderr


def test_weights_list_as_json(away: Path) -> None:
    rows = json.loads(animate("weights", "list", "--json").stdout)
    assert {"name", "sha256", "licence", "commercial_use", "state"} <= rows[0].keys()


def test_weights_verify_refuses_what_is_not_there(away: Path) -> None:
    answer = animate("weights", "verify", "yunet")
    assert answer.exit_code == 1
    assert "yunet" in answer.stdout
    assert "put it at" in answer.stderr
    assert animate("weights", "verify", "nonsense").exit_code == 1


def test_doctor_as_json_says_what_is_here(away: Path) -> None:
    findings = json.loads(animate("doctor", "--json").stdout)
    topics = {finding["topic"] for finding in findings}
    assert {"version", "codec", "device", "weights", "extra", "folder"} <= topics
    missing = [one for one in findings if one["verdict"] != "ok"]
    assert all(one["hint"] for one in missing)


def test_doctor_tells_two_opencvs_apart(away: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animate_cli.cli.doctor._version", lambda package: "4.0")
    answer = animate("doctor")
    assert answer.exit_code == 1
    assert "overwrite each other" in answer.stdout


def test_completion_knows_commands_and_flags(away: Path) -> None:
    def complete(words: str, at: int) -> str:
        environment = {
            "_ANIMATE_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(at),
        }
        return CliRunner().invoke(app, [], env=environment, prog_name="animate").stdout

    assert "track" in complete("animate tr", 1)
    assert "--driver" in complete("animate photo.jpg --dr", 2)
    assert "interpolate" in complete("animate photo.jpg --lost in", 3)
