"""The embedded networks answer what they answered when the goldens were recorded."""

from __future__ import annotations

from collections.abc import Mapping

import golden_networks as networks
import numpy as np
import pytest
from golden_store import Array, read_arrays, tolerance

PIXELS_WIDE = networks.FACE_SIZE  # codes and points are pixels: their rounding is that much larger


def nearly_the_same(found: Mapping[str, Array], golden: Mapping[str, Array]) -> None:
    assert found.keys() == golden.keys()
    for name, array in golden.items():
        assert found[name].dtype == array.dtype, name
        scale = PIXELS_WIDE if name.endswith(("codes", "points")) else 1
        atol = tolerance() * scale
        np.testing.assert_allclose(found[name], array, rtol=0, atol=atol, err_msg=name)


def test_landmarks() -> None:
    golden = read_arrays(networks.LANDMARKS)
    assert golden["confidence"].mean() > 0.9
    nearly_the_same(networks.landmark_answers(), golden)


def test_matte() -> None:
    nearly_the_same(networks.matte_answer(), read_arrays(networks.MATTE))


@pytest.mark.parametrize("name", networks.MODELS)
def test_models(name: str) -> None:
    nearly_the_same(networks.model_answers(name), read_arrays(networks.MODELS[name]))
