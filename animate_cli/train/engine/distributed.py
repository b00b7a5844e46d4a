"""Training in one or many processes, each on one device, all in one precision."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from animate_cli.errors import OptionError
from animate_cli.train.recipe import Precision

NAMES = {Precision.FP32: "no", Precision.BF16: "bf16", Precision.FP16: "fp16"}


def open_accelerator(precision: Precision, device: torch.device | None) -> Accelerator:
    """The accelerator of this process.

    Many processes are started by `torchrun -m animate_cli train ...` or `accelerate launch`; on
    CPUs they communicate by gloo. device None: the best there is. Accelerate keeps one state per
    process; it is opened anew, so that two trainings may follow each other.

    Raises:
        OptionError: the device cannot compute in that precision.
    """
    AcceleratorState._reset_state(reset_partial_state=True)
    if device is not None and device.type == "cuda":
        torch.cuda.set_device(device)
    try:
        return Accelerator(
            mixed_precision=NAMES[precision], cpu=device is not None and device.type == "cpu"
        )
    except ValueError as error:
        raise OptionError(
            f"steps.precision {precision.value}: {error}", hint='choose "fp32" or "bf16"'
        ) from error


def any_process(accelerator: Accelerator, flag: bool) -> bool:  # noqa: FBT001 - the value itself
    """Whether the flag is set in any process: all must stop together, or some wait forever."""
    if accelerator.num_processes == 1:
        return flag
    raised = torch.tensor(float(flag), device=accelerator.device)
    return bool(accelerator.reduce(raised, "sum").item() > 0)
