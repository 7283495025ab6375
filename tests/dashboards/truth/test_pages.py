"""Pages of agreement: what they say, where they lead, what they change, and hostile texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.alerts.models import Alert, Rule
from dashboards.alerts.services import evaluating, rules
from dashboards.channels.models import Channel, Delivery
from dashboards.truth import drawing, words
from dashboards.truth.panel import rule_of
from evals.models import EvaluatorVersion
from evals.stats.estimates import Estimate, absent
from evals.truth.models import Improvement, Pairing, Panel, PanelAnswer, PanelRun
from evals.truth.selectors import comparisons
from evals.truth.services import improving, nights, panels
from sightglass.accounts.access import Access
from sightglass.accounts.models import Role, User
from tests.conftest import member
from tests.evals.judging import connect, detector, judge
from tests.evals.truth import labelled
from tests.evals.truth.labelled import label, score, send, table
from tests.evals.truth.test_calibrating import shy
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:1/v1"
PAGE = "/p/shop/agreement"
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
def helpful(access: Access) -> EvaluatorVersion:
    return judge(access, connect(access, NOWHERE))


@pytest.fixture
def page(client: Client, owner: User) -> Any:
    client.force_login(owner)

    def get(path: str = "", status: int = 200, **query: Any) -> str:
        response = client.get(f"{PAGE}{path}", query)
        assert response.status_code == status
        return response.content.decode()

    return get


@pytest.fixture
def post(client: Client, owner: User) -> Any:
    client.force_login(owner)

    def send_form(path: str, status: int = 200, **fields: Any) -> str:
        response = client.post(f"{PAGE}{path}", fields, follow=True)
        assert response.status_code == status
        return response.content.decode()

    return send_form


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_list(page: Any, access: Access, helpful: EvaluatorVersion) -> None:
    table(access, helpful, both=45, judge=2, people=2, neither=45)
    poor = judge(access, connect(access, NOWHERE, name="b"), name="polite")
    found = labelled.queue(access, "p", {"key": "polite", "text": "?", "kind": "boolean"})
    for n, trace_id in enumerate(send(access, 80)):
        score(poor, trace_id, n % 2 == 0)
        label(access, trace_id, {"polite": n % 4 < 2}, found=found)
    detector(access, "toxicity")
    html = page()
    told = plain(html)
    assert "polite (κ 0.00) agrees poorly with people: do not alert on what it says" in told
    assert "helpful (κ 0.91) agrees well." in told
    assert 'class="ci is-good"' in html and 'class="ci is-bad"' in html
    assert f'href="{PAGE}/{helpful.evaluator_id}"' in html
    assert "Not beside people yet" in told and ">toxicity</a>" in html


def test_without_labels_it_teaches(page: Any, access: Access) -> None:
    assert "There is no evaluator yet" in plain(page())
    judge(access, connect(access, NOWHERE))
    told = plain(page())
    assert (
        "A question whose key is the evaluator’s name stands beside it by itself, such as helpful"
        in told
    )
    assert "Let chance choose" in told


def test_queries_of_the_list_do_not_grow(
    page: Any, access: Access, helpful: EvaluatorVersion
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            page()
        return len(asked)

    table(access, helpful, both=3, judge=1, people=1, neither=3)
    before = count()
    for number in range(3):
        other = judge(access, connect(access, NOWHERE, name=str(number)), name=f"other{number}")
        found = labelled.queue(
            access, f"q{number}", {"key": f"other{number}", "text": "?", "kind": "boolean"}
        )
        for trace_id in send(access, 3):
            score(other, trace_id, True)
            label(access, trace_id, {f"other{number}": True}, found=found)
    assert count() == before


def test_one_evaluator(page: Any, access: Access, helpful: EvaluatorVersion) -> None:
    table(access, helpful, both=20, judge=5, people=10, neither=15)
    html = page(f"/{helpful.evaluator_id}")
    told = plain(html)
    assert "How well it agrees is not certain yet: κ 0.40" in told
    assert "66.7%" in told and "75.0%" in told
    cells = re.findall(r'href="[^"]*\?kind=([a-z-]+)"[^>]*><b>(\d+)</b>', html)
    assert cells == [("both-no", "15"), ("judge-yes", "5"), ("judge-no", "10"), ("both-yes", "20")]
    assert "50 cases picked by people, which need not be like the rest." in told
    assert 'Cases that differ <span class="count">15</span>' in html
    page("/999999", 404)


def test_what_the_figures_leave_out_is_said(
    page: Any, access: Access, helpful: EvaluatorVersion
) -> None:
    table(access, helpful, both=4, judge=1, people=1, neither=2)
    path = f"/{helpful.evaluator_id}"
    told = plain(page(path))
    assert "Two people – No case has the answers of two people. " in told
    assert "give the same" not in told and "alpha" not in told
    found = table(access, helpful, both=3, judge=3, people=0, neither=0, origin="evaluator")
    for n, trace_id in enumerate(found):
        label(access, trace_id, {"helpful": n < 3}, people=["bob"])
    told = plain(page(path))
    assert "No case that is counted has the answers of two people; 6 cases left out" in told
    assert "8 cases picked by people" in told
    assert "6 more are not counted: they came into a queue because of what an evaluator" in told
    assert "The lists of cases hold all 14" in told
    drawn: dict[str, Any] = {"probability": 0.5, "origin": "rule"}
    found = table(access, helpful, both=15, judge=5, people=0, neither=10, **drawn)
    for n, trace_id in enumerate(found):
        label(access, trace_id, {"helpful": n < 15}, people=["bob"])
    told = plain(page(path))
    assert "8 more that people picked are not counted: enough were drawn by chance." in told
    assert "give the same answer; Krippendorff’s alpha 1.00" in told


def test_a_pairing_is_chosen(
    page: Any, post: Any, access: Access, helpful: EvaluatorVersion
) -> None:
    found = labelled.queue(
        access, "u", {"key": "useful", "text": "?", "kind": "scale", "low": 1, "high": 5}
    )
    for n, trace_id in enumerate(send(access, 6)):
        score(helpful, trace_id, n % 2 == 0)
        label(access, trace_id, {"useful": 5 if n % 2 == 0 else 1}, found=found)
    path = f"/{helpful.evaluator_id}"
    assert "If they answer another question, choose it below" in plain(page(path))
    assert '<option value="useful">' in page(path)
    html = post(f"{path}/pairing", question="useful", least="4", words="")
    assert "helpful is held against useful." in plain(html) and "Kappa 1.00" in plain(html)
    wrong = post(f"{path}/pairing", question="", least="x")
    assert wrong.count('class="field-err"') == 2
    assert Pairing.objects.get().question == "useful"


def test_cases_lead_to_their_span(page: Any, access: Access, helpful: EvaluatorVersion) -> None:
    [trace_id, *_] = table(access, helpful, both=0, judge=30, people=1, neither=0)
    path = f"/{helpful.evaluator_id}/cases"
    html = page(path)
    assert html.count('class="full any"') == 25
    cursor = re.search(r'href="\?kind=differ&amp;cursor=([\w-]+)"', html)
    assert cursor is not None
    older = page(path, kind="differ", cursor=cursor[1])
    assert older.count('class="full any"') == 6
    assert f'href="/p/shop/traces/{trace_id.hex}?span=0102030405060708"' in older
    assert "Judge no, people yes" in page(path, kind="judge-no")
    assert page(path, kind="<x>").count('class="full any"') == 25
    page(path, 404, cursor="x")


def test_texts_of_users_are_only_texts(page: Any, access: Access) -> None:
    scale = {"type": "categorical", "labels": {EVIL[:90]: "x", "fine": "y"}}
    tone = judge(access, connect(access, NOWHERE), name="tone", config={"scale": scale})
    question = {"key": "tone", "text": EVIL, "kind": "choice", "options": [EVIL[:90], "fine"]}
    found = labelled.queue(access, "t", question)
    resource = {"service__version": EVIL}
    for n, trace_id in enumerate(send(access, 12, answer=EVIL, resource=resource)):
        score(tone, trace_id, EVIL[:90] if n % 2 else "fine")
        label(access, trace_id, {"tone": "fine" if n % 3 else EVIL[:90]}, found=found)
    for trace_id in send(access, 6):
        score(tone, trace_id, "fine")
        label(access, trace_id, {"tone": "fine"}, found=found)
    one = f"/{tone.evaluator_id}"
    for path in ("", one, f"{one}/cases?kind=all", f"{one}/panel", f"{one}/calibration"):
        html = page(path.split("?")[0], **({"kind": "all"} if "?" in path else {}))
        assert "<script>alert" not in html and "<img src=x" not in html
    assert "&lt;script&gt;alert(1)" in page(one)


def night(panel: Panel, days: int, says: Any) -> PanelRun:
    day = datetime.now(UTC).date() - timedelta(days=days)
    version = panel.evaluator.versions.order_by("-number")[0]
    run = PanelRun.objects.create(panel=panel, version=version, day=day)
    for item in panel.items.order_by("pk"):
        PanelAnswer.objects.create(run=run, item=item, yes=says(item), reasons=EVIL)
    nights.finish(run)
    run.refresh_from_db()
    return run


def test_a_panel_from_freezing_to_a_change(
    page: Any, post: Any, access: Access, helpful: EvaluatorVersion
) -> None:
    path = f"/{helpful.evaluator_id}/panel"
    assert "there are 0" in plain(page(path))
    table(access, helpful, both=15, judge=0, people=0, neither=15)
    assert "Of 30 labelled cases" in plain(page(path))
    html = post(f"{path}/change", do="freeze", size="30")
    assert "30 cases are frozen as panel 1." in plain(html)
    assert "The first night is still to come." in plain(html)
    assert "Today’s run begins within a minute." in plain(post(f"{path}/change", do="run"))
    PanelRun.objects.all().delete()
    panel = Panel.objects.get()
    night(panel, 2, lambda item: item.people)
    night(panel, 1, lambda item: item.people)
    assert "As before" in plain(page(path))
    run = night(panel, 0, lambda item: False)
    html = page(path)
    assert run.changed and "The judge has changed." in plain(html)
    assert "it says no more often: 0 cases one way, 15 the other" in plain(html)
    assert html.count("trace ") >= 15 and "<script>alert" not in html
    assert "The judge of helpful has changed." in plain(page())
    html = post(f"{path}/change", do="accept", day=run.day.isoformat())
    assert "Later nights are compared with that of" in plain(html)
    for wrong in (
        {"do": "accept", "day": "x"},
        {"do": "odd"},
        {"do": "accept", "day": "2020-01-01"},
    ):
        post(f"{path}/change", 404, **wrong)
    assert "The panel is retired." in plain(post(f"{path}/change", do="retire"))
    assert "No panel yet" in plain(page(path))


def test_a_panel_that_cannot_be(page: Any, post: Any, access: Access) -> None:
    pair = judge(
        access, connect(access, NOWHERE), name="pair", kind="pairwise",
        config={"instructions": "Which of {{input}}?", "scale": None, "against": "reference"},
    )  # fmt: skip
    path = f"/{pair.evaluator_id}/panel"
    assert "can have a panel; this is a Pairwise LLM judge" in plain(page(path))
    html = post(f"{path}/change", do="freeze", size="99999999999")
    assert "cannot be asked again each night" in plain(html)


def test_a_change_is_told_to_the_channels_of_a_rule(
    post: Any, page: Any, access: Access, helpful: EvaluatorVersion
) -> None:
    """From the button on the page to the message that waits to be sent."""
    table(access, helpful, both=15, judge=0, people=0, neither=15)
    panel = panels.freeze(access, helpful.evaluator, 30)
    channel = Channel.objects.create(
        project=access.project, name="ops", kind="email", config={"recipients": ["a@example.org"]}
    )
    path = f"/{helpful.evaluator_id}/panel"
    html = post(f"{path}/alert", channel=[str(channel.pk), "999", "x"])
    assert "watches the panel" in plain(html)
    rule = Rule.objects.get()
    assert rule.metric == "score:helpful.changed" and list(rule.channels.all()) == [channel]
    assert "There is a rule of this name." in plain(post(f"{path}/alert"))
    assert rule.name in page(path) and "Make the alert rule" not in page(path)
    night(panel, 1, lambda item: item.people)
    later = datetime.now(UTC) + timedelta(minutes=30)
    evaluating.run(10.0, later)
    assert not Delivery.objects.exists() and not Alert.objects.filter(state="firing").exists()
    night(panel, 0, lambda item: False)
    evaluating.run(10.0, later + timedelta(minutes=15))
    assert Alert.objects.get(rule=rule).state == "firing"
    delivery = Delivery.objects.get(channel=channel)
    assert delivery.event["title"] == "helpful: the judge has changed is firing"
    assert "See the panel of the evaluator" in delivery.event["text"]


def test_the_rule_is_a_good_document(access: Access, helpful: EvaluatorVersion) -> None:
    odd = judge(access, connect(access, NOWHERE, name="c"), name="a_b.c-" + "d" * 50)
    for evaluator in (helpful.evaluator, odd.evaluator):
        rule = rules.create(access, rule_of(evaluator, []))
        assert rule.metric == f"score:{evaluator.name}.changed"


def test_calibration_from_curve_to_version_and_back(page: Any, post: Any, access: Access) -> None:
    toxic = detector(access, "toxicity", threshold=0.2)
    path = f"/{toxic.evaluator_id}/calibration"
    assert "It gives no numbers" in plain(page(path))
    shy(access, toxic)
    html = page(path)
    assert "<polyline" in html and "nearer to people for certain" in plain(html)
    assert html.count('class="tr-dot"') >= 3
    told = plain(post(f"{path}/change", do="apply"))
    assert "Version 2 is at work, with the curve." in told and "stores its numbers after" in told
    assert "Figures are of version 1" in told
    assert "no labelled cases yet" in plain(post(f"{path}/change", do="apply"))
    assert "Version 3 is at work, without the curve." in plain(post(f"{path}/change", do="remove"))


def test_a_draft_from_proposal_to_version(
    page: Any, post: Any, access: Access, helpful: EvaluatorVersion
) -> None:
    path = f"/{helpful.evaluator_id}/improve"
    assert "It takes 20 labelled cases" in plain(page(path)) or "no labelled cases" in page(path)
    assert "needs 20 labelled cases" in plain(post(f"{path}/propose"))
    more = {"span": {"answer": EVIL}}
    table(access, helpful, both=30, judge=40, people=0, neither=30, **more)
    assert "it got 40 wrong" in plain(page(path))
    html = post(f"{path}/propose")
    assert "It is being tried on the cases held out." in plain(html)
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html
    draft = Improvement.objects.get()
    for case in draft.cases.filter(part="held-out"):
        case.yes, case.attempts = case.people, 1
        case.save()
    improving.step(draft, datetime.now(UTC))
    one = f"{path}/{draft.pk}"
    told = plain(page(one))
    assert "Better for certain: +" in told and "Adopt as the next version" in told
    told = plain(post(f"{one}/change", do="adopt"))
    assert "Version 2 is at work." in told and "It is version 2 since." in told
    other = judge(access, connect(access, NOWHERE, name="d"), name="other")
    page(f"/{other.evaluator_id}/improve/{draft.pk}", 404)
    assert "needs 20 labelled" in plain(post(f"{path}/propose"))


def test_a_draft_is_put_aside(post: Any, access: Access, helpful: EvaluatorVersion) -> None:
    table(access, helpful, both=30, judge=40, people=0, neither=30)
    draft = improving.propose(access, helpful.evaluator)
    path = f"/{helpful.evaluator_id}/improve/{draft.pk}"
    assert "It was put aside." in plain(post(f"{path}/change", do="discard"))


def test_a_viewer_sees_and_changes_nothing(
    client: Client, access: Access, helpful: EvaluatorVersion
) -> None:
    table(access, helpful, both=15, judge=3, people=0, neither=15)
    client.force_login(member(access.project, "v@example.org", Role.VIEWER))
    one = f"{PAGE}/{helpful.evaluator_id}"
    for path in ("", "/cases", "/panel", "/calibration", "/improve"):
        html = client.get(f"{one}{path}").content.decode()
        forms = re.findall(r'<form[^>]*action="([^"]*)"', html)
        assert not [action for action in forms if "/agreement/" in action]
    for path in ("pairing", "panel/change", "panel/alert", "calibration/change", "improve/propose"):
        assert client.post(f"{one}/{path}").status_code == 403


def test_what_took_too_long_says_so(
    page: Any, helpful: EvaluatorVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise TooSlow

    monkeypatch.setattr(comparisons, "of_project", slow)
    monkeypatch.setattr(comparisons, "of_evaluator", slow)
    for path in ("", *(f"/{helpful.evaluator_id}{part}" for part in
                       ("", "/cases", "/panel", "/calibration", "/improve"))):  # fmt: skip
        assert "The labels took too long to read" in page(path)


def test_figures_in_words() -> None:
    assert words.of_kappa(Estimate(0.7, 0.61, 0.8, 9)).tone == "good"
    assert words.of_kappa(Estimate(0.7, 0.5, 0.8, 9)).tone == ""
    assert words.of_kappa(Estimate(0.1, -0.1, 0.39, 9)).tone == "bad"
    assert words.of_kappa(absent("why")).reason == "why"
    assert words.points(Estimate(0.05, 0.01, 0.09, 9)) == words.Said(
        "+5.0 pts", "+1.0 pts to +9.0 pts", "good", n=9
    )
    assert words.points(Estimate(-0.05, -0.09, 0.0, 9)).value == "−5.0 pts"
    assert words.points(Estimate(-0.05, -0.09, 0.0, 9)).tone == ""
    assert words.of_share(None).value == "–"


def test_shapes_stay_in_their_box() -> None:
    found = drawing.forest(Estimate(0.5, -0.4, 1.2, 9))
    assert found == drawing.Forest(0.0, 100.0, 50.0, 0.0)
    assert drawing.forest(Estimate(0.5, None, None, 1)) is None
    paired = drawing.forest(Estimate(0.25, 0.0, 0.5, 9), -0.5, 0.5)
    assert paired == drawing.Forest(50.0, 100.0, 75.0, 50.0)
    columns = drawing.nights([(0.9, False, "a"), (None, False, "b"), (0.0, True, "c")])
    assert [one.tone for one in columns] == ["f1", "f0", "fbad"]
    assert all(one.y >= 0 and one.y + one.height == 100 for one in columns)
    assert drawing.nights([]) == [] and drawing.curve(None) == ""
    line = drawing.curve({"kind": "linear", "slope": 3, "intercept": -1})
    assert all(
        0 <= float(part) <= drawing.SIZE for pair in line.split() for part in pair.split(",")
    )
