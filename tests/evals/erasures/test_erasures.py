"""A person is erased from everything that is stored, and from that alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import Http404
from django.test import Client

from evals.datasets.services import gathering
from evals.erasures import reviews, services, tasks
from evals.erasures.models import Erasure
from evals.models import EvaluatorVersion
from evals.probes.models import Probe, ProbeAnswer
from evals.probes.services import sets
from evals.replays.models import CacheReplay, Trial, TrialCall, TrialVerdict
from evals.replays.services import caches, trials
from evals.review.models import Comment, Flag, Item, Label
from evals.review.services import asides
from evals.truth.models import PanelItem
from evals.truth.services import panels
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project, Role, User
from tests.conftest import member
from tests.evals.datasets import making
from tests.evals.judging import connect, detector, judge
from tests.evals.review import desk
from tests.evals.truth import labelled
from traces import blocks
from traces.models import Score, Trace
from traces.services import indexing, retention, rolling

pytestmark = pytest.mark.django_db
WORD, WHO = "Marmalade", "user-canary-7"
WHAT_IFS = (CacheReplay, Trial, TrialCall, TrialVerdict, Probe, ProbeAnswer)


def stored() -> dict[str, str]:
    """By table: all of its rows as text, blocks of payloads unpacked."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            found[table] = cursor.fetchone()[0] or ""
        cursor.execute("SELECT data FROM traces_payload")
        found["traces_payload"] = " ".join(
            str(one) for (data,) in cursor.fetchall() for one in blocks.read(bytes(data)).values()
        )
    return found


def holding(*words: str) -> set[str]:
    return {table for table, text in stored().items() if any(word in text for word in words)}


@pytest.fixture
def helpful(access: Access) -> EvaluatorVersion:
    return judge(access, connect(access, "http://127.0.0.1:1/v1"))


def send(access: Access, who: str, word: str, number: int) -> list[UUID]:
    more = {"user__id": who, "session__id": f"session of {who}", "metadata__about": word}
    return labelled.send(access, number, answer=f"{word} said it to {who}.", **more)


def copy(access: Access, slug: str, *traces: UUID) -> None:
    drafts = gathering.from_traces(access, [(one, None) for one in traces]).drafts
    making.add(access, making.dataset(access, slug), *drafts)


def what_ifs(access: Access) -> None:
    """A trial with answers and verdicts, probes of their prompts with answers, and replays of the
    calls of each person: whoever is asked again says it again."""
    end = time.time_ns() + 10**9
    start = end - 30 * 86_400 * 10**9
    linked, version = connect(access, "http://127.0.0.1:1/v1", name="cheap"), detector(access)
    trial = trials.create(access, trials.Wanted(start, end, linked, [version], most=20))
    for call in trial.calls.all():
        word = WORD if call.user_id == WHO else "Peach"
        TrialCall.objects.filter(pk=call.pk).update(answer=f"{word}, it says", state="done")
        TrialVerdict.objects.create(call=call, version=version, reasons=f"{word} is right")
    drafts = sets.of_traces(access, start, end, "", 20)
    probes = sets.create(access, sets.Wanted("canaries", linked, drafts))
    run = sets.run_now(access, probes)
    for probe in probes.probes.all():
        word = WORD if probe.user_id == WHO else "Peach"
        ProbeAnswer.objects.create(run=run, probe=probe, text=f"{word}, it says")
    for who in (WHO, "somebody else"):
        caches.create(access, caches.Wanted(start, end, q=f'user:"{who}"'))
        trials.create(access, trials.Wanted(start, end, linked, [version], q=f'user:"{who}"'))


