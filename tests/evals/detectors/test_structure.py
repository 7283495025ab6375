"""JSON that was asked for, and what is wrong with it."""

import json
import time

import pytest

from evals.detectors import structure
from evals.detectors.base import Example, Verdict
from evals.detectors.structure import BROKEN, STRAY, VALID, Detector

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
        "required": ["name"],
        "additionalProperties": False,
    }
)


def judged(output: str, schema: str | None = SCHEMA) -> Verdict | None:
    return Detector().detect([Example(output=output, schema=schema)])[0]


@pytest.mark.parametrize(
    "output",
    ['{"name": "Anna"}', '\n {"name": "Anna", "age": 3} ', '```json\n{"name": "Anna"}\n```'],
)
def test_what_follows_its_schema_is_valid(output: str) -> None:
    assert judged(output) == Verdict(VALID)


def test_a_breach_is_told_with_its_path() -> None:
    output = '{"name": "Anna", "age": -1, "x": 2}'

    verdict = judged(output)

    assert verdict is not None and verdict.value == BROKEN
    assert "age: -1 is less than the minimum of 0" in verdict.explanation
    assert "'x' was unexpected" in verdict.explanation
    (evidence,) = verdict.evidence
    assert (evidence.start, evidence.end, evidence.label) == (0, len(output), "schema")


def test_inside_a_fence_the_evidence_is_the_document() -> None:
    output = '```json\n{"age": 3}\n```'

    verdict = judged(output)

    assert verdict is not None and verdict.value == BROKEN
    (evidence,) = verdict.evidence
    assert output[evidence.start : evidence.end] == '{"age": 3}'


@pytest.mark.parametrize(
    ("output", "place"),
    [('{"name": Anna}', 9), ("{'name': 'Anna'}", 1), ('{"name": "Anna"} Done.', 17), ("No.", 0)],
)
def test_the_evidence_is_where_parsing_stops(output: str, place: int) -> None:
    verdict = judged(output)

    assert verdict is not None and verdict.value == BROKEN
    (evidence,) = verdict.evidence
    assert (evidence.start, evidence.end, evidence.label) == (place, place + 1, "not_json")


def test_a_cut_document_is_marked_within_the_text() -> None:
    verdict = judged('{"name": "Anna"')

    assert verdict is not None
    assert (verdict.evidence[0].start, verdict.evidence[0].end) == (14, 15)


@pytest.mark.parametrize("output", ['{"a": 1', '[{"a": 1}, ', '{"a": NaN}', '{"a": 1}\n{"a": 2}'])
def test_without_a_schema_what_begins_like_json_must_be_json(output: str) -> None:
    verdict = judged(output, None)

    assert verdict is not None and verdict.value == STRAY


@pytest.mark.parametrize(
    "output", ["Hello.", "[link](http://a)", "(1, 2)", "{name} is missing", "5"]
)
def test_prose_is_nothing_to_judge(output: str) -> None:
    assert judged(output, None) is None


@pytest.mark.parametrize(
    "schema", ["nope", "[1", '{"type": 5}', '{"type": "nothing"}', "[" * 100_000, "3"]
)
def test_a_schema_that_is_none_leaves_the_syntax(schema: str) -> None:
    assert judged('{"a": 1}', schema) == Verdict(VALID)
    assert judged("Hello.", schema) is None


def test_a_reference_to_elsewhere_is_not_fetched() -> None:
    verdict = judged('{"a": 1}', '{"$ref": "http://127.0.0.1:1/schema.json"}')

    assert verdict is not None and verdict.value == VALID
    assert verdict.explanation.startswith("The schema cannot be applied")


