"""The page of redaction rules."""

import json

import pytest
from django.test import Client

from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role, User
from tests.conftest import member
from tests.traces.sending import decoded, llm
from traces.models import RedactionRule
from traces.services import redaction
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/settings/redaction"
EMAIL = {"type": "pii", "value": "email", "name": "Mails", "replacement": "[mail]"}


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_a_rule_is_added_switched_and_removed(page: Client, project: Project) -> None:
    assert page.post(PAGE, EMAIL).status_code == 302
    row = RedactionRule.objects.get()
    assert redaction.redactor_of(project.pk) is not None, "at once in this process"
    url = f"{PAGE}/{row.pk}"
    for _ in range(2):  # sent twice it is still off
        page.post(url, {"enabled": "0"})
        assert redaction.redactor_of(project.pk) is None
    page.post(url, {"enabled": "1"})
    page.post(url, {"delete": "1"})
    assert RedactionRule.objects.count() == 0
    entries = AuditEntry.objects.filter(action__startswith="redaction.").order_by("pk")
    assert [entry.action for entry in entries] == [
        "redaction.added",
        "redaction.switched_off",
        "redaction.switched_off",
        "redaction.switched_on",
        "redaction.removed",
    ]
    assert (entries[0].after or {})["value"] == "email"


def test_rules_run_in_the_order_they_were_added(page: Client, project: Project) -> None:
    page.post(PAGE, {"type": "pattern", "value": "ada@", "name": "a", "replacement": "[ada]"})
    page.post(PAGE, EMAIL)
    redactor = redaction.redactor_of(project.pk)
    assert redactor is not None
    assert redactor.redact_text("ada@example.org") == "[ada]example.org"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": "shoe_size"}, "Choose one of"),
        ({"type": "pattern", "value": "(a"}, "Not a pattern"),
        ({"type": "pattern", "value": "(?=a)b"}, "Not a pattern"),
        ({"type": "pattern", "value": "a*"}, "matches the empty text"),
        ({"type": "drop", "value": "*"}, "drop every attribute"),
        ({"replacement": '"'}, "without quotes"),
        ({"replacement": ""}, "required"),
        ({"name": ""}, "required"),
    ],
)
def test_rules_without_sense_are_refused(page: Client, wrong: dict[str, str], said: str) -> None:
    answer = page.post(PAGE, EMAIL | wrong)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert RedactionRule.objects.count() == 0


def test_a_rule_is_tried_on_recent_spans(page: Client, access: Access) -> None:
    said = "<b>hello</b> " * 40 + "write to ada@example.org please"
    messages = json.dumps([{"role": "user", "content": said}])
    store_spans(access, decoded(llm(name="ada@example.org", gen_ai__input__messages=messages)))
    store_spans(access, decoded(llm()))
    text = page.post(PAGE, EMAIL | {"preview": "1"}).content.decode()
    assert "would change 1 of the 2 newest spans" in text
    assert "write to ada@example.org please" in text
    assert "write to [mail] please" in text
    assert "<b>hello" not in text
    assert RedactionRule.objects.count() == 0
    dropped = {"type": "drop", "value": "gen_ai.input.*", "name": "d", "replacement": "x"}
    text = page.post(PAGE, dropped | {"preview": "1"}).content.decode()
    assert '<span class="t3">dropped</span>' in text


def test_a_stored_rule_is_tried(page: Client, access: Access) -> None:
    page.post(PAGE, EMAIL)
    page.post(f"{PAGE}/{RedactionRule.objects.get().pk}", {"enabled": "0"})
    store_spans(access, decoded(llm(name="ada@example.org")))
    url = f"{PAGE}/{RedactionRule.objects.get().pk}"
    text = page.post(url, {"preview": "1"}).content.decode()
    assert "Preview of “Mails”" in text
    assert "would change 1 of the 1 newest spans" in text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_who_may_not_write_changes_no_rule(client: Client, project: Project, role: str) -> None:
    row = RedactionRule.objects.create(project=project, **EMAIL)
    client.force_login(member(project, "reader@example.org", role))
    assert client.post(PAGE, EMAIL).status_code == 403
    assert client.post(f"{PAGE}/{row.pk}", {"delete": "1"}).status_code == 403
    assert RedactionRule.objects.count() == 1


def test_who_may_only_read_sees_rules_and_changes_none(client: Client, project: Project) -> None:
    row = RedactionRule.objects.create(project=project, **EMAIL)
    client.force_login(member(project, "reader@example.org", Role.VIEWER))
    text = client.get(PAGE).content.decode()
    assert "Mails" in text
    assert "Save rule" not in text
    assert client.post(PAGE, EMAIL).status_code == 403
    assert client.post(PAGE, EMAIL | {"preview": "1"}).status_code == 403
    assert client.post(f"{PAGE}/{row.pk}", {"delete": "1"}).status_code == 403
    assert RedactionRule.objects.count() == 1


def test_another_project_s_rules_are_not_there(page: Client, other_project: Project) -> None:
    theirs = RedactionRule.objects.create(project=other_project, **EMAIL)
    assert page.post(f"{PAGE}/{theirs.pk}", {"delete": "1"}).status_code == 404
    assert page.get("/p/rival/settings/redaction").status_code == 404
    assert RedactionRule.objects.count() == 1
