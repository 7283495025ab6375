"""Marked places in texts of models: everything is escaped, nothing is lost or shown twice."""

from __future__ import annotations

import random
import re
from html import unescape

from dashboards.marking import LONGEST, MARGIN, MOST, Mark, apart, marked, passages

HOSTILE = "<script>alert('1')</script> & <mark>\"me\"</mark> &amp;"


def plain(html: str) -> str:
    """What a reader sees of marked text."""
    return unescape(re.sub(r"<mark[^>]*>|</mark>", "", html))


def test_marks_stand_where_they_were_said() -> None:
    assert marked("one two three", [Mark(4, 7)]) == "one <mark>two</mark> three"
    assert marked("one", [Mark(0, 3, "all")]) == '<mark title="all">one</mark>'
    assert marked("one", []) == "one"


def test_a_hostile_text_and_a_hostile_title_are_escaped() -> None:
    for start in range(len(HOSTILE)):
        html = marked(HOSTILE, [Mark(start, start + 5, '"><img src=x onerror=alert(1)>')])
        assert "<script" not in html
        assert "<img" not in html
        assert html.count("<mark") == html.count("</mark>") == 1
        assert plain(re.sub(r' title="[^"]*"', "", html)) == HOSTILE
    assert "<script" not in passages(HOSTILE, [Mark(3, 9, "<b>")])


def test_marks_over_one_another_become_one_after_the_other() -> None:
    marks = [Mark(2, 6, "b"), Mark(0, 4, "a"), Mark(1, 2, "inside")]
    assert apart(marks, 10) == [Mark(0, 4, "a"), Mark(4, 6, "b")]


def test_places_out_of_the_text_are_cut_or_dropped() -> None:
    assert apart([Mark(-5, 2), Mark(8, 99), Mark(30, 40), Mark(4, 4), Mark(6, 5)], 10) == [
        Mark(0, 2),
        Mark(8, 10),
    ]
    assert passages("short", [Mark(30, 40)]) == ""
    assert len(apart((Mark(i, i + 1) for i in range(0, 9_000, 2)), 10_000)) == MOST


def test_any_marks_leave_the_text_as_it_was() -> None:
    chance = random.Random(7)
    for _ in range(200):
        places = [chance.randrange(-5, 80) for _ in range(6)]
        html = marked(HOSTILE, [Mark(at, at + chance.randrange(9)) for at in places])
        assert plain(html) == HOSTILE


def test_passages_show_only_what_is_around() -> None:
    text = "a" * 5_000 + "HERE" + "b" * 5_000 + "THERE" + "c" * 10
    html = passages(text, [Mark(10_004, 10_009), Mark(5_000, 5_004)])
    assert html == (
        "… " + "a" * MARGIN + "<mark>HERE</mark>" + "b" * MARGIN
        + "… " + "b" * MARGIN + "<mark>THERE</mark>" + "c" * 10
    )  # fmt: skip
    long = passages("x" * 9_000, [Mark(1_000, 8_000)])
    assert "x" * LONGEST + "…</mark>" in long
    assert len(long) < LONGEST + 2 * MARGIN + 40


def test_passages_close_to_one_another_are_one() -> None:
    assert passages("one two three", [Mark(0, 3), Mark(4, 7)]) == (
        "<mark>one</mark> <mark>two</mark> three"
    )


def test_what_turns_the_direction_is_shown_and_ends_where_it_stands() -> None:
    text = "safe\u202egpj.exe\u2066<b>"
    html = marked(text, [Mark(2, 8)])
    assert '<bdi class="turns" data-turns="U+202E">\u202e</bdi>' in html
    assert '<bdi class="turns" data-turns="U+2066">\u2066</bdi>&lt;b&gt;' in html
    assert unescape(re.sub(r"<[^>]*>", "", html)) == text, "places count, and a copy is the text"
    assert "data-turns" in passages(text, [Mark(0, 2)])
    assert "turns" not in marked("\u05d0\u200f(1)", []), "marks of letters are left alone"
