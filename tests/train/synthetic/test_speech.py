from __future__ import annotations

import re

import numpy as np
import pytest

from animate_cli.errors import InputError
from animate_cli.train.synthetic import speech


def test_a_missing_voice_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "find_library", lambda _: None)
    with pytest.raises(InputError, match="espeak-ng is not installed"):
        speech.speak("Hello")


@pytest.mark.skipif(speech.find_library("espeak-ng") is None, reason="espeak-ng is not installed")
def test_sounds_are_timed_within_the_speech() -> None:
    spoken = speech.speak("Mama. Papa.")
    names = " ".join(phoneme.name for phoneme in spoken.phonemes)
    assert re.search(r"m .* m .* p .* p ", names)
    starts = [phoneme.start_s for phoneme in spoken.phonemes]
    assert starts == sorted(starts)
    assert starts[0] >= 0
    assert starts[-1] <= spoken.duration_s + 0.05
    assert np.abs(spoken.samples).max() > 1000
