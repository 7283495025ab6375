"""From lists and queues into a dataset: looked at before anything is added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dashboards.datasets import shown
from dashboards.datasets.listing import free_slug
from dashboards.queues import adding as queue_adding
from dashboards.queues.adding import carried, chosen_in
from dashboards.trace.panes import Room
from evals.datasets import content
from evals.datasets.content import Draft
from evals.datasets.models import Dataset
from evals.datasets.selectors import datasets as selected
from evals.datasets.services import adding, datasets, gathering
from evals.datasets.services.adding import MOST_AT_ONCE, Alike, Choices, Look, Personal
from evals.datasets.services.gathering import Expected, Gathered, Key, Rule
from evals.review.errors import Conflict, Invalid
from evals.review.models import Queue
from evals.review.questions import Kind
from evals.review.selectors import queues as reviewed
from evals.review.services import standing
from evals.truth.selectors.labels import questions_answered
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page

Choice = TypeVar("Choice", bound=StrEnum)
FOUND_BY = "found_by"
"""Key of metadata."""
SHOWN = 20
"""Of what was chosen, how many are looked at before."""
PERSONAL = {
    Personal.REDACT: ("Redact", "each place becomes its kind, such as [email]"),
    Personal.DROP: ("Leave out", "items with any of it are not added"),
    Personal.KEEP: ("Keep", "added as they are"),
}
ALIKE = {
    Alike.SKIP_EXACT: ("Leave out the same", "inputs of the same words"),
    Alike.SKIP: ("Leave out all alike", "near-duplicates too"),
    Alike.KEEP: ("Add all", "whatever is there already"),
}
EXPECTED = {
    Expected.PEOPLE: ("Nothing", "only what people have written, or the application sent"),
    Expected.RIGHT: ("What was answered, where people call it right", "as chosen below"),
    Expected.UNREVIEWED: ("What was answered, unless reviewed", "nothing where people judged it"),
    Expected.ANSWER: ("What was answered, always", "also where people found fault with it"),
}
SETTLED = (Expected.PEOPLE, Expected.RIGHT, Expected.ANSWER)
"""Those that say something of what people have settled."""
SIDES = {True: "yes", False: "no"}


@dataclass(slots=True)
class Chosen:
    """What is to be added: traces and spans, or settled items of a queue."""

    keys: list[Key] = field(default_factory=list)
    queue: Queue | None = None
    pks: list[int] = field(default_factory=list)
    found_by: dict[Key, str] = field(default_factory=dict)
    more: bool = False
    problem: str = ""

    @property
    def number(self) -> int:
        return len(self.pks) if self.queue is not None else len(self.keys)

    def gathered(self, access: Access, rule: Rule, most: int) -> Gathered:
        """Drafts of the first `most`."""
        made = Gathered()
        every: Sequence[Any] = self.pks if self.queue is not None else self.keys
        for begin in range(0, min(most, len(every)), gathering.MOST):
            some = every[begin : min(begin + gathering.MOST, most)]
            if self.queue is not None:
                part = gathering.from_queue(access, self.queue, some, rule)
            else:
                part = gathering.from_traces(access, some, rule)
            made.drafts += part.drafts
            made.unknown += part.unknown
            made.silent += part.silent
        for draft in made.drafts:
            self._tell(draft)
        return made

    def _tell(self, draft: Draft) -> None:
        """The search that led to it, where there is room for it."""
        if draft.source.trace_id is None or len(draft.metadata) >= content.MOST_KEYS:
            return
        if told := self.found_by.get((draft.source.trace_id, draft.source.span_id)):
            draft.metadata[FOUND_BY] = told

    def rights(self, access: Access) -> dict[str, Rule]:
        """What may make an answer right, by the value of its option."""
        if self.queue is not None:
            asked = reviewed.newest_rubrics([self.queue])[self.queue.pk].questions
            kinds = {one["key"]: one["kind"] for one in asked}
        else:
            kinds = questions_answered(access.project.pk)
        return {
            f"{key}:{SIDES[right]}": Rule(Expected.RIGHT, key, right)
            for key, kind in kinds.items()
            if kind == Kind.BOOLEAN
            for right in SIDES
        }


def _chosen(access: Access, given: QueryDict) -> Chosen:
    """Raises Http404 and PermissionDenied for a queue that one does not see whole."""
    slug = given.get("queue", "")
    if slug:
        if "\0" in slug:
            raise Http404("There is no such queue.")
        queue = standing.queue_of(access, slug[:60])
        pks = gathering.settled(access, queue, limit=MOST_AT_ONCE + 1)
        return Chosen(queue=queue, pks=pks[:MOST_AT_ONCE], more=len(pks) > MOST_AT_ONCE)
    found = chosen_in(access, given)
    return Chosen(found.keys, found_by=found.found_by, more=found.more, problem=found.problem)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def add(request: ProjectRequest) -> HttpResponse:
    """What would be added, and to which dataset; POST `add` adds it."""
    access = request.access
    given = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(access, given)
    if not chosen.number:
        return render(request, "datasets/add_nothing.html", _nothing(access, chosen))
    asked = Asked.of(access, given, chosen)
    if request.method == "POST" and "add" in given and not asked.errors:
        done = _added(request, chosen, asked)
        if done is not None:
            return done
    return _page(request, chosen, asked, given)


@dataclass(slots=True)
class Asked:
    """How it is to be added. `name`: of a new dataset, where none is chosen."""

    dataset: Dataset | None = None
    name: str = ""
    split: str = ""
    expected: Expected = Expected.PEOPLE
    rights: dict[str, Rule] = field(default_factory=dict)
    """What can make an answer right, and which of it is chosen."""
    right_if: str = ""
    personal: Personal = Personal.REDACT
    alike: Alike = Alike.SKIP_EXACT
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, access: Access, given: QueryDict, chosen: Chosen) -> Asked:
        made = cls()
        if slug := given.get("dataset", "").replace("\0", "")[:60]:
            made.dataset = selected.dataset_of(access, slug)
        made.name = given.get("name", "").replace("\0", "").strip()[: datasets.LONGEST_NAME]
        made.split = given.get("split", "").strip()
        made.note = given.get("note", "").replace("\0", "")[:500]
        # An answer that nobody has read is expected of nothing unless somebody says so.
        made.expected = _one_of(Expected, given.get("expected"), Expected.PEOPLE)
        made.rights = chosen.rights(access)
        if made.rights:
            told = given.get("right_if", "")
            made.right_if = told if told in made.rights else next(iter(made.rights))
        elif made.expected == Expected.RIGHT:
            made.expected = Expected.PEOPLE
        made.personal = _one_of(Personal, given.get("personal"), Personal.REDACT)
        made.alike = _one_of(Alike, given.get("alike"), Alike.SKIP_EXACT)
        if made.split and not content.SPLIT.fullmatch(made.split):
            made.errors["split"] = "Letters, digits, _, . and -; at most 40."
        if "add" in given and made.dataset is None and not made.name:
            made.errors["dataset"] = "Choose a dataset, or name a new one."
        return made

    @property
    def rule(self) -> Rule:
        if self.expected == Expected.RIGHT:
            return self.rights[self.right_if]
        return Rule(self.expected)

    @property
    def choices(self) -> Choices:
        return Choices(self.personal, self.alike)


def _one_of(kind: type[Choice], given: str | None, usual: Choice) -> Choice:
    try:
        return kind(given or "")
    except ValueError:
        return usual


def _added(request: ProjectRequest, chosen: Chosen, asked: Asked) -> HttpResponse | None:
    """Where to go on; None, and the errors in `asked`, where nothing was added."""
    access = request.access
    gathered = chosen.gathered(access, asked.rule, MOST_AT_ONCE)
    drafts = _with_split(gathered.drafts, asked.split)
    if not drafts:
        asked.errors["form"] = "None of them holds an input that could be read."
        return None
    try:
        dataset = asked.dataset or datasets.create(
            access, free_slug(access, asked.name), datasets.Settings(asked.name)
        )
        asked.dataset = dataset
        result = adding.add(access, dataset, drafts, asked.choices, note=asked.note)
    except Invalid as error:
        asked.errors["form"] = "Nothing was added. " + " ".join(
            f"{one['pointer']}: {one['detail']}" for one in error.errors[:5]
        )
        return None
    except Conflict as error:
        asked.errors["form"] = f"Nothing was added. {error.detail}"
        return None
    messages.success(request, told(result, dataset, gathered))
    return HttpResponseRedirect(reverse("dataset", args=[access.project.slug, dataset.slug]))


def told(result: adding.Added, dataset: Dataset, gathered: Gathered | None = None) -> str:
    """What was done, in a sentence."""
    number = "" if result.version is None else f", version {result.version.number}"
    said = f"{result.added:,} added to {dataset.name}{number}."
    beside = [
        (result.replaced, "replaced"),
        (result.unchanged, "there already"),
        (result.skipped, "left out as duplicates"),
        (result.dropped, "left out for personal data"),
        (result.redacted, "redacted"),
        (0 if gathered is None else len(gathered.unknown), "not stored any more"),
        (0 if gathered is None else len(gathered.silent), "without an input to read"),
        (0 if gathered is None else unexpected(gathered), "gathered without an expected output"),
    ]
    rest = [f"{many:,} {words}" for many, words in beside if many]
    return f"{said} {', '.join(rest).capitalize()}." if rest else said


def unexpected(gathered: Gathered) -> int:
    return sum(draft.expected is None for draft in gathered.drafts)


def _with_split(drafts: list[Draft], split: str) -> list[Draft]:
    for draft in drafts:
        draft.split = split
    return drafts


def _page(request: ProjectRequest, chosen: Chosen, asked: Asked, given: QueryDict) -> HttpResponse:
    access = request.access
    gathered = chosen.gathered(access, asked.rule, SHOWN)
    looks = adding.look(asked.dataset, _with_split(gathered.drafts, asked.split))
    context: dict[str, Any] = {
        "chosen": chosen,
        "asked": asked,
        "looks": [_row(one) for one in looks],
        "unread": len(gathered.unknown) + len(gathered.silent),
        "rest": max(0, chosen.number - SHOWN),
        "most": MOST_AT_ONCE,
        "personal_count": sum(bool(one.found) for one in looks),
        "near_count": sum(bool(one.near) for one in looks),
        "fault_count": sum(bool(one.faults) for one in looks),
        "datasets": selected.list_datasets(access, limit=500).results,
        "personal": PERSONAL,
        "alike": ALIKE,
        "expected": {
            one: said
            for one, said in EXPECTED.items()
            if (chosen.queue is None or one in SETTLED) and (asked.rights or one != Expected.RIGHT)
        },
        "without": sum(one.draft.expected is None for one in looks),
        "hidden": _hidden(chosen, given),
    }
    name = "datasets/add_body.html" if request.htmx else "datasets/add.html"
    return render(request, name, context)


def _row(look: Look) -> dict[str, Any]:
    draft = look.draft
    return {
        "look": look,
        "whole": shown.whole(draft, Room(each=1_200, left=6_000)),
        "expected_from": shown.EXPECTED_FROM.get(draft.source.expected_from, ""),
        "corrected": draft.source.expected_from == "correction",
        "found": shown.found_by_kind(look.found),
        "response": draft.metadata.get(gathering.RESPONSE, ""),
        "labels": _labels(draft),
        "trace": "" if draft.source.trace_id is None else draft.source.trace_id.hex,
    }


def _labels(draft: Draft) -> list[tuple[str, str]]:
    """What reviewers settled on, in words."""
    told = draft.metadata.get(gathering.LABELS)
    if not isinstance(told, dict):
        return []
    return [
        (key, SIDES[said] if isinstance(said, bool) else content.words_of(said))
        for key, said in told.items()
    ]


def _hidden(chosen: Chosen, given: QueryDict) -> list[tuple[str, str]]:
    """What says what was chosen, carried along by the form."""
    if chosen.queue is not None:
        return [("queue", chosen.queue.slug)]
    return carried(queue_adding.Chosen(chosen.keys, found_by=chosen.found_by), given)


def _nothing(access: Access, chosen: Chosen) -> dict[str, Any]:
    return {"chosen": chosen, "queues": reviewed.list_queues(access)[:50]}


@require_http_methods(["GET"])
@project_page(Permission.WRITE)
def from_queue(request: ProjectRequest, dataset: str) -> HttpResponse:
    """Which queue, for a dataset that is chosen."""
    access = request.access
    found = selected.dataset_of(access, dataset)
    queues = reviewed.list_queues(access)
    counts = reviewed.counts_of(queues)
    rows = [
        (queue, states.get("settled", 0) + states.get("done", 0))
        for queue in queues
        for states in [counts[queue.pk].states if queue.pk in counts else {}]
    ]
    if found.archived_at is not None:
        return redirect("dataset", access.project.slug, found.slug)
    return render(request, "datasets/from_queue.html", {"dataset": found, "rows": rows})
