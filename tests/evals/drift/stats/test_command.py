"""`sightglass drift` as it is called."""

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.evals.drift.stats.test_comparison import GERMAN, texts


def file(path: Path, lines: Sequence[object]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    now = texts(50, 2) + texts(12, 3, GERMAN)
    return (
        file(tmp_path / "before.jsonl", [{"text": text, "other": 1} for text in texts(90, 1)]),
        file(tmp_path / "now.jsonl", [{"text": text} for text in now]),
    )


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("drift", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_json_and_says_the_same_again(files: tuple[str, str]) -> None:
    said = run(*files)
    told = json.loads(said)
    assert told["drift"] is True
    assert 0 < told["p_value"] <= told["alpha"] == 0.05
    assert told["detectable_effect"] is None or 0 < told["detectable_effect"] <= 1
    assert {"name", "kind", "statistic", "p_value", "adjusted", "effect"} <= set(told["tests"][0])
    assert told["reference"] == {"items": 90, "compared": 90}
    first = told["examples"]["current"][0]
    assert first["index"] >= 50
    assert first["text"] in texts(12, 3, GERMAN)
    assert told["terms"][0]["weight"] > 0
    assert run(*files, "--json") == said


def test_for_people(files: tuple[str, str]) -> None:
    said = run(*files, "--words", "--alpha", "0.01")
    assert re.match(r"drift: p = 0\.00\d \(alarm at 0\.01\), 90 and 62 texts\n", said)
    assert "language:" in said
    assert "for example: " in said


def test_numbers_and_categories_of_lines(tmp_path: Path) -> None:
    lines = [
        {"text": "x", "numeric": {"score": n % 7, "flag": n % 2 == 0}, "categories": {"model": "a"}}
        for n in range(40)
    ]
    changed = [
        {"text": "x", "numeric": {"score": 9 + n % 7, "flag": None}, "categories": {"model": "b"}}
        for n in range(40)
    ]
    told = json.loads(
        run(
            file(tmp_path / "a.jsonl", lines),
            file(tmp_path / "b.jsonl", [*changed, {"text": "x"}]),
        )
    )
    kinds = {test["name"]: test["kind"] for test in told["tests"]}
    assert (kinds["score"], kinds["model"]) == ("numeric", "category")
    assert told["drift"] is True


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"text": "a"}\n\n{"text": 3}\n', "line 3: `text` must be a text"),
        (b'{"text": "a"}\n{"text": \n', "line 2: not JSON: "),
        (b"[1]\n", "line 1: not an object"),
        (b'{"text": "\xff"}\n', "line 1: not UTF-8"),
        (b'{"id": 1}\n', "line 1: `text` must be a text"),
        (b'{"text": "a", "numeric": {"x": "1"}}\n', "line 1: `numeric.x` must be a number"),
        (b'{"text": "a", "numeric": {"x": 1e999}}\n', "of a size that can be"),
        (b'{"text": "a", "numeric": [1]}\n', "`numeric` must be an object"),
        (b'{"text": "a", "categories": {"x": 1}}\n', "`categories.x` must be a text"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b"", "has 0 texts; at least 2 are needed"),
        (b'{"text": "a"}\n', "has 1 texts"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, files: tuple[str, str], content: bytes, message: str
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(content)
    for arguments in ((str(bad), files[1]), (files[0], str(bad))):
        with pytest.raises(CommandError) as caught:
            run(*arguments)
        assert "bad.jsonl" in str(caught.value)
        assert message in str(caught.value)


def test_a_mark_of_byte_order_is_passed_over(tmp_path: Path, files: tuple[str, str]) -> None:
    marked = tmp_path / "marked.jsonl"
    marked.write_bytes(b"\xef\xbb\xbf" + Path(files[0]).read_bytes())
    assert json.loads(run(str(marked), files[0]))["drift"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--alpha", "0"], "--alpha"),
        (["--alpha", "1.5"], "--alpha"),
        (["--alpha", "nan"], "--alpha"),
        (["--alpha", "0.0001"], "999 permutations cannot show"),
        (["--seed", "-1"], "--seed"),
        (["--json", "--words"], "exclude each other"),
    ],
)
def test_options_that_cannot_be(files: tuple[str, str], options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*files, *options)


def test_a_file_that_is_not_there(files: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.jsonl: No such file"):
        run("nowhere.jsonl", files[1])
