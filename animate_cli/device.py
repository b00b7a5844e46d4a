"""Chooses the device and the number of threads, once at the start of a run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from animate_cli.errors import OptionError
from animate_cli.options import ComputeOptions

if TYPE_CHECKING:
    import torch


def open_device(options: ComputeOptions) -> torch.device:
    """Choose the device, and set threads and seeds of this process.

    Threads and seeds of torch and OpenCV are global in a process: the last call decides.

    Raises:
        OptionError: this machine has no such device, or threads is negative.
    """
    import cv2
    import torch

    device = resolve(options.device)
    _set_threads(thread_count(options.threads))
    torch.manual_seed(options.seed)
    cv2.setRNGSeed(options.seed)
    return device


def share_cores(threads: int) -> None:
    """Halve torch's and OpenCV's threads, to leave cores to decoding, upscaling and encoding.

    Threads of one operation spin while they wait for each other: on two cores, two threads beside a
    running encoder took four times the CPU time of one.
    """
    _set_threads(max(1, threads // 2))


def batches_at_once(threads: int, device: torch.device) -> int:
    """The number of batches to render at the same time, each on its own thread."""
    return min(2, threads) if device.type == "cpu" else 1


def _set_threads(threads: int) -> None:
    import cv2
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def thread_count(threads: int) -> int:
    """Threads to use: 0 means every core this process may run on."""
    if threads < 0:
        raise OptionError(f"--threads {threads}: below 0", hint="give a number, or 0 for all cores")
    if threads:
        return threads
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def resolve(name: str) -> torch.device:
    """auto, cpu, cuda, cuda:N or mps -> a device of this machine.

    Raises:
        OptionError: unknown, or absent on this machine.
    """
    import torch

    present = devices()
    if name == "auto":
        return torch.device("cuda:0" if "cuda:0" in present else present[-1])
    wanted = "cuda:0" if name == "cuda" else name
    if wanted in present:
        return torch.device(wanted)
    hint = f"here are: auto, {', '.join(present)}"
    if wanted.startswith("cuda") and "+cpu" in torch.__version__:
        hint += f"; torch {torch.__version__} is a build without CUDA"
    raise OptionError(f"--device {name}: not on this machine", hint=hint)


def devices() -> tuple[str, ...]:
    """Every device that torch can use on this machine, cpu first."""
    import torch

    cuda = tuple(f"cuda:{index}" for index in range(torch.cuda.device_count()))
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return ("cpu", *cuda, *mps)
