"""Pages of alerts: the list, a rule as a sentence with its preview, history, one firing."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboards.alerts import examples
from dashboards.alerts.models import Alert, Rule, Transition
from dashboards.channels.models import Channel, Delivery
from dashboards.context import firing
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role, User
from tests.conftest import member
from tests.dashboards.alerts.outages import HOUR, calls, evaluated, hour, outage, rolled, rule
from tests.dashboards.channels.making import channel
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db
ALERTS = "/p/shop/alerts"
NEW = f"{ALERTS}/new"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def text(page: Client, url: str = ALERTS, status: int = 200) -> str:
    answer = page.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def said(page: Client, url: str, data: dict[str, Any], htmx: bool = False) -> str:
    headers = {"HX-Request": "true"} if htmx else {}
    answer = page.post(url, data, follow=True, headers=headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def form(**values: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "name": "Errors", "metric": "error_rate", "filter": "", "type": "threshold",
        "side": "above", "limit": "20%", "window": "1h", "group_by": "", "minimum_sample": "10",
        "for": "0s", "resolve_after": "0s", "severity": "critical", "repeat": "", "enabled": "on",
        "action": "save",
    }  # fmt: skip
    return usual | values


def fired(access: Access, **values: Any) -> Transition:
    """A rule that fires for the last full hour."""
    outage(access)
    rule(access, **values)
    evaluated(hour(0) + HOUR)
    return Transition.objects.get(state="firing")


def test_the_empty_page_teaches_and_offers_the_examples(page: Client, access: Access) -> None:
    shown = text(page)
    assert "No rules yet" in shown and "No rule is firing." in shown
    assert examples.names()
    for name in examples.names():
        assert f"?example={name}" in shown
        begun = text(page, f"{NEW}?example={name}")
        assert 'value="save"' in begun and str(examples.document(name)["name"]) in unescape(begun)
    text(page, f"{NEW}?example=none", 404)


def test_a_rule_is_made_from_the_sentence(page: Client, access: Access, project: Project) -> None:
    told = channel(project, "email", name="ops")
    given = form(
        filter="model:gpt-4o", group_by="model", repeat="4h", channels=["ops"],
        message="Look at the status page.", runbook_url="https://example.org/runbook",
        owner="owner@example.org", scheduled="on", schedule_days=["mon", "fri"],
        timezone="Europe/Paris", **{"from": "08:00", "to": "18:30", "for": "15m"},
    )  # fmt: skip
    after = said(page, NEW, given)
    assert "Errors is watched from now on." in unescape(after)
    made = Rule.objects.get()
    assert (made.slug, made.metric, made.filter) == ("errors", "error_rate", "model:gpt-4o")
    assert made.condition == {"type": "threshold", "above": 0.2}
    assert made.schedule == {
        "timezone": "Europe/Paris", "days": ["mon", "fri"], "from": "08:00", "to": "18:30"
    }  # fmt: skip
    assert list(made.channels.all()) == [told] and made.owner is not None
    assert (made.window_ns, made.pending_ns) == (HOUR, HOUR // 4)
    assert AuditEntry.objects.filter(action="alert_rule.created").count() == 1
    again = unescape(text(page, f"{ALERTS}/rules/{made.pk}"))
    for part in ('value="20%"', 'value="model:gpt-4o"', "Look at the status page.", "08:00"):
        assert part in again
    unchanged = said(page, f"{ALERTS}/rules/{made.pk}", given | {"slug": "errors"})
    assert "is saved" in unchanged
    assert not AuditEntry.objects.filter(action="alert_rule.changed").exists()


@pytest.mark.parametrize(
    ("values", "condition"),
    [
        ({"type": "interval", "side": "below", "limit": "0.8"}, {"type": "interval", "below": 0.8}),
        (
            {"type": "change", "move": "falls_by", "by": "50", "by_unit": "percent",
             "against": "weekday", "metric": "cost", "at_least": "$2"},
            {"type": "change", "falls_by": 50.0, "unit": "percent", "against": "weekday",
             "at_least": 2.0},
        ),
        (
            {"type": "change", "move": "moves_by", "by": "2 s", "by_unit": "absolute",
             "against": "previous", "metric": "latency_p95"},
            {"type": "change", "moves_by": 2000.0, "unit": "absolute", "against": "previous",
             "at_least": 0.0},
        ),
        (
            {"type": "anomaly", "side": "both", "sigmas": "3.5", "season": "hour_of_day",
             "days": "14", "metric": "cost"},
            {"type": "anomaly", "side": "both", "sigmas": 3.5, "season": "hour_of_day", "days": 14,
             "at_least": 0.0},
        ),
        ({"type": "absence", "fewer_than": "5"}, {"type": "absence", "fewer_than": 5}),
        ({"limit": "8 s", "metric": "latency_p95"}, {"type": "threshold", "above": 8000.0}),
        ({"limit": "$1,200.50", "metric": "cost"}, {"type": "threshold", "above": 1200.5}),
    ],
)  # fmt: skip
def test_each_condition_comes_back_as_it_went(
    page: Client, access: Access, values: dict[str, Any], condition: dict[str, Any]
) -> None:
    said(page, NEW, form(**values))
    made = Rule.objects.get()
    assert made.condition == condition
    shown = unescape(text(page, f"{ALERTS}/rules/{made.pk}"))
    for name in ("limit", "by", "sigmas", "fewer_than"):
        if name in values:
            found = re.search(rf'name="{name}" value="([^"]*)"', shown)
            assert found is not None
    unchanged = re.findall(r'<option value="(\w+)" selected>', shown)
    assert values.get("type", "threshold") in unchanged


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": " "}, "Give it a name"),
        ({"name": "!!!"}, "Give it a name"),
        ({"limit": ""}, "Write a number"),
        ({"limit": "20"}, "such as 88% or 0.88"),
        ({"limit": "8", "metric": "latency_p95"}, "800 ms or 8 s"),
        ({"limit": "<script>alert(1)</script>"}, "Write a number"),
        ({"filter": "(model:a"}, "Character"),
        ({"filter": "modle:a"}, "did you mean model?<"),
        ({"metric": "nonsense"}, "There is no such metric."),
        ({"type": "guess"}, "One of threshold"),
        ({"window": "7m"}, "A multiple of five minutes."),
        ({"window": "soon"}, "A whole number and s, m, h, d or w"),
        ({"minimum_sample": "some"}, "Write a number"),
        ({"channels": ["nobody"]}, "There is no channel"),
        ({"runbook_url": "javascript:alert(1)"}, "begins with http"),
        ({"scheduled": "on", "timezone": "Mars"}, "A time zone by its IANA name"),
        ({"type": "budget", "budget": "none", "percent": "80"}, "There is no budget"),
        ({"slug": "Not A Slug"}, "Lower-case letters"),
        ({"type": "interval", "metric": "cost", "limit": "$4"}, "Only rates and scores"),
    ],
)
def test_mistakes_are_told_and_nothing_is_lost(
    page: Client, access: Access, values: dict[str, Any], words: str
) -> None:
    after = said(page, NEW, form(message="keep me", **values))
    assert "Not saved" in after and words in unescape(after) and "keep me" in after
    assert "<script>alert" not in after
    assert not Rule.objects.exists()


def test_two_rules_of_one_name(page: Client, access: Access) -> None:
    rule(access)
    assert "There is a rule of this name." in said(page, NEW, form())


def test_the_condition_chooses_the_fields(page: Client, access: Access) -> None:
    """With script a fragment, without it the whole page; nothing is saved or checked."""
    given = form(type="anomaly", action="update", limit="half a wo")
    fragment = said(page, NEW, given, htmx=True)
    assert 'name="sigmas"' in fragment and 'name="limit"' not in fragment
    assert "<html" not in fragment and "field-err" not in fragment
    whole = said(page, NEW, given)
    assert 'name="sigmas"' in whole and "<html" in whole
    assert 'name="budget"' in said(page, NEW, form(type="budget", action="update"), htmx=True)
    seconds = said(page, NEW, form(metric="latency_p95", action="update", limit=""), htmx=True)
    assert 'placeholder="8 s"' in seconds
    assert not Rule.objects.exists()


def test_the_preview_says_how_often_it_would_have_fired(page: Client, access: Access) -> None:
    outage(access)
    shown = unescape(said(page, NEW, form(action="preview", name=""), htmx=True))
    assert "<html" not in shown and "1 alert</b> in 7 days" in shown
    assert '"type":"rect"' in shown, "times of firing are shaded"
    assert "About 30 spans fall in a window, so a difference of up to" in shown
    assert "Ask for 95% certainty" in shown and 'value="hold:5m"' in shown
    never = unescape(said(page, NEW, form(action="preview", limit="99%"), htmx=True))
    assert "<b>No alert</b> in 7 days." in never and '"type":"rect"' not in never
    month = said(page, NEW, form(action="preview", days_shown="30"), htmx=True)
    assert "in 30 days" in month
    assert not Rule.objects.exists()


def test_what_the_preview_advises_is_done_by_a_button(page: Client, access: Access) -> None:
    outage(access)
    certain = unescape(said(page, NEW, form(action="certain")))
    assert '<option value="interval" selected>' in certain and "fall in a window" not in certain
    held = unescape(said(page, NEW, form(action="hold:5m")))
    assert re.search(r'name="for".*?<option value="5m" selected>', held, re.S)
    assert "Require two windows in a row" not in held


def test_a_preview_of_half_a_sentence_asks_for_the_rest(page: Client, access: Access) -> None:
    shown = said(page, NEW, form(action="preview", limit=""), htmx=True)
    assert "Complete the sentence" in shown and "field-err" not in shown
    assert "Complete the sentence" in text(page, f"{NEW}?example=") or "New rule" in text(page, NEW)


def test_a_preview_that_takes_too_long_says_so(
    page: Client, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, **__: Any) -> Any:
        raise TooSlow

    monkeypatch.setattr("dashboards.alerts.backtest.backtest", slow)
    assert "took too long" in said(page, NEW, form(action="preview"), htmx=True)


def test_the_list_says_how_each_stands(page: Client, access: Access) -> None:
    fired(access)
    rule(access, slug="quiet", name="Quiet", condition={"type": "threshold", "above": 0.99})
    rule(access, slug="off", name="Switched off", enabled=False)
    muted = rule(
        access, slug="muted", name="Muted one", condition={"type": "threshold", "above": 1}
    )
    Rule.objects.filter(pk=muted.pk).update(muted_until=timezone.now() + timedelta(hours=1))
    evaluated(hour(0) + HOUR)
    shown = unescape(text(page))
    assert "1 rule is firing." in shown
    assert "Error rate above 20.0% over 1 hour" in shown and "66.7%" in shown
    rows = {
        row[1]: row[0]
        for row in re.findall(r'class="dot is-\w+"></span>(\w+).*?class="main-a any".*?>(.*?)</a>',
                              shown, re.S)
    }  # fmt: skip
    assert rows == {"Errors": "Firing", "Quiet": "OK", "Switched off": "Off", "Muted one": "Muted"}
    assert "Quiet" not in text(page, f"{ALERTS}?state=firing")
    assert "Muted one" in text(page, f"{ALERTS}?state=muted")
    assert 'count is-bad">1<' in shown


def test_failing_channels_are_told_of(page: Client, access: Access, project: Project) -> None:
    rule(access)
    channel(project, name="dead <b>", failures=30)
    shown = text(page)
    assert "dead &lt;b&gt;" in shown and "failed 30 times in a row" in shown


def test_the_trend_is_a_picture(page: Client, access: Access) -> None:
    outage(access)
    made = rule(access)
    assert "<polyline" in text(page, f"{ALERTS}/rules/{made.pk}/spark")
    empty = rule(access, slug="none", name="None", filter="model:none")
    assert "<polyline" not in text(page, f"{ALERTS}/rules/{empty.pk}/spark")


def test_one_firing_shows_its_evidence(page: Client, access: Access) -> None:
    found = fired(access, runbook_url="https://example.org/run", message="Call <b>somebody</b>")
    shown = unescape(text(page, f"{ALERTS}/firings/{found.pk}"))
    for part in (
        "Firing for", "66.7%", "20.0%", "What changed most", "https://example.org/run",
        "Nobody has said yet", "data-figure", '"type":"rect"', found.reason,
    ):  # fmt: skip
        assert part in shown
    assert "<b>somebody" not in text(page, f"{ALERTS}/firings/{found.pk}")
    explorer = found.evidence["explorer"]
    assert explorer in shown and page.get(explorer).status_code == 200
    ids = found.evidence["examples"]
    assert ids and all(f"/traces/{one}" in shown for one in ids)


def test_how_long_it_fires_is_no_longer_than_the_rule_is_there(
    page: Client, access: Access
) -> None:
    found = fired(access)
    ago = timezone.now() - timedelta(minutes=3, seconds=30)
    Rule.objects.filter(pk=found.rule_id).update(created_at=ago)
    assert 'any">3 min</span>' in text(page)
    assert "Firing for 3 min<" in text(page, f"{ALERTS}/firings/{found.pk}")


def test_acknowledging(page: Client, access: Access) -> None:
    found = fired(access)
    url = f"{ALERTS}/firings/{found.pk}"
    after = unescape(said(page, f"{url}/acknowledge", {"note": "I look at it <i>"}))
    assert "owner@example.org</b> has seen it" in after and "Acknowledged." in after
    assert "look at it &lt;i&gt;" in text(page, url)
    found.refresh_from_db()
    assert found.acknowledgement == "I look at it <i>"
    assert AuditEntry.objects.filter(action="alert.acknowledged").count() == 1


def test_history_narrows_and_pages(page: Client, access: Access) -> None:
    found = fired(access)
    other = rule(access, slug="other", name="Other", severity="info")
    alert = Alert.objects.create(rule=other, group="gpt <x>")
    for number in range(60):
        Transition.objects.create(
            project=access.project, rule=other, alert=alert, version=number + 1, group="gpt <x>",
            before="inactive", state="firing", at_ns=hour(9), ended_ns=hour(8), severity="info",
            reason=f"reason {number}.",
        )  # fmt: skip
    first = text(page, f"{ALERTS}/history")
    assert "reason 59." in first and "reason 3." not in first and "gpt &lt;x&gt;" in first
    older = re.search(r'href="(\?cursor=[^"]+)"', unescape(first))
    assert older is not None
    second = text(page, f"{ALERTS}/history{older[1]}")
    assert "reason 3." in second and "reason 59." not in second and found.reason[:20] in second
    narrowed = text(page, f"{ALERTS}/history?rule={found.rule_id}")
    assert "reason 59." not in narrowed and found.reason[:20] in narrowed
    for query in ("severity=critical", "state=open"):
        assert "reason 59." not in text(page, f"{ALERTS}/history?{query}")
    assert "Nothing fits" in text(page, f"{ALERTS}/history?rule={found.rule_id}&state=ended")
    for query in ("rule=x", "rule=99999999999999999999", "cursor=zz", "severity=none", "state=?"):
        assert "reason 59." in text(page, f"{ALERTS}/history?{query}")


def test_muting_testing_duplicating_deleting(
    page: Client, access: Access, project: Project
) -> None:
    made = rule(access, filter="model:gpt-4o")
    url = f"{ALERTS}/rules/{made.pk}"
    assert "has no channel that is on" in said(page, f"{url}/test", {})
    made.channels.add(channel(project, "email", name="ops"))
    assert "A test message goes to ops" in said(page, f"{url}/test", {})
    delivery = Delivery.objects.get()
    assert delivery.event["kind"] == "test" and delivery.thread == ""
    assert "Error rate of model:gpt-4o above 20.0%" in delivery.event["text"]
    assert "Nobody is told of Errors until" in said(page, f"{url}/mute", {"for": "8h"})
    assert "Unmute" in text(page, url)
    assert "tells its channels again" in said(page, f"{url}/mute", {})
    said(page, f"{url}/mute", {"for": "nonsense"})
    said(page, f"{url}/mute", {"for": "9999w"})
    made.refresh_from_db()
    assert made.muted_until is not None and made.muted_until < timezone.now() + timedelta(days=91)
    copied = unescape(text(page, f"{NEW}?copy={made.pk}"))
    assert "Errors (copy)" in copied and 'value="model:gpt-4o"' in copied
    assert "is deleted. Its history stays." in said(page, f"{url}/delete", {})
    text(page, url, 404)


def test_a_change_of_what_is_looked_for_shows(page: Client, access: Access) -> None:
    found = fired(access)
    url = f"{ALERTS}/rules/{found.rule_id}"
    assert f"{ALERTS}/firings/{found.pk}" in text(page, url)
    assert "is saved" in said(page, url, form(limit="90%"))
    found.refresh_from_db()
    assert found.ended_ns is not None
    assert "Ended after" in text(page, f"{ALERTS}/firings/{found.pk}")


def test_rules_for_each_group(page: Client, access: Access) -> None:
    for ago in range(3):
        calls(access, hour(ago), 20, gen_ai__response__model="good-1")
        calls(access, hour(ago), 20, failed=15, gen_ai__response__model="bad-<1>")
    rolled(access)
    made = rule(access, group_by="model")
    evaluated(hour(0) + HOUR)
    shown = text(page, f"{ALERTS}/rules/{made.pk}")
    assert "bad-&lt;1&gt;" in shown and "bad-<1>" not in shown
    assert "for each model" in text(page)
    found = Transition.objects.get(state="firing")
    assert "bad-&lt;1&gt;" in text(page, f"{ALERTS}/firings/{found.pk}")


def test_a_rule_that_names_what_is_no_more_can_be_seen(page: Client, access: Access) -> None:
    found = fired(access)
    Rule.objects.update(metric="gone", error="There is no metric gone.")
    assert "names what is no more" in text(page)
    assert "cannot be drawn" in text(page, f"{ALERTS}/firings/{found.pk}")
    assert "There is no metric gone." in text(page, f"{ALERTS}/rules/{found.rule_id}")


def test_a_chart_that_takes_too_long_says_so(
    page: Client, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, **__: Any) -> Any:
        raise TooSlow

    found = fired(access)
    monkeypatch.setattr("dashboards.alerts.samples.read", slow)
    assert "took too long" in text(page, f"{ALERTS}/firings/{found.pk}")


def test_who_may_what(client: Client, project: Project, access: Access) -> None:
    found = fired(access)
    url = f"{ALERTS}/rules/{found.rule_id}"
    for role, statuses in (
        (Role.VIEWER, {"see": 200, "new": 403, "save": 403, "ack": 403}),
        (Role.REVIEWER, {"see": 403, "new": 403, "save": 403, "ack": 403}),
        (Role.ENGINEER, {"see": 200, "new": 200, "save": 302, "ack": 302}),
    ):
        client.force_login(member(project, f"{role}@example.org", role))
        for path in (ALERTS, url, f"{ALERTS}/history", f"{ALERTS}/firings/{found.pk}"):
            assert client.get(path).status_code == statuses["see"]
        assert client.get(NEW).status_code == statuses["new"]
        assert client.post(url, form()).status_code == statuses["save"]
        for action in ("mute", "test"):
            expected = 403 if role != Role.ENGINEER else 302
            assert client.post(f"{url}/{action}").status_code == expected
        acknowledged = client.post(f"{ALERTS}/firings/{found.pk}/acknowledge", {"note": "x"})
        assert acknowledged.status_code == statuses["ack"]
    client.force_login(member(project, "viewer2@example.org", Role.VIEWER))
    shown = client.get(url).content.decode()
    assert "Save rule" not in shown and "Send a test message" not in shown


def test_the_navigation_counts_what_fires(
    page: Client, access: Access, other_project: Project, django_assert_num_queries: Any
) -> None:
    assert "firing</span></span></a>" not in text(page)
    found = fired(access)
    assert 'title="1 firing"' in text(page, "/p/shop/traces")
    with django_assert_num_queries(1):
        assert firing(access.project) == 1
    assert firing(other_project) == 0
    Rule.objects.filter(pk=found.rule_id).update(archived_at=timezone.now())
    assert firing(access.project) == 0


def test_lists_do_not_ask_for_each(
    page: Client, access: Access, project: Project, django_assert_max_num_queries: Any
) -> None:
    outage(access)
    for number in range(15):
        made = rule(access, slug=f"r{number}", name=f"Rule {number}")
        made.channels.add(channel(project, "email"))
    evaluated(hour(0) + HOUR)
    assert Transition.objects.filter(state="firing").count() == 15
    with django_assert_max_num_queries(12):
        text(page)
    with django_assert_max_num_queries(12):
        text(page, f"{ALERTS}/history")
    assert Channel.objects.count() == 15
