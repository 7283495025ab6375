"""The benchmark reads recorded sets, and writes its tables where the page has room for them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import calibration


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    label = (rng.random(80) < 0.4).astype(int).tolist()
    said = [one if rng.random() < 0.9 else 1 - one for one in label]
    rated = [{name: int(value) for name in calibration.DIMENSIONS}
             for value in rng.integers(1, 6, 80)]  # fmt: skip
    rows = {
        "judge_halueval2": [{"label": y, "judge_llm": f} for y, f in zip(label, said, strict=True)],
        "refusal_xstest": [
            {"label": y, "judge_gpt4": "1" if not f else "2", "judge_strmatch": "12"[f],
             "annotation_1": "13"[y], "annotation_2": "13"[f]}
            for y, f in zip(label, said, strict=True)
        ] + [{"label": 0, "judge_gpt4": "", "judge_strmatch": "x", "annotation_1": "",
              "annotation_2": ""}],
        "ground_faithbench": [
            {"label": y,
             "published_detectors": dict.fromkeys(calibration.DETECTORS.values(), 1 - f)}
            for y, f in zip(label, said, strict=True)
        ],
        "judge_summeval": [
            {"judges": dict.fromkeys(calibration.JUDGES.values(), one),
             "expert": {name: [value, 3] for name, value in one.items()}}
            for one in rated
        ],
    }  # fmt: skip
    for name, lines in rows.items():
        (tmp_path / name).mkdir()
        text = "\n".join(json.dumps(line) for line in lines)
        (tmp_path / name / "dev.jsonl").write_text(text)
    return tmp_path


def test_sets_are_read_with_what_judges_and_humans_said(folder: Path) -> None:
    found = {one.name: one for one in calibration.sets(folder, "dev")}
    assert len(found) == 1 + 2 + 4 + 8
    refusal = found["XSTest, GPT-4: refusal"]
    assert len(refusal.human) == 80, "a row without a verdict is left out"
    assert (refusal.judge == found["HaluEval 2, ChatGPT: false"].judge).all()
    assert (found["FaithBench, GPT-4o: hallucination"].judge == refusal.judge).all()
    scores = found["SummEval, GPT-4: fluency"]
    assert (scores.human == (scores.judge + 3) / 2).all()
    with pytest.raises(SystemExit, match="No such file"):
        list(calibration.sets(folder, "heldout"))


def test_tables_are_written_between_the_marks(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder / "page.md"
    start, end = calibration.MARKS
    page.write_text(f"before\n{start}\nearlier\n{end}\nafter\n")
    monkeypatch.setattr(calibration, "FITS", 1)
    options = ["--data", str(folder), "--rounds", "3", "--write", str(page)]
    monkeypatch.setattr(sys, "argv", ["calibration", *options])
    calibration.main()
    text = page.read_text()
    assert text.startswith(f"before\n{start}\n### Coverage") and text.endswith(f"{end}\nafter\n")
    assert "earlier" not in text and "nan" not in text
    assert "| HaluEval 2, ChatGPT: false | 80 | 50 |" in text
    assert "| 100 |" not in text.split("**mean**")[0], "no more labels than items"
    assert "SummEval, GPT-3.5: fluency" in text.split("### Recalibration")[1]
    assert "### Coverage" in capsys.readouterr().out


def test_the_page_in_the_repository_has_room_for_the_tables() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "calibration.md"
    text = page.read_text(encoding="utf-8")
    start, end = (text.index(mark) for mark in calibration.MARKS)
    assert start < end
