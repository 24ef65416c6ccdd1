"""Where a model runs and in which number format."""

from typing import Any

from halluguard.errors import ModelError, SettingError


def resolve_device(name: str = "auto") -> str:
    """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`; raises where CUDA is asked for and absent.

    Every model is put on a device through here, so that CUDA is set up in one place.
    """
    import torch

    if name not in {"auto", "cpu", "cuda"}:
        raise SettingError(f"device {name!r} is not known. Choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ModelError("device cuda was asked for and torch sees no CUDA device. Use --device cpu or auto")
    device = ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
    if device == "cuda":
        # Measured on an H100: cuDNN's attention plans each new shape for a third of a second, and texts come in all shapes.
        torch.backends.cuda.enable_cudnn_sdp(False)
    return device


def resolve_dtype(device: str) -> Any:
    """Return the torch dtype for a device: float32 on a CPU, where half precision is slower, float16 on CUDA."""
    import torch

    return torch.float16 if device == "cuda" else torch.float32
