from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from animate_cli.errors import MediaError, OutputError
from animate_cli.faces.tracking.template import load_template, save_template
from animate_cli.records import Trajectory


def trajectory(count: int = 7, **changes: object) -> Trajectory:
    rng = np.random.default_rng(count)
    content = {
        "landmarks": rng.normal(100, 60, (count, 74, 2)).astype(np.float32),
        "confidence": rng.uniform(0, 1, (count, 74)).astype(np.float32),
        "found": np.arange(count) != 2,
        "cut": np.arange(count) == 3,
        "motion_weight": rng.uniform(0, 1, count).astype(np.float32),
        "times_s": tuple(Fraction(1001 * i, 30000) for i in range(count)),
        "rate": Fraction(30000, 1001),
        "width": 640,
        "height": 360,
        "driver": "Küche 1.mp4",
        "sha256": "0f" * 32,
        "frames_declared": None,
        "frames_concealed": 1,
        "body": rng.normal(0, 0.1, (count, 26, 2)).astype(np.float16),
    }
    return Trajectory(**{**content, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize("declared", [None, 0, 12])
def test_a_template_is_loaded_as_it_was_saved(
    tmp_path: Path, count: int, declared: int | None
) -> None:
    before = trajectory(count, frames_declared=declared)
    save_template(before, tmp_path / "t.npz", overwrite=False)
    after = load_template(tmp_path / "t.npz")
    for field in fields(Trajectory):
        a, b = getattr(before, field.name), getattr(after, field.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
        else:
            assert a == b
            assert type(a) is type(b)


def test_no_motion_weight_is_read_back_as_ones(tmp_path: Path) -> None:
    save_template(trajectory(motion_weight=None), tmp_path / "t.npz", overwrite=False)
    assert (load_template(tmp_path / "t.npz").motion_weight == 1).all()


def test_templates_of_earlier_versions_have_no_body(tmp_path: Path) -> None:
    save_template(trajectory(body=None), tmp_path / "t.npz", overwrite=False)
    assert load_template(tmp_path / "t.npz").body is None


def test_numpy_can_read_a_template(tmp_path: Path) -> None:
    save_template(trajectory(), tmp_path / "t.npz", overwrite=False)
    with np.load(tmp_path / "t.npz", allow_pickle=False) as file:
        assert file["landmarks"].shape == (7, 74, 2)


def test_files_are_overwritten_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        save_template(trajectory(), path, overwrite=False)
    assert path.read_text() == "mine"
    save_template(trajectory(), path, overwrite=True)
    assert len(load_template(path)) == 7
    assert [p.name for p in tmp_path.iterdir()] == ["t.npz"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        save_template(trajectory(), tmp_path / "no" / "t.npz", overwrite=False)


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: io.BufferedWriter, **_: object) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OutputError, match="No space"):
        save_template(trajectory(), tmp_path / "t.npz", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def npy(array: np.ndarray, **keywords: bool) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **keywords)  # type: ignore[arg-type]
    return out.getvalue()


def rewritten(
    tmp_path: Path, replace: dict[str, bytes | None], compression: int = zipfile.ZIP_STORED
) -> Path:
    """A template with some members replaced, or left out (None), or added."""
    good, bad = tmp_path / "good.npz", tmp_path / "bad.npz"
    save_template(trajectory(), good, overwrite=True)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w", compression) as target:
        content = {n: source.read(n) for n in source.namelist()}
        content.update({f"{n}.npy": c for n, c in replace.items() if c is not None})
        for name, one in content.items():
            if replace.get(name.removesuffix(".npy"), b"") is not None:
                target.writestr(name, one)
    return bad


GOOD = trajectory()
HUGE = b"\x93NUMPY\x01\x00v\x00" + (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (900000000, 74, 2), }".ljust(117) + b"\n"
)

HOSTILE: dict[str, dict[str, bytes | None]] = {
    "missing": {"cut": None},
    "extra": {"more": npy(np.zeros(3))},
    "shape": {"landmarks": npy(np.zeros((7, 68, 2), np.float32))},
    "type": {"confidence": npy(np.zeros((7, 74), np.float64))},
    "counts": {"found": npy(np.ones(6, bool))},
    "nan": {"landmarks": npy(np.full((7, 74, 2), np.nan, np.float32))},
    "share": {"confidence": npy(np.full((7, 74), 1.5, np.float32))},
    "nan share": {"presence": npy(np.full(7, np.nan, np.float32))},
    "time": {"times_s": npy(np.array([(7 - i, 25) for i in range(7)]))},
    "denominator": {"times_s": npy(np.zeros((7, 2), np.int64))},
    "rate": {"rate": npy(np.array([25, 0]))},
    "nobody": {"found": npy(np.zeros(7, bool))},
    "nan body": {"body": npy(np.full((7, 26, 2), np.nan, np.float16))},
    "short body": {"body": npy(np.zeros((6, 26, 2), np.float16))},
    "other body": {"body": npy(np.zeros((7, 25, 2), np.float16))},
    "version": {"version": npy(np.array(2))},
    "sha256": {"sha256": npy(np.array("../../etc"))},
    "text": {"driver": npy(np.array("x" * 5000))},
    "pickle": {"driver": npy(np.array({"a": 1}, object), allow_pickle=True)},
    "no array": {"cut": b"hello"},
    "short": {"landmarks": npy(GOOD.landmarks)[:-8]},
    "huge": {"landmarks": HUGE},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_malicious_files_are_an_error(tmp_path: Path, case: str) -> None:
    with pytest.raises(MediaError, match="not a driver template") as caught:
        load_template(rewritten(tmp_path, HOSTILE[case]))
    assert "animate track" in caught.value.hint


def test_a_compressed_file_is_an_error_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = rewritten(tmp_path, {"landmarks": npy(np.zeros((200_000, 74, 2), np.float32))}, 8)
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(MediaError, match="compressed"):
        load_template(bomb)


@pytest.mark.parametrize(
    "content", [b"", b"not a zip", pickle.dumps([1, 2]), b"PK\x03\x04" + bytes(100)]
)
def test_other_files_are_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(content)
    with pytest.raises(MediaError, match="not a driver template"):
        load_template(path)


def test_a_truncated_template_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    save_template(trajectory(), path, overwrite=False)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MediaError, match="not a driver template"):
        load_template(path)


def test_a_flipped_byte_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    save_template(trajectory(), path, overwrite=False)
    content = bytearray(path.read_bytes())
    content[2000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(MediaError, match="not a driver template"):
        load_template(path)


@pytest.mark.parametrize(
    ("place", "value"), [(6, 64), (8, 1), (10, 99)], ids=["version", "encrypted", "compression"]
)
def test_an_archive_of_another_kind_is_an_error(tmp_path: Path, place: int, value: int) -> None:
    """A byte of the first entry in the archive's central directory is another one."""
    path = tmp_path / "motion.npz"
    save_template(trajectory(), path, overwrite=False)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + place] = value
    path.write_bytes(bytes(data))
    with pytest.raises(MediaError, match="is not a driver template"):
        load_template(path)


def test_a_missing_template_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        load_template(tmp_path / "t.npz")
