from __future__ import annotations

import numpy as np
import pytest

from animate_cli.train.synthetic.rasterise import normals, rasterise


def test_every_pixel_sees_the_nearest_triangle() -> None:
    rng = np.random.default_rng(0)
    size = 37
    xy = rng.uniform(-10, size + 10, (45, 2)).astype(np.float32)
    depth = rng.uniform(1, 9, 45).astype(np.float32)
    triangles = np.arange(45).reshape(15, 3)
    seen = rasterise(xy, depth, triangles, size)
    drawn = np.full(size * size, -1)
    drawn[seen.pixel] = seen.triangle
    assert (drawn.reshape(size, size) == _one_by_one(xy, depth, triangles, size)).all()


def _one_by_one(xy: np.ndarray, depth: np.ndarray, triangles: np.ndarray, size: int) -> np.ndarray:
    """The same by solving for each pixel in each triangle."""
    drawn = np.full((size, size), -1)
    for y in range(size):
        for x in range(size):
            best = np.inf
            for index, corners in enumerate(triangles):
                system = np.vstack((xy[corners].T.astype(np.float64), np.ones(3)))
                weight = np.linalg.solve(system, (x, y, 1))
                z = weight @ depth[corners]
                if (weight >= 0).all() and z < best:
                    best, drawn[y, x] = z, index
    return drawn


def test_values_are_linear_across_a_triangle() -> None:
    xy = np.float32([[2, 1], [28, 9], [7, 25]])
    seen = rasterise(xy, np.ones(3, np.float32), np.array([[0, 1, 2]]), 32)
    row, column = np.divmod(seen.pixel, 32)
    values = (3 * xy[:, :1] - 2 * xy[:, 1:] + 5).astype(np.float32)
    found = seen.interpolate(values, np.array([[0, 1, 2]]))[:, 0]
    np.testing.assert_allclose(found, 3 * column - 2 * row + 5, atol=1e-3)


def test_what_is_off_the_picture_is_not_seen() -> None:
    xy = np.float32([[-20, -20], [-5, -20], [-20, -5]])
    assert len(rasterise(xy, np.ones(3, np.float32), np.array([[0, 1, 2]]), 32).pixel) == 0


def test_triangles_too_wide_are_refused() -> None:
    xy = np.float32([[0, 0], [900, 0], [0, 900]])
    with pytest.raises(ValueError, match="subdivide"):
        rasterise(xy, np.ones(3, np.float32), np.array([[0, 1, 2]]), 1000)


def test_normals_of_a_sphere_point_outwards() -> None:
    turn, rise = np.meshgrid(
        np.linspace(0, 2 * np.pi, 40, endpoint=False), np.linspace(0.2, 2.9, 20)
    )
    points = np.stack((np.sin(rise) * np.cos(turn), np.sin(rise) * np.sin(turn), np.cos(rise)), -1)
    at = np.arange(800).reshape(20, 40)
    a, b, c, d = at[:-1], np.roll(at, -1, 1)[:-1], at[1:], np.roll(at, -1, 1)[1:]
    triangles = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, c, b), (b, c, d))])
    sphere = points.reshape(-1, 3).astype(np.float32)
    inner = slice(40, 760)
    cosine = (normals(sphere, triangles) * sphere).sum(axis=1)[inner]
    assert cosine.min() > 0.99
