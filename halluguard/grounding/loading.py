"""Put models and calibration together into a reader."""

from pathlib import Path

from halluguard.grounding.calibration import find_calibration
from halluguard.grounding.reader import Reader
from halluguard.models import Models


def load_reader(models: Models, *, calibration: Path | None = None) -> Reader:
    """Return a reader with the calibration in force: the one named, else the one beside the weights, else the default."""
    folders = (models.nli_folder,) if models.nli_folder else ()
    found = find_calibration(models.scorer.digest, folders=folders, path=calibration)
    return Reader(models.scorer, found)
