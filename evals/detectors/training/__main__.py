"""Train and measure: `python -m evals.detectors.training DATA [NAME …]`."""

import argparse
from importlib import import_module
from pathlib import Path

TRAINERS = ("groundedness", "toxicity", "injection", "indirect", "pii", "refusal", "relevance")
"""Modules beside this one, each with `train(data: Path) -> None`: writes its artefact, prints its
cross-validated figures."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make detectors", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the data sets (docs/detectors)")
    parser.add_argument("names", nargs="*", choices=[*TRAINERS, []], help="default: all")
    asked = parser.parse_args()
    for name in asked.names or TRAINERS:
        import_module(f"evals.detectors.training.{name}").train(asked.data)


if __name__ == "__main__":
    main()
