"""The query language: what it reads, what it refuses and where it points."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.query import QueryError, parse
from traces.query.fields import BY_NAME, FIELDS, further
from traces.query.nodes import (
    All,
    Any,
    Compare,
    Like,
    Node,
    Not,
    Present,
    Range,
    Term,
    Words,
)


def term(field: str, *matches: object, key: str | None = None) -> Term:
    return Term(field, key, tuple(matches))  # type: ignore[arg-type]


A, B, C = Words("a"), Words("b"), Words("c")
READ: list[tuple[str, Node | None]] = [
    ("", None),
    (" \t\n", None),
    ("a", A),
    ("a b", All((A, B))),
    ("a AND b", All((A, B))),
    ("a OR b c", Any((A, All((B, C))))),
    ("(a OR b) c", All((Any((A, B)), C))),
    ("-a", Not(A)),
    ("NOT a", Not(A)),
    ("NOT (a b)", Not(All((A, B)))),
    ("--a", Not(Not(A))),
    ("a-b", Words("a-b")),
    ("or", Words("or")),
    ('"a b"', Words("a b")),
    (r'"say \"hi\""', Words('say "hi"')),
    ('"OR"', Words("OR")),
    ("refu*", Words("refu", prefix=True)),
    ("kind:llm", term("kind", Compare("=", "llm"))),
    ("KIND:LLM", term("kind", Compare("=", "llm"))),
    ("env:prod", term("environment", Compare("=", "prod"))),
    ("model:gpt-4o*", term("model", Like(("gpt-4o", "")))),
    ('model:"gpt*"', term("model", Compare("=", "gpt*"))),
    ("model:*", term("model", Present())),
    ("user:a,b", term("user", Compare("=", "a"), Compare("=", "b"))),
    ('tag:"a,b",c', term("tag", Compare("=", "a,b"), Compare("=", "c"))),
    ("name:run(x)", term("name", Compare("=", "run(x)"))),
    ("(name:run)", term("name", Compare("=", "run"))),
    ("user:a:b", term("user", Compare("=", "a:b"))),
    ("cost:>0.01", term("cost", Compare(">", 10**10))),
    ("cost:$1", term("cost", Compare("=", 10**12))),
    ("duration:>2s", term("duration", Compare(">", 2 * 10**9))),
    ("duration:<=1.5m", term("duration", Compare("<=", 90 * 10**9))),
    ("duration:250", term("duration", Compare("=", 250 * 10**6))),
    ("duration:1s..2h", term("duration", Range(10**9, 7200 * 10**9))),
    ("tokens:>=20k", term("tokens", Compare(">=", 20_000))),
    ("tokens:1M", term("tokens", Compare("=", 10**6))),
    ("errors:0,2", term("errors", Compare("=", 0), Compare("=", 2))),
    ("score.g:<0.5", term("score", Compare("<", 0.5), key="g")),
    ("score.g:-1", term("score", Compare("=", -1.0), key="g")),
    ("score.ok:true", term("score", Compare("=", True), key="ok")),
    ("metadata.a.b:x", term("metadata", Compare("=", "x"), key="a.b")),
    ('metadata."a key":"5"', term("metadata", Compare("=", "5"), key="a key")),
    ("text:a", A),
    ("id:" + "0f" * 16, term("trace", Compare("=", UUID("0f" * 16)))),
    ("id:" + "f" * 16, term("span_id", Compare("=", -1))),
    ("flag:redacted", term("flag", Compare("=", "redacted"))),
]


@pytest.mark.parametrize(("q", "root"), READ)
def test_reads(q: str, root: Node | None) -> None:
    assert parse(q).root == root


REFUSED = [
    ("modl:x", 0, "model"),
    ("a kid:llm", 2, "kind"),
    ("user__password__startswith:a", 0, None),
    ("kind:lmm", 5, None),
    ("status:>ok", 7, None),
    ("kind:", 5, None),
    ("user:a,", 7, None),
    ("user: a", 5, None),
    ("cost:cheap", 5, None),
    ("cost:>", 6, None),
    ("cost:>-1", 6, None),
    ("cost:1e5", 5, None),
    ("cost:nan", 5, None),
    ("tokens:99999999999999999999", 7, None),
    ("duration:2days", 9, None),
    ("cost:1..", 5, None),
    ("cost:٣", 5, None),
    ("score:1", 0, "score."),
    ("user.x:1", 0, "user"),
    ("score.g:>high", 8, None),
    ("id:123", 3, None),
    ("trace:" + "g" * 32, 6, None),
    ("(a", 0, None),
    ("a)", 1, None),
    ("()", 1, None),
    ("a OR", 4, None),
    ("OR a", 0, None),
    ("a AND OR b", 6, None),
    ("NOT", 3, None),
    ("-", 0, None),
    ('"open', 0, None),
    ('user:"open', 5, None),
    ("!!!", 0, None),
    ("a*", 0, None),
    ("***", 0, None),
    (",", 0, None),
    ("a\x00b", 0, None),
    ("user:\x00", 5, None),
    ("a \ud800", 2, None),
]


@pytest.mark.parametrize(("q", "position", "suggestion"), REFUSED)
def test_refuses_with_a_position(q: str, position: int, suggestion: str | None) -> None:
    with pytest.raises(QueryError) as caught:
        parse(q)
    assert (caught.value.position, caught.value.suggestion) == (position, suggestion)


@pytest.mark.parametrize(
    "q",
    [
        "x" * 2001,
        " OR ".join(["a"] * 101),
        "user:" + ",".join("x" * 101),
        "(" * 21 + "a" + ")" * 21,
        "-" * 21 + "a",
        "NOT " * 300 + "a",
        " OR ".join(["a"] * 10_000),
    ],
)
def test_bounds(q: str) -> None:
    with pytest.raises(QueryError):
        parse(q)


def test_the_largest_allowed() -> None:
    assert parse("(" * 20 + "a" + ")" * 20).root == A
    assert isinstance(parse("user:" + ",".join("x" * 100)).root, Term)


def test_names_are_unique() -> None:
    every = (*FIELDS, *further)
    assert len(BY_NAME) == sum(1 + len(field.aliases) for field in every)


PIECES = st.sampled_from(
    [*BY_NAME, ":", ".", ",", "*", '"', "\\", "(", ")", "-", " ", "OR", "NOT", ">", "..", "1", "k"]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_nothing_but_a_query_error(q: str) -> None:
    try:
        parse(q)
    except QueryError as error:
        assert 0 <= error.position <= len(q)


@pytest.mark.parametrize("glue", [" OR ", ","])
def test_alternatives_of_words_are_bounded(glue: str) -> None:
    """Any of many words may be in any text: 90 of them took seconds."""
    some, field = [f"word{n}" for n in range(30)], "text:" if glue == "," else ""
    assert parse(field + glue.join(some))
    with pytest.raises(
        QueryError, match="At most 30 words or texts in quotes beside OR"
    ) as refused:
        parse(f"status:ok ({field}{glue.join([*some, 'more'])})")
    assert refused.value.position > 10
    assert parse(" OR ".join(f"model:{word}" for word in some * 3))


def test_brackets_and_not_hide_no_alternatives() -> None:
    some = " OR ".join(f"(a{n} NOT b{n})" for n in range(16))
    with pytest.raises(QueryError, match="At most 30 words"):
        parse(some)


def test_a_pasted_text_is_looked_for_whole() -> None:
    assert parse(" ".join(f"word{n}" for n in range(80)))
