"""Codecs, the containers that take them, and their default settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from animate_cli.errors import OptionError
from animate_cli.options import Codec, OutputOptions

_X26X_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast", "medium"),
    *("slow", "slower", "veryslow", "placebo"),
)
_SVT_PRESETS = tuple(str(n) for n in range(14))


@dataclass(frozen=True, kw_only=True)
class CodecRecipe:
    """One codec's encoder and default settings.

    crf, preset: the defaults, None if the codec has none; crf_max: the CRF of lowest quality;
    fixed: settings that no option changes.
    """

    encoder: str
    pixel_format: str
    suffixes: tuple[str, ...]
    crf: int | None = None
    crf_max: int = 0
    preset: str | None = None
    presets: tuple[str, ...] = ()
    fixed: dict[str, str] = field(default_factory=dict)


# CRF 18 of x264 is visually lossless; 20 of x265 and 26 of SVT-AV1 look the same here.
RECIPES = {
    Codec.H264: CodecRecipe(
        encoder="libx264",
        pixel_format="yuv420p",
        suffixes=(".mp4", ".mov", ".mkv", ".avi"),
        crf=18,
        crf_max=51,
        preset="veryfast",
        presets=_X26X_PRESETS,
    ),
    Codec.H265: CodecRecipe(
        encoder="libx265",
        pixel_format="yuv420p",
        suffixes=(".mp4", ".mov", ".mkv"),
        crf=20,
        crf_max=51,
        preset="veryfast",
        presets=_X26X_PRESETS,
        fixed={"x265-params": "log-level=none"},
    ),
    Codec.AV1: CodecRecipe(
        encoder="libsvtav1",
        pixel_format="yuv420p",
        suffixes=(".mp4", ".mkv", ".webm"),
        crf=26,
        crf_max=63,
        preset="9",
        presets=_SVT_PRESETS,
    ),
    Codec.PRORES: CodecRecipe(
        encoder="prores_ks",
        pixel_format="yuv422p10le",
        suffixes=(".mov", ".mkv"),
        fixed={"profile": "3", "vendor": "apl0"},
    ),
    Codec.PNG: CodecRecipe(encoder="png", pixel_format="rgb24", suffixes=("",)),
}
# AVI stores no display times: B frames, which are stored out of display order, would come late.
_AVI = {".avi": {"bf": "0"}}
# For hardware encoders: the codec, and the setting that comes nearest to a CRF.
_FAMILIES = {"h264": Codec.H264, "hevc": Codec.H265, "av1": Codec.AV1}
_QUALITY = {"nvenc": "cq", "qsv": "global_quality"}
GIF = CodecRecipe(encoder="gif", pixel_format="pal8", suffixes=(".gif",))


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """The encoder of one output and its settings.

    is_external: the encoder belongs to an installed ffmpeg executable.
    """

    suffix: str
    encoder: str
    pixel_format: str
    settings: dict[str, str]
    is_external: bool = False

    @property
    def needs_even(self) -> bool:
        """Whether width and height must be even, because pairs of pixels share their chroma."""
        return self.pixel_format.startswith("yuv42")

    @property
    def tag(self) -> str | None:
        """The codec tag that Apple's players need for H.265; None for other outputs."""
        is_apple = self.encoder == "libx265" and self.suffix in (".mp4", ".mov")
        return "hvc1" if is_apple else None


def encoding_for(path: Path, options: OutputOptions) -> Encoding:
    """Choose encoder and settings for `path`, from its suffix and the options.

    A GIF has its own codec only; codec png writes a folder of pictures, whose name has no suffix.

    Raises:
        OptionError: the container does not take the codec, or the codec has no such CRF or preset.
    """
    suffix = path.suffix.lower()
    if options.encoder is not None:
        return _external(path, options.encoder, options)
    is_gif = suffix == ".gif" and options.codec is OutputOptions.codec
    recipe = GIF if is_gif else RECIPES[options.codec]
    if suffix not in recipe.suffixes:
        raise OptionError(
            f"{path.name}: {options.codec} is not written into {suffix or 'a folder'}",
            hint=_what_works(suffix, recipe),
        )
    return Encoding(
        suffix=suffix,
        encoder=recipe.encoder,
        pixel_format=recipe.pixel_format,
        settings={
            **recipe.fixed,
            **_AVI.get(suffix, {}),
            **_crf(recipe, options),
            **_preset(recipe, options),
        },
    )


def _external(path: Path, encoder: str, options: OutputOptions) -> Encoding:
    """The encoding of a hardware encoder, whose name is CODEC_MAKER, such as h264_nvenc."""
    codec, _, maker = encoder.partition("_")
    family = _FAMILIES.get(codec)
    suffix = path.suffix.lower()
    if family is None or not maker:
        raise OptionError(
            f"{encoder!r} is not a hardware encoder", hint="name one like h264_nvenc, hevc_qsv"
        )
    if suffix not in RECIPES[family].suffixes:
        raise OptionError(
            f"{path.name}: {encoder} is not written into {suffix or 'a folder'}",
            hint=f"name the output {', '.join(RECIPES[family].suffixes)}",
        )
    quality = _QUALITY.get(maker)
    if options.crf is not None and quality is None:
        raise OptionError(f"{encoder} has no CRF", hint="leave --crf out")
    settings: dict[str, str] = {}
    if quality is not None and options.crf is not None:
        settings[quality] = str(options.crf)
    if options.preset is not None:
        settings["preset"] = options.preset
    return Encoding(
        suffix=suffix,
        encoder=encoder,
        pixel_format="yuv420p",
        settings=settings,
        is_external=True,
    )


def _what_works(suffix: str, recipe: CodecRecipe) -> str:
    codecs = [codec.value for codec, other in RECIPES.items() if suffix in other.suffixes]
    names = ", ".join(s or "a name without suffix" for s in recipe.suffixes)
    here = f"--codec {' or '.join(codecs)}, or " if codecs else ""
    return f"use {here}name the output {names}"


def _crf(recipe: CodecRecipe, options: OutputOptions) -> dict[str, str]:
    if options.crf is not None and recipe.crf is None:
        raise OptionError(f"{recipe.encoder} has no CRF", hint="leave --crf out")
    crf = recipe.crf if options.crf is None else options.crf
    if crf is not None and not 0 <= crf <= recipe.crf_max:
        raise OptionError(
            f"CRF {crf} is out of range", hint=f"use 0 (best) to {recipe.crf_max} (worst)"
        )
    return {} if crf is None else {"crf": str(crf)}


def _preset(recipe: CodecRecipe, options: OutputOptions) -> dict[str, str]:
    preset = recipe.preset if options.preset is None else options.preset
    if preset is not None and preset not in recipe.presets:
        known = ", ".join(recipe.presets)
        raise OptionError(
            f"{recipe.encoder} has no preset {preset!r}",
            hint=f"use one of {known}" if known else "leave --preset out",
        )
    return {} if preset is None else {"preset": preset}
