"""How good and how fast the embedded detectors are, on labelled sets.

    PYTHONPATH=platform:. python -m benchmarks.detectors --data FOLDER [--split dev]
        [--predictions OUTFOLDER] [NAME …]

FOLDER holds the sets as docs/detectors/README.md lays them out. Prints a table per detector, each
figure with its 95 % interval by bootstrap over groups. A set marked * was trained on: its row shows
how well it was learned, not how well the detector does; what holds for unseen texts stands below,
from the artefact, where the trainer left it. `--predictions` writes one file of JSON lines per set:
`{"id", "score"}`, or `{"id", "spans": [[start, end, type]]}`.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.detectors import artefact
from evals.detectors.base import Detector, Example, Verdict
from evals.detectors.ngrams import Floats
from evals.detectors.registry import load
from evals.detectors.training import fitting
from evals.detectors.training.fitting import Row, rows
from evals.detectors.training.pii import STRUCTURED, told

BATCH = 64
LONGEST = 430
"""Characters from which on a text of the pools may have been cut where it was collected."""
COLUMNS = ("auroc", "auprc", "f1", "precision", "recall", "balanced", "macro_f1", "ece")
ARTEFACTS = {
    "hallucination": "groundedness",
    "toxicity": "toxicity",
    "prompt_injection": "injection",
    "indirect_injection": "indirect",
    "pii": "pii",
    "refusal": "refusal",
    "irrelevance": "relevance",
}
TYPES = {kind: type_ for type_, kind in STRUCTURED.items()} | {
    "person": "PERSON",
    "address": "STREET_ADDRESS",
    "location": "GPE",
    "organization": "ORGANIZATION",
    "nationality": "NRP",
    "job_title": "TITLE",
    "zip_code": "ZIP_CODE",
}
"""What the sets call our kinds of personal data."""
FIRST_TYPES = {"address": "ADDRESS", "location": "LOCATION"}
"""What the first version of the set calls otherwise."""

Read = Callable[[Row], Example]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A set of rows and what a detector reads of a row."""

    folder: str
    read: Read
    seen: bool = False
    """Whether its development half was trained on."""
    made: Callable[[Sequence[Row]], list[Row]] | None = None
    """Makes the labelled rows of texts, where the set has no labels."""


def _answer(row: Row) -> Example:
    return Example(output=row["text"])


def _asked(row: Row) -> Example:
    return Example(input=row["text"])


def _grounded(row: Row) -> Example:
    return Example(None, row["answer"], (row["context"],))


def _document(row: Row) -> Example:
    return Example(contexts=(row["text"],))


def _pair(row: Row) -> Example:
    return Example(input=row["question"], output=row["text"])


def cut(found: Sequence[Row]) -> list[Row]:
    """Answers whole (0) and broken off after some characters (1)."""
    chance = random.Random(0)
    made: list[Row] = []
    for row in found:
        text = row["text"].strip()
        if row["pool"] == "chat_answer" and 80 < len(text) < LONGEST:
            end = chance.randrange(40, len(text) - 20)
            made.append({"id": f"{row['id']}-whole", "group": row["id"], "text": text, "label": 0})
            made.append(
                {"id": f"{row['id']}-cut", "group": row["id"], "text": text[:end], "label": 1}
            )
    return made


def looped(found: Sequence[Row]) -> list[Row]:
    """Answers as they are (0) and caught in a loop of their last words (1)."""
    chance = random.Random(0)
    made: list[Row] = []
    for row in found:
        text = row["text"].strip()
        words = text.split()
        if row["pool"] == "chat_answer" and len(words) >= 20:
            loop = " ".join(words[-chance.randrange(3, 15) :])
            again = " ".join([text, *[loop] * chance.randrange(3, 12)])
            made.append({"id": f"{row['id']}-whole", "group": row["id"], "text": text, "label": 0})
            made.append({"id": f"{row['id']}-loop", "group": row["id"], "text": again, "label": 1})
    return made


