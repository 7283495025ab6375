"""The form of an evaluator: every kind can be made, errors stand where they belong, trials."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboards.evaluators import gallery
from evals.models import Connection, Evaluator, EvaluatorVersion, Kind
from evals.services import evaluators as service
from sightglass.accounts.access import Access
from sightglass.accounts.models import Membership, Project, Role, User
from tests.evals.judging import chat, connect, detector, send_and_plan
from tests.evals.judging import judge as made_judge
from traces.ids import span_hex
from traces.models import Score, Span

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
USUAL = {"description": "", "filter": "kind:llm", "sampling": "100", "direction": "bad"}


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def connection(access: Access) -> Connection:
    return connect(access, "http://127.0.0.1:9/v1")


def new(project: Project, key: str) -> str:
    return reverse("evaluator_new", args=[project.slug]) + f"?from={key}"


def asking(connection: Connection, **more: Any) -> dict[str, Any]:
    return USUAL | {
        "target": "span", "direction": "good", "connection_0": str(connection.pk),
        "model_0": "gpt-4o", "instructions": "Is {{output}} good?",
    } | more  # fmt: skip


def filled(html: str) -> dict[str, str]:
    """What a browser would send of the form as it stands."""
    values = {}
    for field in re.findall(r"<input [^>]*>", html):
        name = re.search(r'name="([^"]+)"', field)
        if name and "disabled" not in field:
            value = re.search(r'value="([^"]*)"', field)
            values[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        values[name] = chosen[1] if chosen else ""
    for name, body in re.findall(
        r'<textarea name="([^"]+)"[^>]*>\n?(.*?)</textarea>', html, re.DOTALL
    ):
        values[name] = body.replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")
    return values


EVERY = [one.key for shelf in gallery.shelves() for one in shelf.starts]


@pytest.mark.parametrize("key", EVERY)
def test_everything_in_the_gallery_can_be_saved(
    page: Client, project: Project, connection: Connection, key: str
) -> None:
    shown = page.get(new(project, key))
    assert shown.status_code == 200
    values = filled(shown.content.decode())
    values["name"] = values["name"] or "mine"
    values |= {name: values.get(name) or "A text." for name in values if name == "definition"}
    values |= {name: "A level." for name in values if name.startswith("level_")}
    answer = page.post(new(project, key), values)
    problems = re.findall(r'class="field-err"[^>]*>(.*?)<', answer.content.decode())
    assert answer.status_code == 302, problems
    version = EvaluatorVersion.objects.get(evaluator__name=values["name"])
    assert answer["Location"].endswith(f"/evaluators/{version.evaluator_id}")
    edited = page.get(reverse("evaluator_edit", args=[project.slug, version.evaluator_id]))
    assert edited.status_code == 200
    again = filled(edited.content.decode())
    page.post(reverse("evaluator_edit", args=[project.slug, version.evaluator_id]), again)
    assert version.evaluator.versions.count() == 1  # nothing was changed


def test_a_judge_with_a_panel_a_gate_and_a_budget(
    page: Client, project: Project, connection: Connection
) -> None:
    said = asking(
        connection, kind="judge", name="kind", connection_1=str(connection.pk), model_1="other",
        scale_type="categorical", scale_lines="kind = yes\nrude = no", flag="rude",
        gate_detector="toxicity", gate_low="0.2", gate_high="", gate_random="2.5",
        daily_budget="1.5", sampling="12.5", library="",
    )  # fmt: skip
    assert page.post(new(project, "own:judge"), said).status_code == 302
    version = EvaluatorVersion.objects.get(evaluator__name="kind")
    assert version.config["scale"]["labels"] == {"kind": "yes", "rude": "no"}
    assert version.config["gate"] == {
        "detector": "toxicity", "low": 0.2, "high": 1.0, "random": 0.025,
    }  # fmt: skip
    assert [one["model"] for one in version.config["models"]] == ["gpt-4o", "other"]
    assert (version.daily_budget, version.sampling) == (15 * 10**11, 0.125)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "Not a name"}, "Lower-case letters"),
        ({"name": ""}, "required"),
        ({"filter": "kind:llm nonsense:1"}, "no field"),
        ({"sampling": "101"}, "100"),
        ({"instructions": "No variables."}, "at least one variable"),
        ({"instructions": "{{secrets}}"}, "no variable"),
        ({"scale_type": "ordinal", "scale_lines": "nonsense"}, "field-err"),
        ({"connection_0": "999"}, "valid choice"),
        ({"daily_budget": "-1"}, "0"),
    ],
)
def test_errors_stand_beside_their_fields_and_nothing_is_lost(
    page: Client, project: Project, connection: Connection, wrong: dict[str, str], words: str
) -> None:
    said = asking(connection, kind="judge", name="mine", scale_type="boolean", library="",
                  description=HOSTILE) | wrong  # fmt: skip
    answer = page.post(new(project, "own:judge"), said)
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert words in shown
    [name] = [one for one in wrong if one != "scale_type"]
    place = {"scale_lines": "scale_lines"}.get(name, name)
    assert f'id="id_{place}_error"' in shown
    assert HOSTILE not in shown and "&lt;script&gt;" in shown
    assert not Evaluator.objects.filter(name="mine").exists()


def test_a_taken_name_is_refused(page: Client, project: Project, access: Access) -> None:
    detector(access, "refusal")
    said = USUAL | {"kind": "detector", "detector": "refusal", "name": "refusal", "threshold": ".5"}
    answer = page.post(new(project, "detector:refusal"), said)
    assert answer.status_code == 200
    assert 'id="id_name_error"' in answer.content.decode()
    assert 'value="refusal_2"' in page.get(new(project, "detector:refusal")).content.decode()


def test_another_projects_connection_is_no_choice(
    page: Client, project: Project, other_project: Project, connection: Connection
) -> None:
    theirs = Connection.objects.create(
        project=other_project, name="theirs", base_url="http://127.0.0.1:9/v1", model="m"
    )
    said = asking(connection, kind="judge", name="mine", scale_type="boolean",
                  connection_0=str(theirs.pk))  # fmt: skip
    answer = page.post(new(project, "own:judge"), said)
    assert "valid choice" in answer.content.decode()
    assert "theirs" not in page.get(new(project, "own:judge")).content.decode()


def test_editing_makes_the_next_version(page: Client, project: Project, access: Access) -> None:
    evaluator = detector(access, "refusal").evaluator
    address = reverse("evaluator_edit", args=[project.slug, evaluator.pk])
    shown = page.get(address).content.decode()
    assert "saving makes version 2" in shown
    said = filled(shown) | {"threshold": "0.8"}
    assert page.post(address, said).status_code == 302
    assert service.newest(evaluator).threshold == 0.8
    assert service.newest(evaluator).number == 2


def test_what_is_not_there_is_not_found(page: Client, project: Project) -> None:
    for key in ("detector:nonsense", "nonsense", "own:nonsense", "ready:", "ragas:x"):
        assert page.get(new(project, key)).status_code == 404
    assert page.post(new(project, "own:judge"), {"kind": "nonsense"}).status_code == 404


def test_who_only_reads_makes_nothing(client: Client, project: Project, stranger: User) -> None:
    Membership.objects.create(project=project, user=stranger, role=Role.VIEWER)
    client.force_login(stranger)
    for name in ("evaluator_new", "evaluator_try", "evaluator_try_span"):
        assert client.post(reverse(name, args=[project.slug])).status_code == 403


def test_a_draft_is_tried_without_a_trace_of_it(
    page: Client, project: Project, access: Access
) -> None:
    send_and_plan(access, chat(answer=f"I'm sorry, but I can't help with that. {HOSTILE}"))
    said = USUAL | {"kind": "detector", "detector": "refusal", "name": "", "threshold": "0.5"}
    found = page.post(reverse("evaluator_try", args=[project.slug]), said | {"name": "draft"})
    shown = found.content.decode()
    span = Span.objects.get()
    assert span_hex(span.span_id) in shown
    assert HOSTILE not in shown
    where = {"trace": span.trace_id.hex, "span": span_hex(span.span_id), "name": "draft"}
    tried = page.post(reverse("evaluator_try_span", args=[project.slug]), said | where)
    result = tried.content.decode()
    assert "Flagged" in result and "<mark" in result
    assert HOSTILE not in result
    assert not Score.objects.exists() and not Evaluator.objects.exists()


def test_a_trial_says_what_is_wrong(page: Client, project: Project) -> None:
    address = reverse("evaluator_try", args=[project.slug])
    said = USUAL | {"kind": "detector", "detector": "refusal", "name": "draft", "threshold": "0.5"}
    assert "Nothing to try it on" in page.post(address, said).content.decode()
    wrong = page.post(address, said | {"filter": "nonsense:"}).content.decode()
    assert "<b>Filter:</b>" in wrong
    for span in ("zz", "0" * 16):
        answer = page.post(
            reverse("evaluator_try_span", args=[project.slug]), said | {"trace": "x", "span": span}
        )
        assert answer.status_code == 404


def test_another_projects_span_is_not_read(
    page: Client, project: Project, other_project: Project, access: Access
) -> None:
    theirs = Access(other_project, access.permissions, access.user)
    send_and_plan(theirs, chat(answer="Their secret."))
    span = Span.objects.get()
    said = USUAL | {"kind": "detector", "detector": "refusal", "name": "draft", "threshold": "0.5",
                    "trace": span.trace_id.hex, "span": span_hex(span.span_id)}  # fmt: skip
    answer = page.post(reverse("evaluator_try_span", args=[project.slug]), said)
    assert "no longer stored" in answer.content.decode()


def test_a_judge_is_edited_with_its_scale(
    page: Client, project: Project, access: Access, connection: Connection
) -> None:
    scale = {"type": "ordinal", "levels": {"1": "bad", "2": "good"}}
    version = made_judge(access, connection, config={"scale": scale}, threshold=2)
    assert version.kind == Kind.JUDGE
    address = reverse("evaluator_edit", args=[project.slug, version.evaluator_id])
    shown = page.get(address).content.decode()
    assert "1 = bad" in shown
    page.post(address, filled(shown) | {"scale_lines": "1 = bad\n2 = fair\n3 = good"})
    changed = service.newest(version.evaluator).config["scale"]["levels"]
    assert json.dumps(changed) == '{"1": "bad", "2": "fair", "3": "good"}'
