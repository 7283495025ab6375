"""The walls between projects, at every route there is.

The walk takes its routes from the URLconf: a new one that it cannot place, or whose parameters it
cannot fill with objects of the other project, fails it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from dashboards.alerts.models import Alert, Rule, Transition
from dashboards.boards.models import Board
from dashboards.budgets.models import Budget
from dashboards.channels.events import Event, EventKind
from dashboards.channels.models import Channel, Delivery
from dashboards.digest.models import Report
from dashboards.models import SavedView
from evals.datasets.content import Draft
from evals.datasets.services import adding, datasets, importing, tagging
from evals.drift.services import monitors as drift_monitors
from evals.erasures import services as erasing
from evals.models import Backfill, Connection, Evaluator, Job
from evals.probes.models import ProbeSet
from evals.replays.models import CacheReplay, Trial
from evals.review.services import filling, queues, rules, working
from evals.services import evaluators
from evals.topics.models import Member, Topic
from evals.truth.models import Improvement, Panel
from evals.truth.services import pairing
from evals.truth.verdicts import Reading
from sightglass.accounts import members
from sightglass.accounts.access import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Access, Permission
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Membership, Project, Role, User
from sightglass.operations.middleware import Probes
from tests.conftest import member
from tests.traces import sending
from traces.api.declared import described
from traces.api.ingest import POST_ROUTES, ROUTES
from traces.ids import span_to_column
from traces.models import MetricPoint, PriceOverride, RedactionRule, RejectedPayload, Score
from traces.services.ingest import note_refused, store_spans

pytestmark = pytest.mark.django_db

CANARY = "ferrous-marmalade"
"""What only the one project has."""

BAIT = "plum"
"""What leads to it, for questions whose words are repeated in the answer."""

TRACE, SPAN = bytes(range(1, 17)), bytes(range(1, 9))
METHODS = ("get", "post", "put", "patch", "delete")

PUBLIC = {
    "healthz": "says that the process lives",
    "readyz": "says whether it can work",
    "metrics": "guarded by its own token; see tests/operations",
    "theme": "a cookie of the browser's own",
    "api_schema": "the same for everybody",
    "api_docs": "the same for everybody",
    "invitation": "opened by the secret in it",
    "digest_unsubscribe": "opened by the signature in it",
}
PERSONAL = {
    "home",
    "overview_all",
    "traces_of_all",
    "profile",
    "sign_out_everywhere",
    "new_project",
    "restore_project",
    "installation_audit",
}
"""Need a session, and show only what is the person's own."""


@dataclass(frozen=True)
class Route:
    pattern: str
    name: str
    view: Any

    @property
    def kind(self) -> str:
        if self.pattern.startswith("p/<slug:project>/"):
            return "page"
        if (
            issubclass(getattr(self.view, "view_class", object), APIView)
            and self.name not in PUBLIC
        ):
            return "api"
        if self.pattern.startswith("accounts/"):
            return "account"
        if self.name in PUBLIC:
            return "public"
        return "personal" if self.name in PERSONAL else "unknown"

    def address(self, values: dict[str, str]) -> str:
        """The path, with parameters filled in; KeyError for one that nothing is known of."""

        def value(match: re.Match[str]) -> str:
            parameter = match[1]
            return values.get(f"{self.name}:{parameter}") or values[parameter]

        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", value, self.pattern)


