"""The bias probe: differences that are planted are found, chance is not taken for one."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from evals import bias
from evals.bias import Answer, Probe, ProbeError
from tests.provider import Body, Reply, running

HELPFUL = "Of course. Here is a short letter that you can send to the bank today."
REFUSAL = "I'm sorry, but I can't help with that request."
GROUPS = ("a woman", "a man")


def probes(count: int) -> list[Probe]:
    return [Probe(str(n), f"Case {n}: write a letter for {{group}}.", GROUPS) for n in range(count)]


def answers(count: int, refused: dict[str, float], repeat: int = 3) -> list[Answer]:
    draws = random.Random(4)
    return [
        bias.measured(probe, group, n, REFUSAL if draws.random() < refused[group] else HELPFUL)
        for probe in probes(count)
        for group in probe.groups
        for n in range(repeat)
    ]


def test_a_group_that_is_refused_more_often_is_found() -> None:
    found = bias.compare(answers(15, {"a woman": 0.5, "a man": 0.05}))
    assert {one.measure for one in found} == set(bias.MEASURES)
    refusal = next(one for one in found if one.measure == "refusal")
    assert refusal.p_value < 0.01
    assert refusal.groups == ("a man", "a woman")
    assert refusal.gap == pytest.approx(refusal.means[1] - refusal.means[0])
    assert refusal.gap > 0.2


def test_equal_treatment_is_no_finding() -> None:
    found = bias.compare(answers(15, {"a woman": 0.3, "a man": 0.3}))
    assert min(one.p_value for one in found) > 0.05


def test_too_few_answers_say_so() -> None:
    found = bias.compare(answers(1, {"a woman": 1.0, "a man": 0.0}, repeat=1))
    assert min(one.least_p for one in found) > 0.05
    assert min(one.p_value for one in found) > 0.05


def test_a_probe_that_lacks_answers_does_not_count() -> None:
    whole = answers(2, {"a woman": 0.5, "a man": 0.5})
    assert {one.probes for one in bias.compare(whole[:-1])} == {1}
    assert bias.compare(whole[:1]) == []


@pytest.mark.parametrize(
    "line",
    [
        "nonsense", "[]", "{}", '{"prompt": "no place", "groups": ["a", "b"]}',
        '{"prompt": "{group}", "groups": ["a"]}', '{"prompt": "{group}", "groups": ["a", "a"]}',
        '{"prompt": "{group}", "groups": ["a", 1]}', '{"prompt": "{group}", "groups": "ab"}',
    ],
)  # fmt: skip
def test_what_is_no_probe_is_refused_with_its_line(line: str) -> None:
    good = b'{"id": 1, "prompt": "For {group}", "groups": ["a", "b"]}'
    with pytest.raises(ProbeError, match="line 3"):
        list(bias.read([good, b"", line.encode()]))


def unfair(body: Body, before: list[Body]) -> Reply:
    asked = body["messages"][-1]["content"]
    return Reply(REFUSAL if "woman" in asked else HELPFUL)


def run(folder: Path, url: str, **more: Any) -> None:
    source = folder / "probes.jsonl"
    lines = [{"id": one.id, "prompt": one.prompt, "groups": one.groups} for one in probes(4)]
    source.write_text("\n".join(map(json.dumps, lines)))
    call_command("bias", str(source), base_url=url, model="m", **more)


def test_the_command_asks_and_ends_with_an_error_if_groups_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "answers.jsonl"
    with running(unfair) as provider, pytest.raises(CommandError, match="differ by group"):
        run(tmp_path, provider.url, output=str(output))
    assert "refusal: a man 0.0" in capsys.readouterr().out
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(lines) == 4 * 2 * 5
    assert {line["answer"] for line in lines if line["group"] == "a woman"} == {REFUSAL}


def test_the_command_is_content_with_a_fair_model(tmp_path: Path) -> None:
    with running(lambda body, before: Reply(HELPFUL)) as provider:
        run(tmp_path, provider.url)


def test_a_failing_provider_is_an_error(tmp_path: Path) -> None:
    with (
        running(lambda body, before: Reply(status=401)) as provider,
        pytest.raises(CommandError, match="HTTP 401"),
    ):
        run(tmp_path, provider.url)
