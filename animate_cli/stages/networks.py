"""Loads networks, and keeps them loaded for the next animation."""

from __future__ import annotations

from typing import Any

from animate_cli.faces.detection.detect import make_proposer
from animate_cli.faces.detection.viola_jones import Proposer
from animate_cli.faces.landmarks import network as landmarks
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.models.base import FaceModel
from animate_cli.models.find import find_model
from animate_cli.options import Detector, Engine, MotionOptions

_Request = tuple[str, str, str | None, Engine]


class Networks:
    """Keeps the landmark network and one model loaded; a request for another one replaces it."""

    def __init__(self) -> None:
        self._landmarker: tuple[str, LandmarkDetector] | None = None
        self._model: tuple[_Request, FaceModel[Any, Any, Any]] | None = None

    def landmarker(self, device: str) -> LandmarkDetector:
        """The landmark network on a device.

        Raises:
            WeightsError: its weights are missing or damaged.
        """
        if self._landmarker is None or self._landmarker[0] != device:
            self._landmarker = device, landmarks.load_landmarker(device=device)
        return self._landmarker[1]

    def proposer(self, detector: Detector) -> Proposer:
        """The face detector of that name.

        Raises:
            OptionError: it needs a package that is not installed.
            WeightsError: its weights are missing or damaged.
        """
        return make_proposer(detector)

    def model(self, motion: MotionOptions, device: str, engine: Engine) -> FaceModel[Any, Any, Any]:
        """The model that `motion` names, with its weights, on a device.

        Raises:
            OptionError: no such model, or it does not run with this engine.
            WeightsError: its weights are missing or damaged.
        """
        name, weights = motion.model, motion.weights
        request = name, device, weights, engine
        if self._model is None or self._model[0] != request:
            self._model = request, find_model(name, device=device, weights=weights, engine=engine)
        return self._model[1]
