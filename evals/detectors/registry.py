"""Detectors by name. Loading one imports only its module: scikit-learn is paid for once needed."""

from functools import cache
from importlib import import_module

from evals.detectors.base import Abstaining, Detector, Example

MODULES = {
    "hallucination": "evals.detectors.groundedness",
    "toxicity": "evals.detectors.toxicity",
    "prompt_injection": "evals.detectors.injection",
    "indirect_injection": "evals.detectors.indirect",
    "pii": "evals.detectors.pii",
    "refusal": "evals.detectors.refusal",
    "irrelevance": "evals.detectors.relevance",
    "language_mismatch": "evals.detectors.language",
    "repetition": "evals.detectors.repetition",
    "truncation": "evals.detectors.truncation",
    "invalid_json": "evals.detectors.structure",
}
"""Each module has a class `Detector`."""


class UnknownDetectorError(LookupError):
    """No detector has this name."""


def described(name: str) -> type[Detector]:
    """Its class, with version and threshold; nothing is loaded. Raises UnknownDetectorError."""
    try:
        module = MODULES[name]
    except KeyError:
        known = ", ".join(MODULES)
        raise UnknownDetectorError(f"no detector {name!r}; there are {known}") from None
    found: type[Detector] = import_module(module).Detector
    return found


@cache
def load(name: str) -> Detector:
    """The detector of this name, its artefact loaded; one per process.

    Raises UnknownDetectorError.
    """
    return described(name)()


def measured_on(name: str) -> str:
    """What a detector judges only, as it was measured on nothing else; empty: on all that it reads.

    Of a name that no detector has, empty.
    """
    return getattr(described(name), "only", "") if name in MODULES else ""


def unmeasured(name: str, example: Example) -> str:
    """Why a detector gave no verdict on texts that are there: such were not measured.

    Empty where that is not the reason. Raises UnknownDetectorError.
    """
    detector = load(name)
    return detector.unmeasured(example) if isinstance(detector, Abstaining) else ""
