"""Indices of the 74 landmarks, by facial part, and how other schemes map to them.

0 to 67: the iBUG 300-W scheme. 68, 69: middle of the upper and the lower lid of the right eye
(image left); 70, 71: of the left eye. 72: right pupil; 73: left pupil. Zhao et al. 2021 use 74
points, 68 and 6 with the pupils; the other four are taken to be WFLW's middle points of the lids.
"""

from __future__ import annotations

JAW = tuple(range(17))
CHIN = 8
RIGHT_BROW = tuple(range(17, 22))
LEFT_BROW = tuple(range(22, 27))
NOSE = tuple(range(27, 36))
RIGHT_EYE = tuple(range(36, 42))
LEFT_EYE = tuple(range(42, 48))
OUTER_LIPS = tuple(range(48, 60))
INNER_LIPS = tuple(range(60, 68))
RIGHT_LIDS = (68, 69)
LEFT_LIDS = (70, 71)
PUPILS = (72, 73)

UPPER_INNER_LIP = (60, 61, 62, 63, 64)
LOWER_INNER_LIP = (60, 67, 66, 65, 64)
"""Both from the right corner of the mouth to the left."""

OUTER_EYE_CORNERS = (36, 45)
EYE_CORNERS = ((36, 39), (42, 45))

FACING_RIGHT_LIDS = ((37, 41), (68, 69), (38, 40))
FACING_LEFT_LIDS = ((43, 47), (70, 71), (44, 46))
FACING_LIDS = FACING_RIGHT_LIDS + FACING_LEFT_LIDS
FACING_LIPS = ((61, 67), (62, 66), (63, 65))
"""Pairs of an upper and a lower point that meet when the eye or the mouth is shut."""

RIGID = (0, 1, 2, 14, 15, 16, 27, 28, 29, 30, 33, 36, 39, 42, 45)
"""Points that no expression moves: temples, nose and corners of the eyes."""

MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
    *(70, 71, 68, 69, 73, 72),
)
"""MIRROR[k] is the index of point k in the mirrored image."""

MEDIAPIPE = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
    *(159, 145, 386, 374, 468, 473),
)
"""Index of each landmark in MediaPipe's 478 points, in which training labels are stored."""

WFLW = (
    *range(0, 33, 2),  # jaw 0-16: every other of its 33
    *range(33, 38),  # brows 17-26: their upper edges
    *range(42, 47),
    *range(51, 60),  # nose 27-35
    *(60, 61, 63, 64, 65, 67),  # eyes 36-47: rims without lid middles
    *(68, 69, 71, 72, 73, 75),
    *range(76, 96),  # lips 48-67
    *(62, 66, 70, 74),  # lid middles 68-71
    *(96, 97),  # pupils 72, 73
)
"""Index of each landmark in WFLW's 98 points (Wu et al. 2018, figure 2)."""
