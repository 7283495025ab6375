"""Trained models as plain arrays in `models/NAME.npz`: loading one runs no code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MODELS = Path(__file__).parent / "models"


def save(name: str, meta: dict[str, Any], **arrays: npt.NDArray[Any]) -> Path:
    """Write an artefact. `meta` is JSON: settings, what it was trained on, measured figures."""
    path = MODELS / f"{name}.npz"
    text = np.frombuffer(json.dumps(meta, sort_keys=True).encode(), dtype=np.uint8)
    np.savez_compressed(path, allow_pickle=False, meta=text, **arrays)
    return path


def load(name: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Its meta and its arrays. Raises FileNotFoundError when it was never trained."""
    with np.load(MODELS / f"{name}.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return json.loads(arrays.pop("meta").tobytes()), arrays
