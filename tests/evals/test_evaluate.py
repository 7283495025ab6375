"""`sightglass evaluate`: a file in, a file out, without server or database."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

REFUSAL = "I'm sorry, but I can't help with that."


def run(folder: Path, lines: list[Any], *detectors: str, **more: Any) -> list[dict[str, Any]]:
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    source.write_bytes("\n".join(texts).encode())
    chosen = [f"--detector={name}" for name in detectors]
    call_command("evaluate", str(source), *chosen, "--output", str(target), **more)
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_lines_come_out_in_order_with_evidence(tmp_path: Path) -> None:
    given = [
        {"id": n, "output": REFUSAL if n % 3 == 0 else "It opens at nine.", "other": {"x": 1}}
        for n in range(150)
    ]
    found = run(tmp_path, [*given[:70], "", *given[70:]], "refusal", "pii")
    assert [line["id"] for line in found] == list(range(150))
    assert set(found[0]["scores"]) == {"refusal", "pii"}
    flagged = [line["id"] for line in found if line["scores"]["refusal"]["value"] >= 0.5]
    assert flagged == list(range(0, 150, 3))
    [evidence] = found[0]["scores"]["refusal"]["evidence"]
    assert evidence["field"] == "output"
    assert "can't help" in REFUSAL[evidence["start"] : evidence["end"]]
    assert found[1]["scores"]["pii"] == {"value": 0.01, "evidence": []}


def test_an_absent_text_is_null_and_a_silent_detector_says_zero(tmp_path: Path) -> None:
    given = [
        {"id": "absent", "output": None, "context": "Open at nine."},
        {"id": "blank", "output": "Yes.", "context": []},
        {"id": "foreign", "context": "Wir liefern Möbel von Montag bis Freitag zwischen acht und"
         " achtzehn Uhr frei Haus.", "output": "Zebras sell insurance on the moon every Tuesday."},
    ]  # fmt: skip
    values = [line["scores"]["hallucination"]["value"]
              for line in run(tmp_path, given, "hallucination")]  # fmt: skip
    assert values == [None, None, 0.0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "line 2: not JSON"),
        ("[]", "line 2: not an object"),
        ('{"output": "x"}', "`id` must be"),
        ('{"id": true}', "`id` must be"),
        ('{"id": 1, "output": 5}', "`output` must be a text"),
        ('{"id": 1, "context": [5]}', "`context` must be"),
        ('{"id": 1, "schema": 5}', "`schema` must be"),
    ],
)
def test_a_line_that_is_none_is_named_and_those_before_it_are_kept(
    tmp_path: Path, line: str, words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        run(tmp_path, [{"id": "good", "output": REFUSAL}, line], "refusal")
    [kept] = (tmp_path / "out.jsonl").read_text().splitlines()
    assert json.loads(kept)["id"] == "good"


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no detector 'nonsense'"):
        run(tmp_path, [], "nonsense")
    source = tmp_path / "same.jsonl"
    source.write_text('{"id": 1, "output": "x"}')
    with pytest.raises(CommandError, match="is the input file"):
        call_command("evaluate", str(source), detectors=["refusal"], output=str(source))
    assert source.read_text()
    with pytest.raises(CommandError, match="No such file"):
        call_command("evaluate", str(tmp_path / "none"), detectors=["refusal"], output="-")


def test_it_counts_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [{"id": 1, "output": REFUSAL}, {"id": 2, "output": "Nine."}, {"id": 3}]
    run(tmp_path, given, "refusal", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["examples"] == 3
    assert told["detectors"]["refusal"] == {"found": 1, "silent": 1, "threshold": 0.5}


def test_standard_input_and_output(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    class Input:
        buffer = io.BytesIO(b'\xef\xbb\xbf{"id": 1, "output": "Nine."}\n')

    monkeypatch.setattr(sys, "stdin", Input())
    call_command("evaluate", "-", detectors=["refusal"], output="-")
    sys.stdout.flush()
    assert json.loads(capfdbinary.readouterr().out)["id"] == 1
