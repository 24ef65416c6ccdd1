"""Where a model runs and in which number format."""

from dataclasses import dataclass
from typing import Any

from halluguard.errors import ModelError, SettingError

_USUAL = {"cpu": "float32", "cuda": "float16"}
_FORMATS = {"cpu": ("float32", "bfloat16"), "cuda": ("float16", "bfloat16", "float32")}


@dataclass(frozen=True, slots=True)
class Placement:
    """A device, `cpu` or `cuda`, and a number format: `float32`, `bfloat16` or `float16`."""

    device: str
    number_format: str

    def __str__(self) -> str:
        """Return the name that `place` takes: the device alone where the format is its usual one."""
        usual = self.number_format == _USUAL[self.device]
        return self.device if usual else f"{self.device}:{self.number_format}"

    @property
    def settings(self) -> str:
        """What keeps results of other formats than float32 apart in a cache."""
        return "" if self.number_format == "float32" else self.number_format

    @property
    def dtype(self) -> Any:
        """The torch dtype."""
        import torch

        return getattr(torch, self.number_format)


def place(name: str = "auto") -> Placement:
    """Return where and how `auto`, `cpu` or `cuda` runs, in its usual number format or in one given behind a colon.

    The usual one is float32 on a CPU, so that every machine gives the same verdicts, and float16 on CUDA. `cpu:bfloat16` is
    faster on CPUs with instructions for it (AMX, AVX512-BF16), and slower on others.

    Raises:
        SettingError: no such device or format.
        ModelError: CUDA is asked for and absent.

    """
    import torch

    asked, _, number_format = name.partition(":")
    if asked not in {"auto", *_USUAL}:
        raise SettingError(f"device {asked!r} is not known. Choose auto, cpu or cuda")
    if asked == "cuda" and not torch.cuda.is_available():
        raise ModelError("device cuda was asked for and torch sees no CUDA device. Use --device cpu or auto")
    device = ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked
    number_format = number_format or _USUAL[device]
    if number_format not in _FORMATS[device]:
        raise SettingError(
            f"device {name!r}: {number_format!r} is no format of {device}. Choose {', '.join(_FORMATS[device])}"
        )
    if device == "cuda":
        # Measured on an H100: cuDNN's attention plans each new shape for a third of a second, and texts come in all shapes.
        torch.backends.cuda.enable_cudnn_sdp(False)
    return Placement(device, number_format)


def resolve_device(name: str = "auto") -> str:
    """Return the torch device of `place`, `cpu` or `cuda`, set up: every model is put on one through here or there."""
    return place(name).device
