"""The pure parts: terms of a query, ranges, and how numbers are written."""

import pytest

from dashboards.explorer import ranges, terms
from dashboards.templatetags import sightglass as written


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a  b:c", ["a", "b:c"]),
        ('name:"a b" c', ['name:"a b"', "c"]),
        ("(a OR b) -c", ["(a OR b)", "-c"]),
        (r'"say \"a b\"" c', [r'"say \"a b\""', "c"]),
        ("a OR b c", ["a OR b c"]),
        ("a AND b", ["a", "b"]),
        ('"open a', ['"open a']),
    ],
)
def test_terms_that_all_hold(text: str, found: list[str]) -> None:
    assert terms.terms(text) == found


@pytest.mark.parametrize(
    ("text", "simpler"),
    [
        ("refund, damaged", "refund damaged"),
        ("refund,damaged ,chair", "refund damaged chair"),
        ("refund - damaged & late / ... – lost", "refund damaged late lost"),
        ('"my order", damaged, -"a, b", user:a', '"my order" damaged -"a, b" user:a'),
        ("ref*, -late, don't 3.5%", "ref* -late don't 3.5%"),
        ("model:a,b (a, b) c", "model:a,b (a, b) c"),
        ("model:a, b", "model:a, b"),
        ("🦄, a", "🦄 a"),
        (", -", ""),
    ],
)
def test_words_are_read_without_what_parts_them(text: str, simpler: str) -> None:
    assert terms.forgiven(text) == simpler


def test_a_term_is_toggled() -> None:
    assert terms.toggled("a", "user:x") == "a user:x"
    assert terms.toggled("a user:x", "user:x") == "a"
    assert terms.toggled("a OR b", "user:x") == "(a OR b) user:x"


def test_values_are_quoted_where_they_must_be() -> None:
    assert terms.term_of("name", 'a "b" c') == 'name:"a \\"b\\" c"'
    assert terms.term_of("metadata", "order id") == 'metadata."order id":*'


@pytest.mark.parametrize(
    "text", ["3d", "15m", "now", "yesterday", "2026-11-19", "2026-11-19T08:00"]
)
def test_ends_are_read(text: str) -> None:
    assert ranges.end_of(text) > 0


@pytest.mark.parametrize("text", ["soon", "3y", "2026-13-01", "", "9" * 400])
def test_other_ends_are_refused(text: str) -> None:
    with pytest.raises(ranges.RangeError):
        ranges.end_of(text)


def test_a_range_moves_by_its_length() -> None:
    chosen = ranges.between("2026-01-02", "2026-01-03")
    earlier = ranges.shifted(chosen, -1)
    assert earlier is not None
    assert earlier.range == ranges.between("2026-01-01", "2026-01-02").range
    assert ranges.shifted(ranges.preset("7d"), 1) is None
    assert ranges.shifted(ranges.preset("all"), -1) is None
    for start in ("2099-12-31", "9999-12-31T23:59"):  # nothing has come there yet
        coming = ranges.between(start, "")
        assert ranges.shifted(coming, 1) is None
        before = ranges.shifted(coming, -1)
        assert before is not None and coming.range.start_ns is not None
        assert before.range.end_ns == coming.range.start_ns // 1_000 * 1_000


@pytest.mark.parametrize(
    ("pico", "text"),
    [
        (None, "–"),
        (0, "0¢"),
        (14_700_000_000, "1.47¢"),
        (3_800_000_000, "0.38¢"),
        (1_000_000, "0.00010¢"),
        (123_000_000_000, "12.3¢"),
        (12_345_000_000_000, "$12.34"),
        (1_234_500_000_000_000, "$1,234"),
        (-14_700_000_000, "−1.47¢"),
    ],
)
def test_money(pico: int | None, text: str) -> None:
    assert written.money(pico) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (None, "–"),
        (0, "0 ms"),
        (740_000, "740 µs"),
        (190_000_000, "190 ms"),
        (7_840_000_000, "7.84 s"),
        (192 * 10**9, "3 min 12 s"),
        (5 * 3600 * 10**9 + 120 * 10**9, "5 h 2 min"),
        (400 * 86_400 * 10**9, "400 d 0 h"),
    ],
)
def test_durations(ns: int | None, text: str) -> None:
    assert written.duration(ns) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x user:a", True),
        ("-environment:x", True),
        ("score.tone:1", True),
        ("Note: a", False),
        ("a.user:b", False),
        # a word that is as long as a request may be takes no longer than reading it
        ("a" * 200_000, False),
        ("a." * 100_000, False),
        ("a:" * 100_000, False),
    ],
)
def test_what_was_meant_as_a_query(text: str, found: bool) -> None:
    assert terms.names_a_field(text) is found


@pytest.mark.parametrize(
    ("count", "text"), [(None, "–"), (0, "0"), (999, "999"), (1900, "1.9k"), (2_400_000, "2.4M")]
)
def test_tokens(count: int | None, text: str) -> None:
    assert written.tokens(count) == text


@pytest.mark.parametrize("ns", [None, 0, -5, 2**63 - 1])
def test_moments_of_any_time(ns: int | None) -> None:
    assert written.moment(ns) and written.clock(ns) and written.relative(ns)
