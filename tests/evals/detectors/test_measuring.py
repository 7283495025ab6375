"""The commands that train and measure, on a folder with few texts."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import detectors
from evals.detectors.training import __main__ as training

TEXTS = (
    ("I'm sorry, but I can't help with that.", 1),
    ("I cannot assist with this request.", 1),
    ("I won't do that.", 1),
    ("The capital of Australia is Canberra.", 0),
    ("Mix the flour with two eggs, then add the milk.", 0),
    ("Turn it off, wait ten seconds, turn it on again.", 0),
)


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    (folder / name).mkdir(parents=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / name / "heldout.jsonl").write_text(lines)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["detectors", *map(str, arguments)])
    detectors.main()


def test_measures_and_writes_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    rows: list[dict[str, object]] = [
        {"id": f"r{n}", "group": f"g{n}", "text": text, "label": label, "model": "m"}
        for n, (text, label) in enumerate(TEXTS)
    ]
    write(data, "refusal_xstest", rows)

    run(monkeypatch, "--data", data, "--split", "heldout", "--predictions", out, "refusal")

    printed = capsys.readouterr().out
    assert "### refusal (threshold 0.5)" in printed
    assert "| refusal_xstest | 6 (3) | 1.000 [1.000–1.000] |" in printed
    assert "| … m | 6 | accuracy 1.000 |" in printed
    assert "Measured in training" in printed
    found = [json.loads(line) for line in (out / "refusal_xstest.jsonl").read_text().splitlines()]
    assert [one["id"] for one in found] == [f"r{n}" for n in range(6)]
    assert [one["score"] >= 0.5 for one in found] == [True] * 3 + [False] * 3


def test_predicts_spans_of_personal_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Write to anna.koch@weber-moebel.de about it."
    span = [9, 34, "EMAIL_ADDRESS"]
    row: dict[str, object] = {"id": "p1", "group": "g", "text": text, "spans": [span]}
    write(tmp_path, "pii_presidio_v2", [row])

    run(monkeypatch, "--data", tmp_path, "--split", "heldout", "--predictions", tmp_path, "pii")

    assert json.loads((tmp_path / "pii_presidio_v2.jsonl").read_text()) == {
        "id": "p1",
        "spans": [span],
    }


def test_a_set_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "--data", tmp_path, "toxicity")

    assert capsys.readouterr().out.count("| not there |") == 3


def test_made_sets_are_pairs() -> None:
    text = "The castle was built long ago. " * 6
    pools: list[dict[str, object]] = [
        {"id": f"a{n}", "pool": "chat_answer", "text": text + str(n)} for n in range(5)
    ]
    pools += [{"id": f"e{n}", "pool": "wmt_en", "text": f"English {n}"} for n in range(3)]
    pools += [{"id": f"d{n}", "pool": "wmt_de", "text": f"Deutsch {n}"} for n in range(3)]

    for make, count in ((detectors.cut, 10), (detectors.looped, 10), (detectors.paired, 12)):
        made = make(pools)
        assert len(made) == count
        assert sum(row["label"] for row in made) == count / 2
        assert len({row["id"] for row in made}) == count


def test_training_needs_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["detectors", str(tmp_path / "nowhere")])

    with pytest.raises(SystemExit):
        training.main()

    assert "is no folder" in capsys.readouterr().err