@pytest.fixture
def canary(access: Access, helpful: EvaluatorVersion) -> list[UUID]:
    """Everything that can hold what somebody said, of two users in the same requests."""
    theirs = send(access, WHO, WORD, 6)
    others = send(access, "somebody else", "Peach", 6)
    found = desk.queue(access, questions=[
        {"key": "helpful", "text": "Was it helpful?", "kind": "boolean"},
        {"key": "better", "text": "A better answer", "kind": "correction", "required": False},
        {"key": "why", "text": "Why?", "kind": "text", "required": False},
    ])  # fmt: skip
    ann = desk.person(access.project, "ann")
    for n, trace_id in enumerate((*theirs, *others)):
        word = WORD if n < 6 else "Peach"
        labelled.score(helpful, trace_id, n % 2 == 0)
        answers = {"helpful": n % 3 == 0, "better": f"{word}!"}
        labelled.label(access, trace_id, answers, found=found)
        item = Item.objects.get(trace_id=trace_id)
        asides.comment(ann, item, f"{word} is what they said")
        Flag.objects.create(item=item, reason=f"Is {word} right?")
    panels.freeze(access, helpful.evaluator, 12)
    for trace_id in (theirs[0], others[0]):
        Score.objects.create(
            project=access.project, trace_id=trace_id, name="thumbs", source="user",
            boolean=False, comment=f"{WORD if trace_id == theirs[0] else 'Peach'}, they said",
        )  # fmt: skip
    Score.objects.create(
        project=access.project, session_id=f"session of {WHO}", name="stars", source="user",
        number=1.0, comment=f"{WORD} again",
    )  # fmt: skip
    copy(access, "answers", *theirs, *others)
    indexing.run(30)
    rolling.run(30)
    what_ifs(access)
    return theirs


def test_nothing_is_left_of_them_and_all_is_left_of_others(
    access: Access, canary: list[UUID]
) -> None:
    before = holding(WORD, WHO)
    assert {f"{one._meta.db_table}" for one in WHAT_IFS} <= before
    assert len(before) >= 9 + len(WHAT_IFS), f"the test puts it into too little: {before}"
    others = holding("Peach")
    made = services.ask(access, WHO, "Request 12")
    assert tasks.erase() == 1
    rolling.run(30)
    retention.apply()
    assert holding(WORD, WHO) == set()
    assert holding("Peach") == others - {"traces_unmappedkey"}, "it may have been theirs"
    made.refresh_from_db()
    assert (made.state, made.user_id, made.traces, made.review_items) == ("done", "", 6, 6)
    assert made.dataset_items == 6 and made.panel_cases == PanelItem.objects.count() == 6
    assert Trace.objects.filter(project=access.project).count() == 6
    assert Probe.objects.count() == ProbeAnswer.objects.count() == 6
    assert TrialVerdict.objects.count() == 6 and TrialCall.objects.count() == 12
    assert Trial.objects.count() == 2 and CacheReplay.objects.get().q == 'user:"somebody else"'
    assert Comment.objects.count() == Flag.objects.count() == 6
    told = AuditEntry.objects.get(action="person.erased")
    assert told.after is not None and told.after["traces"] == 6


def test_labels_stay_without_words(access: Access, canary: list[UUID]) -> None:
    services.ask(access, WHO, "Request 12")
    tasks.erase()
    theirs = Label.objects.filter(item__trace_id__in=canary)
    assert [sorted(one.answers) for one in theirs] == [["helpful"]] * 6
    assert set(Item.objects.filter(trace_id__in=canary).values_list("state", flat=True)) == {
        "withdrawn"
    }
    assert all("better" in one.answers for one in Label.objects.exclude(pk__in=theirs))