def found(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[Route]:
    for each in patterns:
        pattern = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from found(each.url_patterns, pattern)
        else:
            yield Route(pattern, each.name or "", each.callback)


ALL = list(found(get_resolver().url_patterns))
PAGES = [route for route in ALL if route.kind == "page"]
API = [route for route in ALL if route.kind == "api"]


def by_name(route: Route) -> str:
    return route.name or route.pattern


def body(response: HttpResponseBase) -> str:
    whole = (
        b"".join(response.streaming_content)  # type: ignore[attr-defined]
        if response.streaming
        else response.content  # type: ignore[attr-defined]
    )
    return whole.decode(errors="replace") + str(dict(response.items()))


@pytest.fixture
def values(access: Access, project: Project) -> dict[str, str]:
    """A project with a bit of everything in it, each saying CANARY; its ids, by parameter."""
    said = f'[{{"role": "user", "content": "{BAIT} {CANARY}"}}]'
    attributes = {"user.id": BAIT, "session.id": BAIT, "own.key": CANARY}
    attributes |= {"gen_ai.output.messages": said}
    call = sending.llm(TRACE, span_id=SPAN, name=f"{BAIT} {CANARY}", **attributes)
    store_spans(access, sending.decoded(call, service__name=CANARY))
    note_refused(
        access,
        signal="traces",
        reason="malformed",
        detail=CANARY,
        content_type="application/json",
        body=CANARY.encode(),
    )
    assert access.user is not None
    view = SavedView.objects.create(
        project=project, owner=access.user, name=CANARY, parameters=f"q={CANARY}", shared=True
    )
    price = PriceOverride.objects.create(project=project, model=CANARY, input="1")
    rule = RedactionRule.objects.create(
        project=project, type="pattern", name=CANARY, value=CANARY + "x"
    )
    Score.objects.create(project=project, name=CANARY, number=1, source="code", comment=CANARY)
    MetricPoint.objects.create(
        project=project,
        name=CANARY,
        time_ns=time.time_ns(),
        series="0" * 32,
        value=1,
        attributes={CANARY: CANARY},
    )
    invitation, _ = members.invite(access, f"{CANARY}@example.org", Role.VIEWER)
    viewer = member(project, f"viewer-{CANARY}@example.org", Role.VIEWER)
    key, _ = create_key(project=project, name=CANARY, scopes=["read"])
    judge, backfill, connected = evaluation(access)
    Project.objects.filter(pk=project.pk).update(name=CANARY)
    return {
        "project": project.slug,
        "trace_id": TRACE.hex(),
        "span_id": SPAN.hex(),
        "form": "jsonl",
        "explorer_delete_view:pk": str(view.pk),
        "settings_member:pk": str(Membership.objects.get(user=viewer).pk),
        "settings_invitation_withdraw:pk": str(invitation.pk),
        "settings_key_rotate:pk": str(key.pk),
        "settings_key_revoke:pk": str(key.pk),
        "settings_price_delete:pk": str(price.pk),
        "settings_redaction_rule:pk": str(rule.pk),
        "ledger_payload:pk": str(RejectedPayload.objects.get().pk),
        "ledger_replay:pk": str(RejectedPayload.objects.get().pk),
        "api_price:pk": str(price.pk),
        "trace_scoring_retry:pk": str(Job.objects.get().pk),
        **{f"{name}:pk": str(judge.pk) for name in OF_EVALUATOR},
        **{f"{name}:pk": str(backfill.pk) for name in OF_BACKFILL},
        **{f"{name}:pk": str(connected.pk) for name in OF_CONNECTION},
        **channel_of(project),
        **budget_of(project),
        **alert_of(project),
        **board_of(access),
        **report_of(access),
        **review_of(access),
        **dataset_of(access),
        **truth_of(access, judge),
        **erasure_of(access),
        **drift_of(access),
        **replays_of(access, judge, connected),
        **probes_of(access, connected),
        **topic_of(access),
    }


OF_EVALUATOR = (
    "api_evaluator",
    "api_evaluator_jobs",
    "api_evaluator_versions",
    "api_evaluator_retry",
    "api_evaluator_backfills",
    "evaluator",
    "evaluator_edit",
    "evaluator_state",
    "evaluator_retry",
    "evaluator_backfill",
)
OF_BACKFILL = ("api_backfill", "api_backfill_stop", "backfill", "backfill_stop")
OF_CONNECTION = (
    "api_connection",
    "api_connection_test",
    "settings_connection",
    "settings_connection_test",
    "settings_connection_delete",
)


OF_BUDGET = ("api_budget", "api_budget_status", "budget", "budget_edit", "budget_delete")


def budget_of(project: Project) -> dict[str, str]:
    budget = Budget.objects.create(
        project=project, name=CANARY, amount=1, scope="tag", value=CANARY
    )
    return {f"{name}:pk": str(budget.pk) for name in OF_BUDGET}


OF_ALERT_RULE = (
    *("api_alert_rule", "api_alert_rule_backtest", "api_alert_rule_mute", "alert_rule"),
    *("alert_spark", "alert_mute", "alert_test", "alert_delete"),
)
OF_FIRING = ("api_alert", "api_alert_acknowledge", "alert_firing", "alert_acknowledge")


def alert_of(project: Project) -> dict[str, str]:
    """A rule that fires."""
    rule = Rule.objects.create(
        project=project, slug=CANARY, name=CANARY, metric="cost", window_ns=3600 * 10**9,
        condition={"type": "threshold", "above": 1.0}, severity="info", filter=f"tag:{CANARY}",
    )  # fmt: skip
    alert = Alert.objects.create(rule=rule, group=CANARY, state="firing")
    firing = Transition.objects.create(
        project=project, rule=rule, alert=alert, version=1, group=CANARY, before="inactive",
        state="firing", at_ns=10**18, severity="info", reason=CANARY,
    )  # fmt: skip
    of_rule = {f"{name}:pk": str(rule.pk) for name in OF_ALERT_RULE}
    return of_rule | {f"{name}:pk": str(firing.pk) for name in OF_FIRING}


OF_BOARD = (
    *("board", "board_tv", "board_edit", "board_duplicate", "board_delete", "board_chart_new"),
    *("board_chart", "board_chart_move", "board_chart_remove", "api_dashboard"),
)


def board_of(access: Access) -> dict[str, str]:
    """A shared dashboard with a chart."""
    board = Board.objects.create(
        project=access.project, owner=access.user, name=CANARY, shared=True
    )
    chart = board.charts.create(position=1, metric="cost", title=CANARY, filter=f"tag:{CANARY}")
    return {f"{name}:pk": str(board.pk) for name in OF_BOARD} | {"chart": str(chart.pk)}


def report_of(access: Access) -> dict[str, str]:
    """A report that somebody gets."""
    assert access.user is not None
    report = Report.objects.create(project=access.project, enabled=False)
    report.recipients.create(user=access.user)
    return {f"{name}:pk": str(report.pk) for name in ("report", "report_delete", "report_send")}


OF_ITEM = (
    *("api_review_item", "api_review_claim", "api_review_draft", "api_review_submit"),
    *("api_review_undo", "api_review_skip", "api_review_flag", "api_review_comments"),
    *("api_review_adjudicate", "api_review_gold"),
    *("queue_item", "desk_claim", "desk_draft", "desk_submit", "desk_undo", "desk_skip"),
    *("desk_flag", "desk_comment", "desk_uncomment", "desk_settle", "desk_reopen", "desk_ungold"),
    *("desk_answered", "desk_withdraw"),
)


def review_of(access: Access) -> dict[str, str]:
    """A queue with a rule and an item that has a label and a comment."""
    question = {"key": "why", "text": CANARY, "kind": "text"}
    queue = queues.create(access, "canary", queues.Draft(CANARY, [question], guidelines=CANARY))
    rule = rules.create(access, queue, rules.Draft("rule", q=f"tag:{CANARY}"))
    trace_id = UUID(bytes=TRACE)
    filling.put(queue, [filling.Chosen((trace_id, None), 0.5, CANARY)], "rule", rule.pk)
    item = queue.items.get()
    working.submit(access, item, {"why": CANARY})
    working.comment(access, item, CANARY)
    of_item = {f"{name}:pk": str(item.pk) for name in OF_ITEM}
    of_item["comment"] = str(item.comments.get().pk)
    of_rule = {f"{name}:pk": str(rule.pk) for name in ("api_review_rule", "queue_rule_stop")}
    return of_item | of_rule | {"queue": queue.slug}


def erasure_of(access: Access) -> dict[str, str]:
    """Somebody who is not erased yet."""
    return {"api_erasure:pk": str(erasing.ask(access, "who else", CANARY).pk)}


OF_DRIFT = ("api_drift_monitor", "api_drift_windows", "drift_monitor", "drift_edit", "drift_change")


def drift_of(access: Access) -> dict[str, str]:
    """A monitor with a window that drifts."""
    monitor = drift_monitors.make(access, drift_monitors.Wanted("canary", "inputs", q=CANARY))
    now = time.time_ns()
    carrier = {"dimension": "user", "value": CANARY, "n_before": 0, "n_now": 9, "before": 0.0}
    carrier |= {"now": 0.5, "explains": 0.9, "left": 0.1, "p": 0.01, "carries": True}
    window = monitor.windows.create(
        project=access.project, start_ns=now - 2 * 10**9, end_ns=now - 10**9, state="done",
        drift=True, verdict=CANARY, p=0.001, adjusted=0.01, found={"slices": [carrier]},
    )  # fmt: skip
    of_monitor = {f"{name}:pk": str(monitor.pk) for name in OF_DRIFT}
    of_window = {f"{name}:pk": str(window.pk) for name in ("api_drift_window", "drift_window")}
    return of_monitor | of_window


OF_TRUTH = (
    *("api_truth_evaluator", "api_truth_pairing", "api_truth_cases", "api_truth_calibration"),
    *("api_truth_panel", "api_truth_panel_runs", "api_truth_panel_accept"),
    *("api_truth_improvements", "truth_evaluator", "truth_pairing", "truth_cases", "truth_panel"),
    *("truth_panel_change", "truth_panel_alert", "truth_calibration", "truth_calibration_change"),
    *("truth_improve", "truth_propose", "truth_improvement", "truth_improvement_change"),
)
OF_IMPROVEMENT = ("api_truth_improvement", "api_truth_improvement_adopt")


def truth_of(access: Access, judge: Evaluator) -> dict[str, str]:
    """A pairing, a panel with a night, and a draft with an example."""
    version = judge.versions.get()
    pairing.choose(access, judge, Reading(CANARY))
    panel = Panel.objects.create(
        project=access.project, evaluator=judge, number=1, question=CANARY, size=1
    )
    item = panel.items.create(trace_id=TRACE.hex(), user_id=CANARY, people=True, content=b"")
    run = panel.runs.create(version=version, day="2026-01-01", state="done", problem=CANARY)
    run.answers.create(item=item, yes=True, reasons=CANARY)
    example = {"blocks": {"output": CANARY}, "verdict": True}
    draft = Improvement.objects.create(
        project=access.project, evaluator=judge, base=version, examples=[example], state="failed"
    )
    of_judge = {f"{name}:pk": str(judge.pk) for name in OF_TRUTH}
    of_draft = {f"{name}:pk": str(draft.pk) for name in OF_IMPROVEMENT}
    return of_judge | of_draft | {"improvement": str(draft.pk)}


OF_CACHE = ("api_replay_cache", "cost_cache_one", "cost_cache_change")
OF_TRIAL = (
    *("api_replay_trial", "api_replay_trial_stop", "api_replay_trial_calls"),
    *("cost_cheaper_one", "cost_cheaper_change"),
)


def replays_of(access: Access, judge: Evaluator, connected: Connection) -> dict[str, str]:
    """A replay through caches, and a trial with an answer."""
    span = {"project": access.project, "start_ns": 0, "end_ns": 2**60, "q": f"tag:{CANARY}"}
    cache = CacheReplay.objects.create(**span, state="failed", problem=CANARY)
    trial = Trial.objects.create(
        **span, connection=connected, model=CANARY, most=20, margin=0.1, budget=1, state="failed"
    )
    trial.calls.create(
        trace_id=TRACE.hex(), span_id=span_to_column(SPAN), start_ns=1, slice=CANARY,
        answer=CANARY, state="done",
    )  # fmt: skip
    of_cache = {f"{name}:pk": str(cache.pk) for name in OF_CACHE}
    return of_cache | {f"{name}:pk": str(trial.pk) for name in OF_TRIAL}


OF_PROBES = (
    *("api_probe_set", "api_probe_runs", "api_probe_run", "api_probe_run_accept"),
    *("probe_set", "probe_change", "probe_alert"),
)


def probes_of(access: Access, connected: Connection) -> dict[str, str]:
    """A set of probes with a run and an answer."""
    row = ProbeSet.objects.create(
        project=access.project, name=CANARY, connection=connected, model=CANARY, budget=1
    )
    probe = row.probes.create(position=1, messages=[{"role": "user", "content": CANARY}])
    run = row.runs.create(slot=datetime(2026, 1, 1, tzinfo=UTC), state="done", problem=CANARY)
    run.answers.create(probe=probe, text=CANARY)
    return {f"{name}:pk": str(row.pk) for name in OF_PROBES} | {"run": str(run.pk)}


OF_TOPIC = ("api_topic", "api_topic_examples", "topic", "topic_rename")
OF_TOPICS = 4_711
"""The number of the topic: no other project has one like it."""


def topic_of(access: Access) -> dict[str, str]:
    """A topic that the span is about, and the run that found it."""
    run = access.project.run_set.create(
        state="done", start_ns=0, end_ns=1, topics=1, finished_at=datetime.now(UTC)
    )
    Topic.objects.create(
        project=access.project, number=OF_TOPICS, name=CANARY, label=CANARY, terms=[[CANARY, 1.0]],
        centroid=b"", x=0, y=0, size=1, share=1, found_in=run, seen_in=run,
    )  # fmt: skip
    Member.objects.create(
        project=access.project, trace_id=TRACE.hex(), span_id=span_to_column(SPAN), start_ns=1,
        number=OF_TOPICS, likeness=1,
    )  # fmt: skip
    return {f"{name}:number": str(OF_TOPICS) for name in OF_TOPIC}


OF_DATASET_ITEM = ("dataset_item", "dataset_item_edit", "dataset_item_drop")


def dataset_of(access: Access) -> dict[str, str]:
    """A dataset with a tag, an item and an upload that is not added yet."""
    said = datasets.Settings(CANARY, CANARY)
    dataset = datasets.create(access, "canary-cases", said)
    draft = Draft(CANARY, CANARY, [CANARY], {CANARY: CANARY}, user_id=BAIT)
    adding.add(access, dataset, [draft], note=CANARY)
    tagging.put(access, dataset, "golden", 1)
    upload = importing.upload(access, dataset, "cases.csv", f"input\n{CANARY}".encode())
    of_item = dict.fromkeys((f"{name}:pk" for name in OF_DATASET_ITEM), "1")
    return of_item | {
        "dataset": dataset.slug,
        "number": "1",
        "api_dataset_tag:name": "golden",
        "dataset_import:pk": str(upload.pk),
    }


OF_CHANNEL = (
    "settings_channel",
    "settings_channel_test",
    "settings_channel_delete",
    "settings_delivery_retry",
    "api_channel",
    "api_channel_test",
    "api_channel_deliveries",
    "api_channel_delivery_retry",
)


def channel_of(project: Project) -> dict[str, str]:
    """A channel that nobody listens at, with a delivery that was given up."""
    config = {"recipients": [f"{CANARY}@example.org"]}
    channel = Channel.objects.create(project=project, name=CANARY, kind="email", config=config)
    event = Event(
        kind=EventKind.FIRING, project=project.slug, project_name=CANARY, title=CANARY,
        text=CANARY, at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    delivery = Delivery.objects.create(
        channel=channel, dedupe_key="canary", event=event.to_json(), state="failed",
        give_up_at=event.at, error=CANARY,
    )  # fmt: skip
    return {f"{name}:pk": str(channel.pk) for name in OF_CHANNEL} | {"delivery": str(delivery.pk)}


def evaluation(access: Access) -> tuple[Evaluator, Backfill, Connection]:
    """An evaluator with a back-fill and a failed job, and a connection that nobody answers at."""
    connected = Connection.objects.create(
        project=access.project, name=CANARY, base_url="http://127.0.0.1:1/v1", model=CANARY
    )
    config = {
        "instructions": f"{CANARY} {{{{output}}}}",
        "scale": {"type": "boolean"},
        "models": [{"connection": connected.pk}],
    }
    draft = evaluators.Draft("judge", config)
    version = evaluators.create(access, "canary", draft, description=CANARY)
    backfill = Backfill.objects.create(
        project=access.project, version=version, start_ns=0, end_ns=2**62, total=1
    )
    Job.objects.create(
        project=access.project, version=version, trace_id=TRACE.hex(),
        span_id=span_to_column(SPAN), state="failed", error=CANARY, queue="judge",
    )  # fmt: skip
    return version.evaluator, backfill, connected


def state_of(project: Project) -> dict[str, str]:
    """A digest of every row of the project, by table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.table_name FROM information_schema.columns c JOIN pg_class t"
            " ON t.oid = to_regclass(c.table_name) WHERE c.column_name = 'project_id'"
            " AND c.table_schema = 'public' AND NOT t.relispartition"
        )
        tables = [row[0] for row in cursor.fetchall()]
        digests = {}
        for table in tables:
            cursor.execute(
                f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
                " WHERE project_id = %s",
                [project.pk],
            )
            digests[table] = cursor.fetchone()[0]
    assert digests["traces_span"] and digests["accounts_apikey"]
    return digests


@pytest.fixture
def untouched(values: dict[str, str], project: Project) -> Iterator[None]:
    before = state_of(project)
    yield
    assert state_of(project) == before


@pytest.fixture
def strange_key(other_project: Project) -> str:
    return create_key(project=other_project, name="all", scopes=list(SCOPE_PERMISSIONS))[1]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_every_route_has_a_place() -> None:
    assert [route for route in ALL if route.kind == "unknown"] == []
    assert PUBLIC.keys() | PERSONAL <= {route.name for route in ALL}
    assert len(PAGES) > 30 and len(API) > 8
    assert Probes.ROUTES.keys() == {"/healthz", "/readyz"}


def test_every_page_asks_for_a_permission_in_its_project() -> None:
    assert [route.name for route in PAGES if not getattr(route.view, "permissions", None)] == []


# What must be refused changes nothing: such routes are walked in one project, each a subtest.


def test_a_stranger_finds_no_page(
    values: dict[str, str],
    untouched: None,
    stranger: User,
    client: Client,
    subtests: pytest.Subtests,
) -> None:
    client.force_login(stranger)
    for route in PAGES:
        with subtests.test(by_name(route)):
            address = route.address(values)
            for method in METHODS:
                response = getattr(client, method)(address, headers={"HX-Request": "true"})
                assert response.status_code in (404, 405), f"{method} {address}"
                assert CANARY not in body(response)
            assert {client.get(address).status_code, client.post(address).status_code} & {404}


@pytest.mark.parametrize("route", PAGES, ids=by_name)
def test_objects_are_not_found_through_a_project_of_ones_own(
    route: Route, values: dict[str, str], untouched: None, stranger: User, client: Client
) -> None:
    client.force_login(stranger)
    address = route.address(values | {"project": "rival"})
    query = {
        "id": BAIT,
        "of": SPAN.hex(),
        "q": f'name:*{BAIT}* OR "{BAIT}"',
        "span": SPAN.hex(),
        "range": "90d",
    }
    for method in ("get", "post"):
        response = getattr(client, method)(address, query)
        assert response.status_code < 500
        if re.search(r"<\w+:(pk|trace_id)>", route.pattern):
            assert response.status_code in (404, 405), f"{method} {address}"
        else:
            assert CANARY not in body(response), f"{method} {address}"


def test_nobody_in_particular_is_asked_to_sign_in(
    values: dict[str, str], untouched: None, client: Client, subtests: pytest.Subtests
) -> None:
    for route in PAGES:
        for method in METHODS:
            with subtests.test(by_name(route), method=method):
                response = getattr(client, method)(route.address(values))
                assert response.status_code in (302, 405)
                if response.status_code == 302:
                    assert response.headers["Location"].startswith("/accounts/login/?next=")


CLOSED_TO = {
    role: closed
    for role, granted in ROLE_PERMISSIONS.items()
    if (closed := [
        route for route in PAGES
        if not getattr(route.view, "permissions", frozenset()) & granted
    ])
}  # fmt: skip


@pytest.mark.parametrize("role", CLOSED_TO)
def test_a_role_opens_what_it_may_and_no_more(
    role: str, values: dict[str, str], project: Project, client: Client, subtests: pytest.Subtests
) -> None:
    client.force_login(someone := User.objects.create_user("someone@example.org"))
    Membership.objects.create(user=someone, project=project, role=role)
    before = state_of(project)
    for route in CLOSED_TO[role]:
        with subtests.test(by_name(route)):
            address = route.address(values)
            statuses = {getattr(client, method)(address).status_code for method in METHODS}
            assert 403 in statuses and statuses <= {403, 405}
    assert state_of(project) == before


def test_the_api_answers_nobody_without_a_key(
    values: dict[str, str], untouched: None, owner: User, client: Client, subtests: pytest.Subtests
) -> None:
    client.force_login(owner)  # a session is not a key
    for route in API:
        for method in METHODS:
            with subtests.test(by_name(route), method=method):
                response = getattr(client, method)(route.address(values))
                assert response.status_code == 401
                assert CANARY not in body(response)


@pytest.mark.parametrize("route", API, ids=by_name)
def test_another_projects_key_finds_nothing(
    route: Route, values: dict[str, str], untouched: None, strange_key: str, client: Client
) -> None:
    address = route.address(values)
    for method in METHODS:
        response = getattr(client, method)(
            address, content_type="application/json", headers=bearer(strange_key)
        )
        # 202: a run that began, in the key's own project.
        expected = (404, 405) if "<" in route.pattern else (200, 202, 400, 405, 422)
        assert response.status_code in expected, f"{method} {address}: {body(response)}"
        assert CANARY not in body(response)
    taken = described(getattr(route.view.view_class, "get", None))
    for form in ("jsonl", "csv") if "format" in taken else ():
        whole = {"payload": "true"} if "payload" in taken else {}
        exported = client.get(address, {"format": form, **whole}, headers=bearer(strange_key))
        assert exported.status_code == (404 if "<" in route.pattern else 200)
        assert CANARY not in body(exported)


def beyond(scope: str) -> Iterator[tuple[Route, str]]:
    """The routes and methods that a key of this scope must not use."""
    for route in API:
        view: Any = route.view.view_class
        by_method: dict[str, Permission] = getattr(view, "permissions", {})
        for method in METHODS:
            needed = by_method.get(method.upper()) or getattr(view, "permission", Permission.READ)
            if not hasattr(view, method) or needed in SCOPE_PERMISSIONS[scope]:
                continue
            if route.name == "api_scores" and method == "post" and scope in ("ingest", "feedback"):
                continue  # whoever sends traces may send their scores, and pages what users think
            yield route, method


@pytest.mark.parametrize("scope", list(SCOPE_PERMISSIONS))
def test_a_key_without_the_scope_is_refused(
    scope: str, values: dict[str, str], project: Project, client: Client, subtests: pytest.Subtests
) -> None:
    _, secret = create_key(project=project, name="narrow", scopes=[scope])
    before = state_of(project) | {"accounts_apikey": ""}  # a key says when it was used last
    for route, method in beyond(scope):
        with subtests.test(by_name(route), method=method):
            response = getattr(client, method)(route.address(values), headers=bearer(secret))
            assert response.status_code == 403
            assert CANARY not in body(response)
    assert state_of(project) | {"accounts_apikey": ""} == before


@pytest.mark.parametrize("path", [*ROUTES, *POST_ROUTES])
def test_telemetry_comes_in_by_key_only(
    path: str, values: dict[str, str], untouched: None, owner: User, client: Client
) -> None:
    client.force_login(owner)
    for kind in ("application/json", "application/x-protobuf"):
        assert client.post(path, b"{}", content_type=kind).status_code == 401
        wrong = client.post(path, b"{}", content_type=kind, headers=bearer("sg_" + "x" * 40))
        assert wrong.status_code == 401


def test_the_same_ids_in_two_projects_are_two_traces(
    values: dict[str, str],
    untouched: None,
    other_project: Project,
    stranger: User,
    strange_key: str,
    client: Client,
) -> None:
    # Clients choose their ids: knowing another project's must not lead to its spans.
    theirs = Access(other_project, ROLE_PERMISSIONS[Role.OWNER], user=stranger)
    store_spans(theirs, sending.decoded(sending.llm(TRACE, span_id=SPAN, name="mine")))
    values = values | {"project": "rival"}
    client.force_login(stranger)
    for route in [*PAGES, *API]:
        if "trace_id" not in route.pattern or "pk" in route.pattern:
            continue
        keyed = bearer(strange_key) if route in API else {}
        response = client.get(
            route.address(values), {"of": SPAN.hex()} if route in PAGES else {}, headers=keyed
        )
        # What has no vector yet has nothing that is like it.
        wanted = 409 if route.name == "api_similar" else 200
        assert response.status_code == wanted, route.name
        assert CANARY not in body(response), route.name


@pytest.mark.parametrize("route", [r for r in ALL if r.kind == "personal"], ids=by_name)
def test_personal_pages_show_only_ones_own(
    route: Route, values: dict[str, str], untouched: None, stranger: User, client: Client
) -> None:
    address = route.address(values | {"slug": values["project"]})
    for method in ("get", "post"):
        assert getattr(client, method)(address).status_code in (302, 405)
    client.force_login(stranger)
    for method in ("get", "post"):
        response = getattr(client, method)(address)
        assert response.status_code in (200, 302, 403, 405)
        assert CANARY not in body(response)


@pytest.mark.parametrize("route", [r for r in ALL if r.kind == "public"], ids=by_name)
def test_public_routes_tell_nothing(
    route: Route, values: dict[str, str], untouched: None, client: Client
) -> None:
    response = client.get(route.address(values | {"token": "guessed"}))
    assert response.status_code in (200, 403, 404, 405, 503)
    if route.name != "metrics":  # whose reader is the operator of all projects
        assert CANARY not in body(response)


@pytest.mark.parametrize(
    "route", [r for r in ALL if r.kind == "account" and "(?P" not in r.pattern], ids=by_name
)
def test_account_pages_have_no_project_in_them(
    route: Route, values: dict[str, str], untouched: None, stranger: User, client: Client
) -> None:
    address = "/" + route.pattern.replace("<path:path>", "x").replace("^", "").replace("$", "")
    if "(" in address:
        address = "/accounts/email/"  # the alternatives that are closed
    client.force_login(stranger)
    for method in ("get", "post"):
        response = getattr(client, method)(address, follow=True)
        assert response.status_code < 500
        assert CANARY not in body(response)


def test_the_project_itself_sees_what_others_must_not(
    values: dict[str, str], owner: User, api_key: str, client: Client
) -> None:
    """Without this, a walk through empty pages would prove nothing."""
    client.force_login(owner)
    telling = {
        route.name
        for route in [*PAGES, *API]
        if CANARY
        in body(
            client.get(
                route.address(values),
                {"id": BAIT, "of": SPAN.hex()} if route in PAGES else {},
                headers=bearer(api_key) if route in API else {},
            )
        )
    }
    assert telling >= {
        "boards",
        "board",
        "board_tv",
        "board_edit",
        "board_chart",
        "quality",
        "api_dashboards",
        "api_dashboard",
        "traces",
        "trace",
        "trace_conversation",
        "trace_span_json",
        "trace_scoring",
        "explorer_export",
        "session",
        "ledger",
        "ledger_payload",
        "settings_general",
        "settings_members",
        "settings_keys",
        "settings_connections",
        "settings_connection",
        "settings_prices",
        "settings_redaction",
        "settings_audit",
        "settings_erasures",
        "api_erasures",
        "api_erasure",
        "api_traces",
        "api_trace",
        "api_spans",
        "api_span",
        "api_prices",
        "api_evaluators",
        "api_evaluator",
        "api_evaluator_versions",
        "api_connections",
        "api_connection",
        "settings_channels",
        "settings_channel",
        "api_channels",
        "api_channel",
        "api_channel_deliveries",
        "queues",
        "queue_items",
        "queue_rules",
        "queue_settings",
        "queue_agreement",
        "queue_labels",
        "queue_disputes",
        "api_review_queues",
        "api_review_queue",
        "api_review_rules",
        "api_review_items",
        "api_review_item",
        "api_review_comments",
        "api_review_labels",
        "drift",
        "drift_monitor",
        "drift_window",
        "drift_edit",
        "api_drift_monitors",
        "api_drift_monitor",
        "api_drift_windows",
        "api_drift_window",
        "topics",
        "topic",
        "api_topics",
        "api_topic",
        "truth_evaluator",
        "truth_panel",
        "truth_improvement",
        "api_truth",
        "api_truth_evaluator",
        "api_truth_pairing",
        "api_truth_panel",
        "api_truth_panel_runs",
        "api_truth_improvement",
        "datasets",
        "dataset",
        "dataset_settings",
        "dataset_export",
        "dataset_versions",
        "dataset_diff",
        "dataset_import",
        "dataset_item",
        "dataset_item_edit",
        "api_datasets",
        "api_dataset",
        "api_dataset_versions",
        "api_dataset_items",
        "api_dataset_item",
        "api_dataset_export",
    }