@pytest.mark.parametrize(
    "output",
    ["[" * 1_000_000, "{" * 1_000_000, '{"a":' * 200_000, '"' * 1_000_000, "\ud83d" * 1_000_000,
     "[" + "1," * 499_000 + "1]", "[" * 40_000 + "]" * 40_000, " " * 1_000_000, '{"a": "\ud83d'],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_hostile_documents_are_read_in_bounded_time(output: str) -> None:
    began = time.process_time()

    for schema in (SCHEMA, None):
        verdict = judged(output, schema)
        if verdict is not None:
            assert all(0 <= one.start < one.end <= len(output) for one in verdict.evidence)

    assert time.process_time() - began < 10


def test_a_number_of_too_many_digits_is_no_crash() -> None:
    verdict = judged('{"name": ' + "9" * 10_000 + "}")

    assert verdict is not None and verdict.value == BROKEN


def test_absent_output() -> None:
    assert Detector().detect([Example(), Example(output=" ", schema=SCHEMA)]) == [None, None]


def bomb() -> str:
    """Each definition refers to the next one twice."""
    twice = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    return json.dumps({"$defs": {**twice, "d40": {}}, "$ref": "#/$defs/d0"})


@pytest.mark.parametrize(
    ("schema", "output"),
    [
        ('{"pattern": "^(a+)+$"}', json.dumps("a" * 5_000 + "!")),
        ('{"patternProperties": {"^(a+)+$": {}}}', json.dumps({"a" * 5_000 + "!": 1})),
        ('{"uniqueItems": true}', json.dumps([{"a": n} for n in range(60_000)])),
        ('{"$ref": "#"}', "{}"),
        (bomb(), "{}"),
    ],
    ids=["pattern", "properties", "unique", "itself", "bomb"],
)
def test_hostile_schemas_end_in_bounded_time(schema: str, output: str) -> None:
    began = time.process_time()

    judged(output, schema)

    assert time.process_time() - began < 5


def test_patterns_and_unique_items_are_checked() -> None:
    pattern = '{"items": {"pattern": "^[a-z]+$"}}'
    unique = '{"uniqueItems": true}'

    for schema, good, bad in (
        (pattern, '["ab"]', '["ab", "A1"]'),
        (unique, '[{"a": 1, "b": 2}, {"a": 2}]', '[{"a": 1, "b": 2}, {"b": 2, "a": 1}]'),
    ):
        broken = judged(bad, schema)
        assert judged(good, schema) == Verdict(VALID)
        assert broken is not None and broken.value == BROKEN
    assert judged('["ab"]', '{"items": {"pattern": "(?=a)b"}}') == Verdict(VALID)


def nested(depth: int, **beside: object) -> dict[str, object]:
    return {"allOf": [nested(depth - 1, **beside)] * 2, **beside} if depth else {}


MANY = json.dumps([0] * 60_000)
DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
COSTLY = {
    "all": ({"items": {"allOf": [{}] * 5_000}}, MANY),
    "all, smaller": ({"items": {"allOf": [{}] * 1_900}}, MANY),
    "any": ({"items": {"anyOf": [{"const": n} for n in range(300)]}}, f"[{'299,' * 20_000}0]"),
    "enum": ({"items": {"enum": [[n] for n in range(2_000)]}}, f"[{'[0, 0, 0],' * 20_000}0]"),
    "enum, smaller": ({"items": {"enum": [[n] for n in range(900)]}}, f"[{'[899],' * 20_000}0]"),
    "schema": ({"allOf": [{}] * 26_000}, "[]"),
    "schema, smaller": ({"allOf": [{}] * 1_990}, "[]"),
    "names": ({"properties": {f"name {n}": {"type": "string"} for n in range(18_000)}}, "{}"),
    "other names": ({"items": {f"x{n}": 0 for n in range(1_900)}}, MANY),
    "pattern": ({"pattern": "(a|aa|aaa){0,900}b"}, json.dumps("a" * 200_000)),
    "patterns": ({"items": {"pattern": "(a|aa|aaa){0,90}b"}}, json.dumps(["a" * 19_000] * 50)),
    "draft 4": ({"$schema": DRAFT_4, "enum": [{"a": n} for n in range(990)]}, "{}"),
    "a draft inside": ({"allOf": [{"$schema": DRAFT_7, "pattern": "^(a+)+$"}]}, f'"{"a" * 40}!"'),
    "a draft by reference": (
        {"$schema": DRAFT_7, "properties": {"a": {"$ref": "#"}}, "pattern": "^(a+)+$"},
        json.dumps({"a": "a" * 40 + "!"}),
    ),
    "quoted": ({"anyOf": [{"type": "string"}] * 900}, json.dumps([0] * 300_000)),
    "printed": ({"$ref": "#/x", "x": {"type": "nothing"}}, json.dumps([{"a": 1}] * 90_000)),
    "addresses": ({"items": {"$id": "a/../" * 12_000}}, MANY),
    "anchors": ({"items": {"$ref": "#a"}, "$defs": {"a": {"$anchor": "a"}, "b": [[]] * 999}}, MANY),
    "pointer": ({"items": {"$ref": "#/" + "a/" * 30_000}}, MANY),
    "unevaluated": (nested(8, unevaluatedProperties={}), '{"a": 1}'),
}  # fmt: skip


@pytest.mark.parametrize("name", COSTLY)
def test_schema_times_document_is_bounded(name: str) -> None:
    asked, output = COSTLY[name]
    schema = json.dumps(asked)
    structure._made.cache_clear()
    began = time.process_time()

    judged(output, schema)

    assert time.process_time() - began < 3


def test_what_takes_too_long_is_not_judged() -> None:
    schema = json.dumps({"items": {"allOf": [{}] * 1_900}})

    assert judged(MANY, schema) is None
    assert judged("[0]", schema) == Verdict(VALID)
    assert judged(MANY, '{"items": {"type": "integer"}}') == Verdict(VALID)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"not": {"$ref": "#"}},
        {"anyOf": [{"type": "string"}, {"allOf": [{"$ref": "#"}]}]},
        {"if": {"$ref": "#"}, "then": {}},
        {"items": {"$ref": "#"}},
    ],
    ids=json.dumps,
)
def test_what_refers_to_itself_ends_before_the_stack_does(schema: dict[str, object]) -> None:
    """Near its limit the validator's own types do not raise: they end the process."""
    assert judged("[" * 300 + "]" * 300, json.dumps(schema)) is None
    assert judged("[[[[[1]]]]]", '{"items": {"$ref": "#"}}') == Verdict(VALID)