def test_killed_in_between_it_goes_on(
    access: Access, canary: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    scrub: Callable[..., int] = reviews.scrub
    calls: list[int] = []

    def dies(*arguments: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise ConnectionError("gone")
        return scrub(*arguments)

    monkeypatch.setattr(reviews, "scrub", dies)
    made = services.ask(access, WHO, "Request 12")
    assert tasks.erase() == 0
    made.refresh_from_db()
    assert (made.state, made.traces) == ("running", 2)
    assert made.problem == "ConnectionError: it is tried again."
    assert tasks.erase() == 1
    made.refresh_from_db()
    assert (made.state, made.traces, made.review_items, made.problem) == ("done", 6, 6, "")
    assert tasks.erase() == 0


def test_a_copy_made_meanwhile_goes_too(
    access: Access, canary: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = services._some_traces

    def copies(row: Erasure) -> int:
        if left := Trace.objects.filter(user_id=WHO).values_list("trace_id", flat=True):
            copy(access, "late", left[0])
        return some(row)

    monkeypatch.setattr(services, "_some_traces", copies)
    services.ask(access, WHO, "Request 12")
    assert tasks.erase() == 1
    assert "datasets_item" not in holding(WORD, WHO)


def test_who_may_and_what_is_refused(access: Access, other_project: Project) -> None:
    for role in (Role.ENGINEER, Role.REVIEWER, Role.VIEWER):
        person = desk.person(access.project, role, role)
        for call in (services.ask, lambda who, user, _: services.foresee(who, user)):
            with pytest.raises(PermissionDenied):
                call(person, WHO, "Request 12")
    for user_id, reason in (("", "r"), ("x" * 1_001, "r"), ("a\0", "r"), ("a", ""), ("a", " "),
                            ("a", "x" * 501), ("a", "r\0"), (WHO, f"{WHO} asked")):  # fmt: skip
        with pytest.raises(ValidationError):
            services.ask(access, user_id, reason)
    first = services.ask(access, WHO, "Request 12")
    assert services.ask(access, WHO, "Request 13") == first, "it is under way"
    stranger = Access(other_project, access.permissions, user=access.user)
    with pytest.raises(Http404):
        services.get(stranger, first.pk)
    assert not services.of_project(stranger)


def test_the_same_user_of_another_project_stays(access: Access, other_project: Project) -> None:
    stranger = Access(other_project, access.permissions, user=access.user)
    send(access, WHO, WORD, 1)
    send(stranger, WHO, WORD, 1)
    services.ask(access, WHO, "Request 12")
    tasks.erase()
    assert [trace.project for trace in Trace.objects.all()] == [other_project]


# ---- API and page


def api(access: Access, *scopes: str) -> Callable[..., Any]:
    _, key = create_key(project=access.project, name="k", scopes=list(scopes))

    def call(method: str, path: str = "", body: Any = None, status: int = 200) -> Any:
        answer = getattr(Client(), method)(
            f"/api/v1/erasures{path}", body, content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )  # fmt: skip
        assert answer.status_code == status, answer.content
        return answer.json()

    return call


def test_by_api(access: Access, canary: list[UUID]) -> None:
    call = api(access, "read", "write", "admin")
    assert call("post", "", {"user_id": WHO, "dry_run": True}) == {"traces": 6, "dataset_items": 6}
    assert Erasure.objects.count() == 0
    made = call("post", "", {"user_id": WHO, "reason": "Request 12"}, 202)
    assert (made["state"], made["finished_at"]) == ("waiting", None)
    tasks.erase()
    found = call("get", f"/{made['id']}")
    assert (found["state"], found["traces"]) == ("done", 6) and WHO not in str(found)
    assert call("get") == {"results": [found], "next": None}
    sure: dict[str, Any] = {"user_id": WHO, "reason": "r"}
    refused: list[Any] = [sure | {"dry_run": 0}, sure | {"dry_run": "no"}, sure | {"user_id": 7}]
    refused += [{}, {"user_id": WHO}, {"user_id": "", "reason": "r"}, {"who": 1}, []]
    for wrong in refused:
        call("post", "", wrong, 400)
    call("get", "/9999", None, 404)
    call("get", "?cursor=x", None, 400)
    api(access, "read", "write")("post", "", {"user_id": WHO, "reason": "r"}, 403)


def test_pages_of_the_list(access: Access) -> None:
    for n in range(52):
        services.ask(access, f"user {n}", f"Request {n}")
    call = api(access, "admin", "read")
    first = call("get")
    assert len(first["results"]) == 50 and first["next"]
    second = call("get", f"?cursor={first['next']}")
    assert [one["reason"] for one in second["results"]] == ["Request 1", "Request 0"]


def test_on_the_page(client: Client, owner: User, access: Access, canary: list[UUID]) -> None:
    client.force_login(owner)
    page = f"/p/{access.project.slug}/settings/erase"
    assert b"Nobody was erased" in client.get(page).content
    assert b"Erase for good" not in client.get(page).content, "before one has looked"
    assert WHO.encode() in client.get(page, {"user": WHO}).content
    told = client.post(page, {"user_id": WHO, "look": "1"}).content.decode()
    assert "<b>6 traces</b>" in told and "<b>6 items</b>" in told and "Erase for good" in told
    assert "1 to 500 characters" in client.post(page, {"user_id": WHO}).content.decode()
    answer = client.post(page, {"user_id": WHO, "reason": "Request <12>"}, follow=True)
    assert b"It is being erased." in answer.content and b"Request &lt;12&gt;" in answer.content
    assert b'hx-trigger="every 3s"' in answer.content
    tasks.erase()
    told = client.get(page).content.decode()
    assert "done</span>" in told and "every 3s" not in told and WHO not in told
    client.force_login(member(access.project, "e@example.org", Role.ENGINEER))
    assert client.get(page).status_code == 403