def paired(found: Sequence[Row]) -> list[Row]:
    """Sentences of news in English and German, beside one of the same (0) or other (1) language."""
    english = [row for row in found if row["pool"] == "wmt_en"]
    german = [row for row in found if row["pool"] == "wmt_de"]
    made: list[Row] = []
    for mine, other in ((english, german), (german, english)):
        for place, row in enumerate(mine):
            for label, pool in ((0, mine), (1, other)):
                answer = pool[(place + 1) % len(pool)]
                name = f"{row['id']}-{label}"
                made.append(
                    {"id": name, "group": row["id"], "question": row["text"],
                     "text": answer["text"], "label": label}
                )  # fmt: skip
    return made


SETS: Mapping[str, Sequence[Labelled]] = {
    "hallucination": (
        Labelled("ground_begin", _grounded, seen=True),
        Labelled("ground_summeval", _grounded),
        Labelled("ground_qags", _grounded),
        Labelled("ground_faithbench", _grounded),
    ),
    "toxicity": (
        Labelled("tox_toxicchat", _asked),
        Labelled("tox_hatecheck", _answer, seen=True),
        Labelled("tox_surge", _answer, seen=True),
    ),
    "prompt_injection": (
        Labelled("inj_deepset", _asked),
        Labelled("inj_toxicchat_jailbreak", _asked),
        Labelled("inj_overdefense", _asked, seen=True),
    ),
    "indirect_injection": (Labelled("inj_bipia_indirect", _document, seen=True),),
    "pii": (
        Labelled("pii_presidio_v1", _answer, seen=True),
        Labelled("pii_presidio_v2", _answer, seen=True),
    ),
    "refusal": (Labelled("refusal_xstest", _answer, seen=True),),
    "irrelevance": (Labelled("relevance_topicalchat", _pair),),
    "language_mismatch": (Labelled("drift_pools", _pair, made=paired),),
    "repetition": (Labelled("drift_pools", _answer, made=looped),),
    "truncation": (Labelled("drift_pools", _answer, made=cut),),
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a detector said about a set, and the processor time that it took."""

    rows: list[Row]
    verdicts: list[Verdict | None]
    seconds: float

    @property
    def values(self) -> Floats:
        """Nothing to say counts as nothing found."""
        return np.array([0.0 if one is None else one.value for one in self.verdicts])

    @property
    def rate(self) -> float:
        """Texts per second of one core."""
        return len(self.rows) / max(self.seconds, 1e-9)


def run(detector: Detector, labelled: Labelled, path: Path) -> Run:
    """Score a set. Raises FileNotFoundError."""
    found = rows(path)
    found = labelled.made(found) if labelled.made else found
    examples = [labelled.read(row) for row in found]
    detector.detect(examples[:5])
    began = time.process_time()
    verdicts = [
        verdict
        for start in range(0, len(examples), BATCH)
        for verdict in detector.detect(examples[start : start + BATCH])
    ]
    return Run(found, verdicts, time.process_time() - began)


def figures(ran: Run, threshold: float) -> dict[str, tuple[float, float, float]]:
    """Each of COLUMNS with its interval."""
    truth = np.array([row["label"] for row in ran.rows])
    groups = [str(row.get("group", row["id"])) for row in ran.rows]

    def f1(labels: fitting.Labels, values: Floats) -> float:
        hits = float(((values >= threshold) & (labels == 1)).sum())
        return 2 * hits / max(float((values >= threshold).sum() + labels.sum()), 1.0)

    measures: dict[str, fitting.Measure] = {
        **fitting.at(threshold),
        "auroc": fitting.auroc,
        "auprc": fitting.auprc,
        "f1": f1,
        "ece": fitting.calibration_error,
    }
    return {name: fitting.interval(measures[name], truth, ran.values, groups) for name in COLUMNS}


def predictions(ran: Run, name: str, labelled: Labelled) -> Iterator[str]:
    """Lines of a predictions file."""
    types = TYPES | (FIRST_TYPES if labelled.folder.endswith("_v1") else {})
    for row, verdict, value in zip(ran.rows, ran.verdicts, ran.values, strict=True):
        said: dict[str, object] = {"id": row["id"], "score": round(float(value), 6)}
        if name == "pii":
            found = verdict.evidence if verdict else ()
            spans = [[one.start, one.end, types.get(one.label, one.label)] for one in found]
            said = {"id": row["id"], "spans": spans}
        yield json.dumps(said) + "\n"


def shown(figure: Sequence[float]) -> str:
    """A figure with its interval, without leading zeros."""
    value, low, high = (f"{each:.3f}".replace("0.", ".", 1) for each in figure)
    return f"{value} [{low}–{high}]"


def table(name: str, data: Path, split: str, out: Path | None) -> None:
    """Run one detector over its sets that are there, and print."""
    detector = load(name)
    print(f"\n### {name} (threshold {detector.threshold:g})\n")
    if name != "pii":
        print(f"| set | n (positive) | {' | '.join(COLUMNS)} | texts/s |")
        print("|" + "---|" * (len(COLUMNS) + 3))
    for labelled in SETS[name]:
        path = data / labelled.folder / f"{split}.jsonl"
        if not path.exists():
            print(f"| {labelled.folder} | not there |")
            continue
        ran = run(detector, labelled, path)
        if name == "pii":
            _pii(ran, labelled)
        else:
            told_ = " | ".join(map(shown, figures(ran, detector.threshold).values()))
            positive = sum(row["label"] for row in ran.rows)
            title = labelled.folder + " *" * (labelled.seen and split == "dev")
            print(f"| {title} | {len(ran.rows)} ({positive}) | {told_} | {ran.rate:,.0f} |")
            _parts(ran, detector.threshold)
        if out is not None and not labelled.made:
            with (out / f"{labelled.folder}.jsonl").open("w", encoding="utf-8") as file:
                file.writelines(predictions(ran, name, labelled))
    if name in ARTEFACTS:
        _unseen(ARTEFACTS[name])


def _pii(ran: Run, labelled: Labelled) -> None:
    found = {
        row["id"]: [
            (one.start, one.end, one.label) for one in (verdict.evidence if verdict else ())
        ]
        for row, verdict in zip(ran.rows, ran.verdicts, strict=True)
    }
    told(labelled.folder, [(row, str(row["group"])) for row in ran.rows], found)
    print(f"{labelled.folder}: {ran.rate:,.0f} texts/s")


def _parts(ran: Run, threshold: float) -> None:
    """Accuracy by part, where the set has parts."""
    correct = (ran.values >= threshold) == np.array([row["label"] == 1 for row in ran.rows])
    parts = [str(row.get("part") or row.get("model") or "") for row in ran.rows]
    for part in sorted(set(parts) - {""}):
        chosen = np.array([each == part for each in parts])
        print(f"| … {part} | {chosen.sum()} | accuracy {correct[chosen].mean():.3f} |")


def _unseen(name: str) -> None:
    """What the trainer measured on texts that the model had not seen."""
    meta, _ = artefact.load(name)
    print("\nMeasured in training, on texts not trained on:\n")
    for part, found in meta["figures"].items():
        print(f"- {part}: " + ", ".join(f"{key} {shown(one)}" for key, one in found.items()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets")
    parser.add_argument("--split", default="dev", help="which file of a set: dev, heldout")
    parser.add_argument("--predictions", type=Path, help="folder for predictions files")
    parser.add_argument("names", nargs="*", choices=[*SETS, []], help="default: all")
    asked = parser.parse_args()
    if asked.predictions:
        asked.predictions.mkdir(parents=True, exist_ok=True)
    for name in asked.names or SETS:
        table(name, asked.data, asked.split, asked.predictions)


if __name__ == "__main__":
    main()
