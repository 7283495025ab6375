"""What was asked, in the words of who asked: without documents, rules and labels that the
application put around it. Pure.

Applications that answer from documents write prompts: retrieved texts between tags or below a
label, instructions, and somewhere the question. Calls about different things would be alike by
their common documents, and lists of them could not be told apart. What a prompt says of its own
parts is followed (tags, labels, lines), never guessed from the words of a question; where nothing
of it is left, the text stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from traces.conventions.quoting import own_words
from traces.conventions.values import preview
from traces.spans import PREVIEW_LENGTH

LONGEST = 200_000
"""Characters of a text that are read; tags and labels are looked for in time that is linear."""
CONTEXT = (
    r"(?:(?:retrieved|relevant|additional|reference|background|supporting|search|source|kb)[ _-]?)?"
    r"(?:documents?|docs?|contexts?|sources?|passages?|results?|snippets?|chunks?|excerpts?"
    r"|references?|knowledge(?:[ _-]?base)?|background|articles?|evidence|facts)"
    r"(?:[ _-](?:information|data|texts?|documents?|base))?"
)
ASKED = r"(?:user[ _'’s-]{0,3})?(?:question|query|input|message|request|prompt)"
TAGGED = re.compile(rf"<({CONTEXT})(?:\s[^<>]{{0,300}})?>", re.I)
QUESTION_TAG = re.compile(rf"<({ASKED})>", re.I)
_BEFORE = r"^[ \t>#*_\-]*(?:\d+[.)] )?"
_AFTER = r"[ \t*_]*:[ \t*_]*"
CONTEXT_LABEL = re.compile(
    rf"{_BEFORE}{CONTEXT}(?: \d+| \[\d+\])?(?:{_AFTER}|[^\n:]{{0,20}}(?:below|follows)[.:]*[ \t]*$)"
    rf"|^[ \t]*#{{1,6}} {CONTEXT}[ \t]*$",
    re.I | re.M,
)
QUESTION_LABEL = re.compile(
    rf"{_BEFORE}(?:(?:current|new|latest|last|original|follow[ -]?up|standalone) )?"
    rf"(?:{ASKED}|user|human){_AFTER}|^[ \t]*#{{1,6}} (?:the )?{ASKED}[ \t]*$",
    re.I | re.M,
)
ANSWER_LABEL = re.compile(
    rf"{_BEFORE}(?:(?:helpful|final|your|short|standalone|concise) )*"
    rf"(?:answer|response|reply|assistant|question|output|ai)(?: in [a-z]+)?{_AFTER}[ \t]*$"
    r"|^[ \t]*#{1,6} (?:answer|response|reply|output)[ \t]*$",
    re.I | re.M,
)
RULES = re.compile(
    r"\b(?:following|retrieved|provided|given|below|above)\b[^\n]{0,80}"
    r"\b(?:context|documents?|pieces|passages?|sources?|information|excerpts?|results?|articles?)\b"
    r"|\b(?:context|documents?|passages?|sources?|information|excerpts?)\b[^\n]{0,40}"
    r"\b(?:below|above|provided|following)\b"
    r"|\brephrase the follow[ -]?up\b",
    re.I,
)
"""What says that documents are quoted."""
SHORTEST = 40
"""Characters below a label that are a document; fewer may be what is asked about."""
HEAD = 240
"""Characters of a prompt by which it is seen that it begins with what an application wrote."""
EDGE = 2_000
"""Characters at either end of a prompt that are read for a preview."""
HINTS = (
    *("context", "document", "docs>", "source", "passage", "result", "snippet", "chunk", "excerpt"),
    *("reference", "knowledge", "background", "article", "evidence", "facts", "information"),
    *("pieces", "follow", "question>", "query>", "input>", "message>", "request>"),
)
"""One of these is in whatever begins a prompt around a question: looked for first, since ingest has
no time for patterns on every long text."""
LABELS = (CONTEXT_LABEL, RULES)
JSON = ("{", "[{", '["', "[[")
RULE_LINE = re.compile(r"^[ \t]*(?:-{3,}|={3,}|\*{3,}|`{3,}\w*)[ \t]*$", re.M)


def asked_in(text: str, documents: Iterable[str] = ()) -> str:
    """What is asked there; `documents` are known to be quoted. Never empty unless the text is."""
    whole = text[:LONGEST].strip()
    bare = _without_tags(own_words(whole, documents))
    found = _tagged(bare) or _labelled(whole, bare) or bare
    return found.strip() or whole


def asked_preview(value: Any) -> str | None:
    """The beginning of what is asked, at most PREVIEW_LENGTH characters; None if nothing is there.

    Only where a prompt begins with documents or rules is the question looked for behind them, near
    its ends: a question that comes first is the preview already.
    """
    if isinstance(value, str) and len(value) > PREVIEW_LENGTH and not value.startswith(JSON):
        edges = value if len(value) <= 2 * EDGE else f"{value[:EDGE]}\n{value[-EDGE:]}"
        if _begins_around(edges):
            value = asked_in(edges)
    return preview(value)


def _begins_around(text: str) -> bool:
    """Whether it has parts, and the first is what an application puts around a question."""
    if "\n" not in text and "</" not in text:
        return False
    head = text[:HEAD]
    lower = head.lower()
    if not any(hint in lower for hint in HINTS):
        return False
    patterns = (TAGGED, QUESTION_TAG, *LABELS) if "<" in head else LABELS
    return any(pattern.search(head) for pattern in patterns)


def _tagged(text: str) -> str:
    """What stands last between tags of a question."""
    for opened in reversed(list(QUESTION_TAG.finditer(text))):
        end = text.find(f"</{opened[1]}>", opened.end())
        if end >= 0 and (said := text[opened.end() : end].strip()):
            return said
    return ""


def _without_tags(text: str) -> str:
    """Without what stands between tags of documents; the closing tag that comes last counts."""
    pieces, at = [], 0
    ends: dict[str, int] = {}
    for opened in TAGGED.finditer(text):
        if opened.start() < at:
            continue
        closing = f"</{opened[1]}>"
        if closing not in ends:
            ends[closing] = text.rfind(closing)
        if ends[closing] < opened.end():
            continue
        pieces.append(text[at : opened.start()])
        at = ends[closing] + len(closing)
    return "\n".join([*pieces, text[at:]]) if pieces else text


def _labelled(whole: str, bare: str) -> str:
    """What stands below the label of a question; else before or behind labelled documents."""
    context = list(CONTEXT_LABEL.finditer(bare))
    if not context and bare == whole and not RULES.search(bare):
        return ""
    for label in reversed(list(QUESTION_LABEL.finditer(bare))):
        if said := _section(bare, label.end()):
            return said
    if not context:
        return _outside(bare)
    if len(bare) - context[0].end() < SHORTEST:
        return ""
    before = _outside(bare[: context[0].start()])
    return before or _outside(_last_paragraph(bare[context[-1].end() :]))


def _section(text: str, start: int) -> str:
    """Up to the next label of documents or of an answer."""
    ends = [
        found.start()
        for label in (CONTEXT_LABEL, ANSWER_LABEL)
        if (found := label.search(text, start)) is not None
    ]
    return RULE_LINE.sub("", text[start : min(ends, default=len(text))]).strip()


def _outside(text: str) -> str:
    """The paragraphs that give no rules about documents, without labels of an answer."""
    text = RULE_LINE.sub("", ANSWER_LABEL.sub("", text))
    kept = [each.strip() for each in re.split(r"\n\s*\n", text)]
    return "\n\n".join(each for each in kept if each and not RULES.search(each))


def _last_paragraph(text: str) -> str:
    """Empty where there is one alone, which belongs to what is before it."""
    parts = [each for each in re.split(r"\n\s*\n", ANSWER_LABEL.sub("", text)) if each.strip()]
    return parts[-1] if len(parts) > 1 else ""
