"""Two people at the settings of one queue: what each has changed since the form was made.

The form carries, signed, what it was made from. Who saves later is shown what changed meanwhile;
what they left alone is then as it is now, what they changed stays theirs, to be saved knowingly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core import signing

from dashboards.queues import words
from dashboards.queues.forms import SettingsForm
from evals.review import questions as rubrics
from evals.review.errors import Invalid
from evals.review.models import Queue
from evals.review.questions import Question
from evals.review.services import queues

SALT = "sightglass.queues.settings"
LONGEST = 300
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a form was made from."""

    version: int
    draft: queues.Draft


@dataclass(frozen=True, slots=True)
class Difference:
    """What somebody else changed. `yours`: what was typed instead, None where nothing was."""

    label: str
    now: str
    yours: str | None = None


def sealed(queue: Queue) -> str:
    """The queue as it is, for the form. The questions are those of a version that never changes."""
    draft = queues.draft_of(queue)
    kept = {name: getattr(draft, name) for name in (*queues.SETTINGS, "reviewers")}
    rubric = queues.newest(queue).version
    told = {"queue": queue.pk, "version": queue.version, "rubric": rubric, "settings": kept}
    return signing.dumps(told, salt=SALT, compress=True)


def opened(text: str, queue: Queue) -> Base | None:
    """None of a form that does not say it."""
    try:
        told = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    rubric = queue.rubrics.filter(version=told["rubric"]).first()
    if told["queue"] != queue.pk or rubric is None:
        return None
    return Base(told["version"], queues.Draft(questions=rubric.questions, **told["settings"]))


def merged(
    base: queues.Draft, now: queues.Draft, typed: queues.Draft
) -> tuple[queues.Draft, list[Difference]]:
    """What was typed over what is there now, and what others changed of it."""
    found = list(_settings(base, now, typed))
    kept = {one: getattr(typed if _differs(base, typed, one) else now, one)
            for one in queues.SETTINGS}  # fmt: skip
    reviewers = _people(base.reviewers, now.reviewers, typed.reviewers)
    found += _of_people(base.reviewers, now.reviewers, typed.reviewers)
    asked = _completed(typed.questions)
    questions = _questions(base.questions, now.questions, asked)
    found += _of_questions(base.questions, now.questions, asked)
    return replace(typed, reviewers=reviewers, questions=questions, **kept), found


def _differs(one: Any, other: Any, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def _settings(base: queues.Draft, now: queues.Draft, typed: queues.Draft) -> Iterator[Difference]:
    for name in queues.SETTINGS:
        if not _differs(base, now, name) or not _differs(now, typed, name):
            continue
        yours = _shown(getattr(typed, name)) if _differs(base, typed, name) else None
        yield Difference(_label(name), _shown(getattr(now, name)), yours)


def _label(name: str) -> str:
    fields = SettingsForm.base_fields
    one = fields.get("gold_percent" if name == "gold_share" else name)
    return str((one.label if one is not None else None) or name.replace("_", " ").capitalize())


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, float):
        return words.percent(value)
    text = words.answer(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _people(
    base: Mapping[str, str], now: Mapping[str, str], typed: Mapping[str, str]
) -> dict[str, str]:
    found = {}
    for email in sorted({*now, *typed}):
        mine = typed.get(email)
        role = mine if mine != base.get(email) else now.get(email)
        if role:
            found[email] = role
    return found


def _of_people(
    base: Mapping[str, str], now: Mapping[str, str], typed: Mapping[str, str]
) -> Iterator[Difference]:
    for email in sorted({*base, *now}):
        role, mine = now.get(email), typed.get(email)
        if role != base.get(email) and role != mine:
            yours = (mine or "nobody") if mine != base.get(email) else None
            yield Difference(email, role or "nobody", yours)


def _completed(questions: list[Question]) -> list[Question]:
    """As they are stored; as they were typed where they cannot be."""
    try:
        return rubrics.checked(questions)
    except Invalid:
        return questions


def _by_key(questions: Sequence[Question]) -> dict[str, Question]:
    return {str(one.get("key", "")): one for one in questions}


def _questions(
    base: Sequence[Question], now: Sequence[Question], typed: Sequence[Question]
) -> list[Question]:
    """Each as whoever has changed it had it: the one who types, before others."""
    before, there, mine = _by_key(base), _by_key(now), _by_key(typed)
    if list(mine) == list(before):
        keys = [*there, *(key for key in mine if key not in there)]
    else:
        keys = [*mine, *(key for key in there if key not in before and key not in mine)]
    found = []
    for key in keys:
        if key in mine and mine[key] != before.get(key):
            found.append(mine[key])
        elif key in there and (key in mine or key not in before):
            found.append(there[key])
    return found


def _of_questions(
    base: Sequence[Question], now: Sequence[Question], typed: Sequence[Question]
) -> Iterator[Difference]:
    before, there, mine = _by_key(base), _by_key(now), _by_key(typed)
    for key in dict.fromkeys([*before, *there]):
        if there.get(key) == before.get(key) or there.get(key) == mine.get(key):
            continue
        touched = mine.get(key) != before.get(key)
        yours = _asked(mine.get(key)) if touched else None
        yield Difference(f"Question {key}", _asked(there.get(key)), yours)


def _asked(question: Question | None) -> str:
    if question is None:
        return "removed"
    options = ", ".join(map(str, question.get("options", [])))
    return f"“{question['text'][:LONGEST]}”{f' ({options[:LONGEST]})' if options else ''}"
