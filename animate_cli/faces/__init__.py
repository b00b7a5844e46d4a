"""Faces in pictures: where they are, how they move, and how that motion is given to another face.

Sub-packages import each other in one direction only, from left to right:

    tracking ──► detection ──► landmarks
    tracking, retargeting, drawing ──► shape3d
    segmentation, patch_landmarks: import none of them

All of them may import the modules beside them: `points`, `crop` and `aperture`, which import no
sub-package. `paste` puts the finished face back into the photo.
"""