def test_a_deep_schema_is_passed_over() -> None:
    schema = '{"items": ' * 300 + "{}" + "}" * 300

    assert judged("[1]", schema) == Verdict(VALID)
    assert structure._checker(schema) is None


def test_a_real_document_is_well_within_the_bound() -> None:
    row = {"name": "Anna", "age": 3}
    schema = json.dumps({"$defs": {"row": json.loads(SCHEMA)}, "items": {"$ref": "#/$defs/row"}})

    assert judged(json.dumps([row] * 5_000), schema) == Verdict(VALID)
    broken = judged(json.dumps([row] * 5_000 + [{}]), schema)
    assert broken is not None and broken.value == BROKEN


def test_a_schema_that_is_too_large_leaves_the_syntax_and_no_trace() -> None:
    schema = json.dumps({"type": "string", "description": "a" * 70_000})
    structure._made.cache_clear()

    assert judged("{}", schema) == Verdict(VALID)
    assert structure._made.cache_info().currsize == 0


@pytest.mark.parametrize("draft", ["04", "06", "07"])
def test_earlier_drafts_are_checked_by_their_own_rules(draft: str) -> None:
    named = {"$schema": f"http://json-schema.org/draft-{draft}/schema#"}
    schema = json.dumps(named | {"items": [{"type": "integer"}], "additionalItems": False})

    assert judged("[1]", schema) == Verdict(VALID)
    for output in ("[1, 2]", '["a"]'):
        broken = judged(output, schema)
        assert broken is not None and broken.value == BROKEN
