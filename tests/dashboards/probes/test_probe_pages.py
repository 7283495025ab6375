"""The pages of probes: frozen from calls that are ticked, who is told, how much is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.alerts.models import Alert, Rule
from dashboards.alerts.services import evaluating
from dashboards.channels.models import Channel
from dashboards.probes import picking
from evals.models import Connection
from evals.probes.models import Probe, ProbeAnswer, ProbeRun, ProbeSet
from evals.probes.services import runs, sets
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role, User
from tests.conftest import member
from tests.evals.judging import connect
from tests.evals.replays import traffic
from tests.evals.replays.traffic import DAYS

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/evaluators/probes"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def linked(access: Access) -> Connection:
    return connect(access, "http://127.0.0.1:1/v1")


def text(page: Client, path: str = "", **query: Any) -> str:
    answer = page.get(f"{PAGE}{path}", query)
    assert answer.status_code == 200
    return answer.content.decode()


def post(page: Client, path: str, **given: Any) -> str:
    answer = page.post(f"{PAGE}{path}", given, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def queries(page: Client, path: str = "") -> int:
    text(page, path)
    with CaptureQueriesContext(database) as caught:
        text(page, path)
    return len(caught)


def nights(access: Access, linked: Connection, name: str, number: int, many: int = 6) -> ProbeSet:
    """The last of which says something else."""
    drafts = sets.typed("\n".join(f"What is {n} times {n}?" for n in range(many)))
    row = sets.create(access, sets.Wanted(name, linked, drafts))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for ago in range(number - 1, -1, -1):
        run = ProbeRun.objects.create(set=row, slot=today - timedelta(days=ago))
        for probe in row.probes.all():
            said = f"It is {probe.position}." if ago else "Let me think about that for a while."
            ProbeAnswer.objects.create(run=run, probe=probe, text=said)
        runs.finish(run)
    return row


def test_pages_ask_no_more_of_more(page: Client, access: Access, linked: Connection) -> None:
    first = nights(access, linked, "a", 4)
    whole, one = queries(page), queries(page, f"/{first.pk}")
    last = nights(access, linked, "b", 9, many=20)
    nights(access, linked, "c", 1)
    assert queries(page) == whole <= 12
    assert queries(page, f"/{last.pk}") == one <= 20


def asked(access: Access, number: int = 8, prompt: str = "support") -> None:
    said = [(f"Where is <order> {n} of {prompt}?", DAYS) for n in range(number)]
    traffic.send(access, *said, said[-1], prompt=prompt)


def test_prompts_of_calls_are_ticked(page: Client, access: Access, linked: Connection) -> None:
    asked(access)
    asked(access, 3, "other")
    assert 'name="call"' not in text(page)
    told = text(page, q="prompt:support", days="7")
    assert told.count('name="call"') == 8 and "Where is &lt;order&gt; 7 of support?" in told
    assert "of other?" not in told
    found = picking.prompts(access, picking.Range("prompt:support", 7, traffic.bounds()[1]))
    assert found[0].text == "Where is <order> 7 of support?", "the newest first"
    body = {"name": "orders", "connection": linked.pk, "every": "night", "budget": "1",
            "q": "prompt:support", "days": "7", "end": traffic.bounds()[1]}  # fmt: skip
    assert "It takes 5 to 100 prompts; there are 2." in post(
        page, "/new", **body, call=[one.key for one in found[:2]]
    )
    told = post(page, "/new", **body, call=[*(one.key for one in found[:6]), "0:0", "x"])
    assert "6 prompts are frozen." in told
    probes = Probe.objects.order_by("position")
    assert probes[0].messages == [{"role": "user", "content": found[0].text}]
    assert set(probes.values_list("user_id", flat=True)) == {"acct_1"} and len(probes) == 6


def test_calls_of_others_and_wrong_filters(
    page: Client, access: Access, other_project: Project, linked: Connection
) -> None:
    asked(Access(other_project, access.permissions, user=access.user))
    assert "No call of these has a prompt" in text(page, q="", days="30")
    assert 'role="alert"' in text(page, q="nosuch:", days="7")
    assert text(page, q="", days="99", end="9" * 30)
    viewer = member(access.project, "v@example.org", Role.VIEWER)
    page.force_login(viewer)
    assert "Show their prompts" not in text(page, q="", days="7")
    row = nights(access, linked, "sums", 1)
    assert page.post(f"{PAGE}/{row.pk}/alert").status_code == 403
    assert "Nobody: there is no alert rule on it." in text(page, f"/{row.pk}")


def test_one_press_and_channels_are_told(page: Client, access: Access, linked: Connection) -> None:
    ops = Channel.objects.create(project=access.project, name="ops", kind="webhook")
    off = Channel.objects.create(project=access.project, name="off", kind="webhook", enabled=False)
    row = nights(access, linked, "sums_of-x", 4)
    path = f"/{row.pk}"
    told = text(page, path)
    assert "Alert on this" in told and f'value="{off.pk}"' not in told
    told = post(page, f"{path}/alert", channel=[ops.pk, off.pk, "x"])
    assert "The rule “sums_of-x: the model has changed” watches these probes." in told
    rule = Rule.objects.get()
    assert (rule.metric, rule.slug) == ("score:probe.sums_of-x.changed", "sums-of-x-model-changed")
    assert [one.name for one in rule.channels.all()] == ["ops"]
    assert "Alert on this" not in text(page, path) and rule.name in text(page, path)
    evaluating.run(10.0, datetime.now(UTC) + timedelta(minutes=30))
    assert Alert.objects.get(rule=rule).state == "firing"
    assert "watches these probes" not in post(page, f"{path}/alert"), "there is one already"
    assert page.post(f"{PAGE}/999999/alert").status_code == 404
