"""Text to speech with phoneme times, by the espeak-ng library.

Only the rendered example drivers need it; the library is loaded when `speak` is called.
"""

from __future__ import annotations

import ctypes
from ctypes.util import find_library
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import InputError

_SYNCHRONOUS = 2
_PHONEME_EVENTS = 1
_UTF8 = 1
_PHONEME = 7
_RATE, _PITCH, _RANGE = 1, 3, 4


class Phoneme(NamedTuple):
    """A sound by espeak's name, and when it begins."""

    name: str
    start_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Speech:
    """samples (N,) int16 mono; phonemes in order, "_" for silence."""

    samples: NDArray[np.int16]
    rate: int
    phonemes: tuple[Phoneme, ...]

    @property
    def duration_s(self) -> float:
        """Length of the sound."""
        return len(self.samples) / self.rate


class _Identity(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


def speak(
    text: str,
    *,
    voice: str = "en-us",
    words_per_minute: int = 150,
    pitch: int = 55,
    pitch_range: int = 60,
) -> Speech:
    """The text read aloud; InputError where espeak-ng is not installed or lacks the voice."""
    name = find_library("espeak-ng")
    if name is None:
        raise InputError(
            "espeak-ng is not installed",
            hint="install the package espeak-ng (Debian: apt-get install espeak-ng)",
        )
    library = ctypes.CDLL(name)
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise InputError(f"espeak-ng has no voice {voice}", hint="espeak-ng --voices lists them")
    for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, pitch_range)):
        library.espeak_SetParameter(parameter, value, 0)
    sound: list[NDArray[np.int16]] = []
    phonemes: list[Phoneme] = []
    prototype = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
    )

    def collect(wave: ctypes._Pointer[ctypes.c_short], count: int, events: object) -> int:
        if wave and count:
            sound.append(np.ctypeslib.as_array(wave, (count,)).astype(np.int16))
        _collect_phonemes(events, phonemes)
        return 0

    callback = prototype(collect)
    library.espeak_SetSynthCallback(callback)
    spoken = text.encode()
    library.espeak_Synth(spoken, len(spoken) + 1, 0, 0, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    library.espeak_Terminate()
    return Speech(samples=np.concatenate(sound), rate=rate, phonemes=tuple(phonemes))


def _collect_phonemes(events: object, into: list[Phoneme]) -> None:
    """Append the phoneme events of a list that ends with type 0."""
    index = 0
    while (event := events[index]).type != 0:  # type: ignore[index]
        if event.type == _PHONEME:
            into.append(Phoneme(event.id.string.decode() or "_", event.audio_position_ms / 1000))
        index += 1
