"""Train and measure: `make detectors DATA=folder [NAMES="toxicity refusal"]`."""

import argparse
from importlib import import_module
from pathlib import Path

TRAINERS = {
    "hallucination": "groundedness",
    "toxicity": "toxicity",
    "prompt_injection": "injection",
    "indirect_injection": "indirect",
    "pii": "pii",
    "refusal": "refusal",
    "irrelevance": "relevance",
}
"""Detector → module beside this one with `train(data: Path) -> None`, which writes the artefact and
prints its cross-validated figures."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make detectors", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the data sets (docs/detectors)")
    parser.add_argument("names", nargs="*", choices=[*TRAINERS, []], help="default: all")
    asked = parser.parse_args()
    if not asked.data.is_dir():
        parser.error(f"{asked.data} is no folder; docs/detectors/README.md says what it holds")
    for name in asked.names or TRAINERS:
        import_module(f"evals.detectors.training.{TRAINERS[name]}").train(asked.data)


if __name__ == "__main__":
    main()
