"""`sightglass calibrate`: a file of judgments and labels in, corrected figures out."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from evals.stats.labels import LABELS, LINES, Line, calibrated
from traces.intervals import wilson


def written(folder: Path, lines: list[Any]) -> str:
    path = folder / "labels.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_bytes("\n".join(texts).encode("latin-1"))
    return str(path)


def run(folder: Path, lines: list[Any], capsys: pytest.CaptureFixture[str], *more: str) -> Any:
    call_command("calibrate", written(folder, lines), "--json", *more)
    return json.loads(capsys.readouterr().out)


def judged(n: int = 600, labelled: int = 100, seed: int = 1) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    human = rng.random(n) < 0.3
    judge = rng.random(n) < np.where(human, 0.85, 0.2)
    return [
        {"id": f"a{row}", "judge": bool(judge[row]),
         "human": bool(human[row]) if row < labelled else None}
        for row in range(n)
    ]  # fmt: skip


def test_the_answer_has_what_the_contract_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = judged()
    told = run(tmp_path, lines, capsys)
    hits = sum(line["human"] or 0 for line in lines)
    assert told["raw"] == pytest.approx(sum(line["judge"] for line in lines) / 600)
    assert told["low"] < told["corrected"] < told["high"]
    assert told["labels_only"]["value"] == pytest.approx(hits / 100)
    assert [told["labels_only"]["low"], told["labels_only"]["high"]] == pytest.approx(
        wilson(hits, 100)
    )
    assert told["high"] - told["low"] < told["labels_only"]["high"] - told["labels_only"]["low"]
    flagged = [line for line in lines if line["human"]]
    assert told["sensitivity"] == pytest.approx(
        sum(line["judge"] for line in flagged) / len(flagged)
    )
    assert 0 < told["kappa"] < 1 and 0 < told["specificity"] < 1
    for name in ("kappa", "sensitivity", "specificity", "accuracy"):
        low, high = told["intervals"][name]
        assert low < told[name] < high
    assert (told["items"], told["labels"], told["weights"], told["reasons"]) == (600, 100, None, {})
    assert told["low"] <= told["these_items"]["low"] < told["these_items"]["high"] <= told["high"]


def test_numbers_truth_values_and_gaps_are_read_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = judged(80, 40)
    told = run(tmp_path, plain, capsys)
    other: list[Any] = [
        {"id": n, "judge": float(line["judge"]), "more": [1], "weight": None}
        | ({} if line["human"] is None else {"human": int(line["human"])})
        for n, line in enumerate(plain)
    ]
    assert run(tmp_path, ["", *other[:9], "  ", *other[9:], ""], capsys) == told


def test_scores_have_no_kappa_and_say_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"id": n, "judge": 1 + n % 5, "human": 1 + (n + n % 2) % 5 if n < 40 else None}
             for n in range(90)]  # fmt: skip
    told = run(tmp_path, lines, capsys)
    assert 1 <= told["low"] < told["corrected"] < told["high"] <= 5
    for name in ("kappa", "sensitivity", "specificity", "accuracy"):
        assert told[name] is None
        assert told["reasons"][name] == "judge and human are not both yes or no"
    mixed = [{"id": n, "judge": 0.1 * (n % 10), "human": n % 2 == 0} for n in range(40)]
    assert run(tmp_path, mixed, capsys)["kappa"] is None


def test_a_category_that_nobody_gave_is_null_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(tmp_path, [{"id": n, "judge": 0, "human": 0} for n in range(9)], capsys)
    assert told["kappa"] is None and told["reasons"]["kappa"] == "all labels are the same"
    assert told["sensitivity"] is None and told["specificity"] == 1
    assert told["corrected"] == 0 and told["high"] == pytest.approx(wilson(0, 9)[1])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "line 3: not JSON: Expecting value at column 1"),
        ('{"id": 1, "judge": 1', "line 3: not JSON"),
        ("[]", "line 3: not an object"),
        ("7", "line 3: not an object"),
        ("[" * 100_000, "line 3: not JSON that can be read"),
        ('{"id": 1, "judge": 1' + "0" * 5000 + "}", "line 3: not JSON that can be read"),
        ('{"judge": true}', "line 3: `id` must be a text or a whole number"),
        ('{"id": true, "judge": true}', "`id` must be"),
        ('{"id": 1.5, "judge": true}', "`id` must be"),
        ('{"id": 1}', "line 3: `judge` must be true, false or a number"),
        ('{"id": 1, "judge": null}', "`judge` must be"),
        ('{"id": 1, "judge": "yes"}', "`judge` must be"),
        ('{"id": 1, "judge": NaN}', "`judge` must be"),
        ('{"id": 1, "judge": -Infinity}', "`judge` must be"),
        ('{"id": 1, "judge": 1e999}', "`judge` must be"),
        ('{"id": 1, "judge": 1e200}', "of a size that can be"),
        ('{"id": 1, "judge": 1' + "0" * 400 + "}", "of a size that can be"),
        ('{"id": 1, "judge": 1, "human": "no"}', "line 3: `human` must be"),
        ('{"id": 1, "judge": 1, "human": [1]}', "`human` must be"),
        ('{"id": 1, "judge": 1, "human": NaN}', "`human` must be"),
        ('{"id": 1, "judge": 1, "weight": 0}', "line 3: `weight` must be a number above 0"),
        ('{"id": 1, "judge": 1, "weight": -2}', "`weight` must be"),
        ('{"id": 1, "judge": 1, "weight": true}', "`weight` must be"),
        ('{"id": 1, "judge": 1, "weight": "2"}', "`weight` must be"),
        ('{"id": 1, "judge": 1, "weight": Infinity}', "`weight` must be"),
        ('{"id": 1, "judge": 1, "weight": 1e-90}', "weights differ by more than"),
        ('{"id": "é", "judge": 1}', "line 3: not UTF-8"),
    ],
    ids=range(27),
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, words: str) -> None:
    good = {"id": "good", "judge": True, "human": True}
    with pytest.raises(CommandError) as raised:
        call_command("calibrate", written(tmp_path, [good, "", line, good]))
    assert words in str(raised.value)
    assert "labels.jsonl" in str(raised.value)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "no line in it"),
        (["", "  "], "no line in it"),
        ([{"id": 1, "judge": 1, "human": None}], "no line has a human label"),
        ([{"id": 1, "judge": 1, "Human": 1}], "no line has a human label"),
    ],
)
def test_a_file_that_says_nothing_is_refused(tmp_path: Path, lines: list[Any], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("calibrate", written(tmp_path, lines))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.jsonl: No such file"):
        call_command("calibrate", str(tmp_path / "none.jsonl"))
    with pytest.raises(CommandError, match="Is a directory"):
        call_command("calibrate", str(tmp_path))


def test_standard_input_with_a_byte_order_mark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Input:
        buffer = io.BytesIO(b'\xef\xbb\xbf{"id": 1, "judge": true, "human": true}\r\n')

    monkeypatch.setattr(sys, "stdin", Input())
    call_command("calibrate", "-", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["corrected"], told["labels"], told["lambda"]) == (1, 1, 0)


def test_in_words_it_says_how_many_more_labels_and_which_ids_repeat(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = judged(2000, 60)
    lines[7]["id"] = "a3"
    call_command("calibrate", written(tmp_path, lines))
    told = capsys.readouterr().out
    assert "2,000 items, 60 labelled by humans" in told
    assert "more labels of these items halve the interval" in told
    assert "id 'a3' is on lines 4 and 8; each line counts" in told
    assert "do not report it" in told and "kappa:" in told


def lines_of(judge: Any, human: Any, labelled: Any, weight: Any) -> list[Line]:
    rows = zip(judge, human, labelled, weight, strict=True)
    return [
        Line(n, n, float(f), float(y) if is_in else None, None if w is None else float(w))
        for n, (f, y, is_in, w) in enumerate(rows, start=1)
    ]


def test_what_weights_speak_of_is_read_from_the_file() -> None:
    """Labels drawn by what the judge says, with weights said in three ways, or evenly."""
    rng = np.random.default_rng(2)
    human = rng.random(3000) < 0.2
    judge = rng.random(3000) < np.where(human, 0.8, 0.1)
    chance = np.where(judge, 0.2, 0.04)
    chosen = rng.random(3000) < chance
    only = [1 / one if is_in else None for one, is_in in zip(chance, chosen, strict=True)]
    found = [
        calibrated(lines_of(judge, human, chosen, weights))
        for weights in (only, np.where(chosen, 1 / chance, 1), 1 / chance)
    ]
    assert {one.weights for one in found} == {LABELS}
    for one in found:
        corrected = one.correction.corrected
        assert one.correction.raw == pytest.approx(judge.mean())
        assert corrected.value == pytest.approx(found[0].correction.corrected.value or 0, abs=1e-9)
        assert corrected.low is not None and corrected.high is not None
        assert corrected.low <= human.mean() <= corrected.high
        assert np.mean(human[chosen]) > corrected.high, "without weights it would be wrong"
    evenly = rng.permutation(3000) < 200
    weighted = calibrated(lines_of(judge, human, evenly, 1 / chance))
    assert weighted.weights == LINES
    assert weighted.correction.raw == pytest.approx(np.average(judge, weights=1 / chance))


def test_weights_can_be_said_outright_and_equal_ones_say_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = judged(200, 60)
    plain = run(tmp_path, lines, capsys)
    assert run(tmp_path, [line | {"weight": 5} for line in lines], capsys) == plain
    varied = [line | {"weight": 1 + n % 3} for n, line in enumerate(lines)]
    labels = run(tmp_path, varied, capsys, "--weights", "labels")
    assert (labels["weights"], labels["raw"]) == (LABELS, plain["raw"])
    of_lines = run(tmp_path, varied, capsys, "--weights=lines")
    assert of_lines["weights"] == LINES and of_lines["raw"] != plain["raw"]
    assert labels["labels_only"] == of_lines["labels_only"]


def test_the_order_of_lines_does_not_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = judged(300, 80)
    forth, back = run(tmp_path, lines, capsys), run(tmp_path, lines[::-1], capsys)
    for name in ("raw", "corrected", "low", "high", "kappa", "lambda"):
        assert back[name] == pytest.approx(forth[name])
