"""The frames that are compared with the first of their shot."""

from __future__ import annotations

from fractions import Fraction

from animate_cli.faces.tracking.reference_frames import INTERVAL_S, ReferenceSchedule


def test_one_frame_per_interval_is_due() -> None:
    pace = ReferenceSchedule()
    due = [k for k in range(30) if pace.is_due(Fraction(k, 30))]
    assert due == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]


def test_the_first_frame_after_a_gap_is_due() -> None:
    """Each run of found frames is measured, however short it is."""
    pace = ReferenceSchedule()
    due = []
    for k in range(12):
        if k % 3 == 2:
            pace.miss()
        elif pace.is_due(k * INTERVAL_S / 10):
            due.append(k)
    assert due == [0, 3, 6, 9]
