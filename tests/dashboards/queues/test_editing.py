"""Making a queue and changing one, without a line of script."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboards.queues import merging, rubric
from evals.review.models import Queue, Rubric
from evals.review.questions import Kind, checked
from evals.review.services import queues, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role
from tests.conftest import member
from tests.dashboards.queues.pages import FORM, HOSTILE, as_, asking, post, text
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
EVERY_KIND = (
    {"key": "right", "text": "Is it right?", "kind": "boolean"},
    {"key": "tone", "text": "How is the tone?", "kind": "scale", "low": "0", "high": "10"},
    {"key": "fault", "text": "What is wrong?", "kind": "choice", "options": "false\nrude, loud\n\n",
     "when": "right", "is": "no"},
    {"key": "more", "text": "What else?", "kind": "choices", "options": "a\nb", "required": None,
     "when": "tone", "is": "0 | 1"},
    {"key": "note", "text": "Anything?", "kind": "text", "required": None},
    {"key": "where", "text": "Where?", "kind": "span", "field": "input", "options": "",
     "when": "fault", "is": "rude, loud"},
    {"key": "better", "text": "Better?", "kind": "correction", "required": None},
)  # fmt: skip


def made(slug: str = "answers") -> Queue:
    return Queue.objects.get(slug=slug)


def typed(html: str) -> dict[str, Any]:
    """What a browser would send of the form on the page."""
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = (re.search(rf'{at}="([^"]*)"', tag) for at in ("name", "value"))
        box = 'type="checkbox"' in tag
        if name and (not box or " checked" in tag) and "csrf" not in name[1]:
            sent[name[1]] = value[1] if value else ""
    for name, body in re.findall(
        r'<textarea[^>]*name="([^"]*)"[^>]*>\s?(.*?)</textarea>', html, re.S
    ):
        sent[name] = body
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        sent[name] = chosen[1] if chosen else ""
    return sent


def test_a_queue_with_every_kind_of_question(access: Access, ann: Access, lea: Access) -> None:
    given = FORM | asking(*EVERY_KIND) | {
        "name": " The answers ", "guidelines": "# Read", "labels_wanted": "3", "blind": "",
        "order": "disagree", "order_score": "a, b", "goal_hours": "48", "gold_percent": "12.5",
        f"person-{desk.user_of(ann).pk}": "reviewer", f"person-{desk.user_of(lea).pk}": "lead",
    }  # fmt: skip
    answer = post(as_(access), "/new", given)
    assert answer.status_code == 302 and answer["Location"] == "/p/shop/review/the-answers/rules"
    draft = queues.draft_of(made("the-answers"))
    assert draft.name == "The answers" and draft.labels_wanted == 3 and not draft.blind
    assert (draft.order, draft.order_score, draft.goal_hours) == ("disagree", "a, b", 48)
    assert draft.gold_share == 0.125
    assert draft.reviewers == {"ann@example.org": "reviewer", "lea@example.org": "lead"}
    by_key = {question["key"]: question for question in draft.questions}
    assert list(by_key) == [str(one["key"]) for one in EVERY_KIND]
    assert (by_key["tone"]["low"], by_key["tone"]["high"]) == (0, 10)
    assert by_key["fault"]["options"] == ["false", "rude, loud"]
    assert by_key["fault"]["when"] == {"question": "right", "is": False}
    assert by_key["more"]["when"] == {"question": "tone", "is": [0, 1]}
    assert not by_key["more"]["required"] and by_key["right"]["required"]
    assert by_key["where"] == {
        "key": "where", "text": "Where?", "kind": "span", "required": True, "field": "input",
        "when": {"question": "fault", "is": "rude, loud"},
    }  # fmt: skip
    assert AuditEntry.objects.filter(action="review.queue_created").count() == 1


def test_the_page_begins_with_questions_that_can_be_saved(access: Access) -> None:
    html = text(as_(access), "/new")
    answer = post(as_(access), "/new", typed(html) | {"name": "Quick", "do": "save"})
    assert answer.status_code == 302
    keys = [question["key"] for question in queues.newest(made("quick")).questions]
    assert keys == ["correct", "fault", "better"]


def test_opened_and_saved_again_nothing_has_changed(access: Access) -> None:
    post(as_(access), "/new", FORM | asking(*EVERY_KIND))
    before = queues.draft_of(made())
    answer = post(as_(access), "/answers/settings", typed(text(as_(access), "/answers/settings")))
    assert answer.status_code == 302
    assert queues.draft_of(made()) == before
    assert Rubric.objects.count() == 1
    assert not AuditEntry.objects.filter(action="review.queue_changed").exists()


def test_other_questions_are_a_new_version(access: Access, queue: Queue, ann: Access) -> None:
    [item] = desk.fill(access, queue, 1)
    working.submit(ann, item, desk.GOOD)
    sent = typed(text(as_(access), "/answers/settings")) | {"q0-text": "Did it help?"}
    answer = post(as_(access), "/answers/settings", sent, follow=True)
    html = answer.content.decode()
    assert "Version 2 of the questions is asked from now on." in html
    assert "Version 1" in html and "Version 2" in html
    assert queues.newest(queue).questions[0]["text"] == "Did it help?"
    assert item.given.get().rubric.version == 1


@pytest.mark.parametrize(
    ("deed", "keys"),
    [
        ("add", ["a", "b", "c", ""]),
        ("up-1", ["b", "a", "c"]),
        ("down-0", ["b", "a", "c"]),
        ("remove-1", ["a", "c"]),
        ("up-0", ["a", "b", "c"]),
        ("down-2", ["a", "b", "c"]),
        ("remove-9", ["a", "b", "c"]),
        ("preview", ["a", "b", "c"]),
        ("nonsense", ["a", "b", "c"]),
    ],
)
def test_buttons_of_the_rubric_save_nothing(access: Access, deed: str, keys: list[str]) -> None:
    rows = [{"key": key, "text": f"{key}?"} for key in "abc"]
    answer = post(as_(access), "/new", FORM | asking(*rows) | {"do": deed, "name": ""})
    assert answer.status_code == 200
    html = answer.content.decode()
    assert re.findall(r'name="q\d-key" value="(\w*)"', html) == keys
    assert f'name="rows" value="{len(keys)}"' in html
    assert "Not saved" not in html
    assert not Queue.objects.exists()


def test_with_htmx_only_the_part_comes(access: Access) -> None:
    rows = asking({"key": "a", "text": "A?"})
    headers = {"HX-Request": "true", "HX-Target": "rubric"}
    answer = post(as_(access), "/new", FORM | rows | {"do": "add"}, headers=headers)
    html = answer.content.decode()
    assert html.startswith('<section class="card is-dim" id="rubric"') and "<html" not in html
    assert "autofocus" in html
    headers = {"HX-Request": "true", "HX-Target": "guide"}
    given = FORM | rows | {"do": "preview", "guidelines": f"**Read** {HOSTILE} [x](javascript:y)"}
    html = post(as_(access), "/new", given, headers=headers).content.decode()
    assert (
        "<strong>Read</strong>" in html and HOSTILE not in html and 'href="javascript' not in html
    )
    assert "<html" not in html


def test_without_script_the_preview_is_on_the_page(access: Access) -> None:
    given = FORM | asking() | {"do": "preview", "guidelines": "# Read\n\n- well"}
    html = post(as_(access), "/new", given).content.decode()
    assert "<html" in html and "<h3>Read</h3>" in html and "<li>well</li>" in html


def test_what_is_wrong_is_said_where_it_was_written(access: Access) -> None:
    rows = asking(
        {"key": "Bad Key", "text": "One?"},
        {"key": "two", "text": ""},
        {"key": "three", "text": "Three?", "kind": "scale", "low": "five", "high": "6"},
        {"key": "four", "text": "Four?", "kind": "choice", "options": "one"},
        {"key": "five", "text": "Five?", "when": "three", "is": "99"},
        {"key": "two", "text": "Again?", "when": "later", "is": "x"},
    )
    given = FORM | rows | {"name": HOSTILE, "order": "disagree", "order_score": "one"}
    html = post(as_(access), "/new", given).content.decode()
    assert "Not saved" in html and HOSTILE not in html
    by_row = html.split("data-row")[1:]
    assert "Lower-case letters, digits and _" in by_row[0]
    assert "Must be a text of 1 to 1000 characters" in by_row[1]
    assert "Must be a whole number" in by_row[2]
    assert "Needs 2 to 50 options, one a line." in by_row[3]
    assert "Is no answer to that question" in by_row[4]
    assert "Another question has this key" in by_row[5]
    assert "Must be the key of an earlier question" in by_row[5]
    assert "to disagree, two." in html
    assert 'value="five"' in html, "what was typed is still there"
    assert not Queue.objects.exists()


def test_what_is_wrong_is_listed_at_the_top_with_ways_to_it(access: Access) -> None:
    rows = asking(
        {"key": "where", "text": "Where?", "kind": "span"},
        {"key": "two", "text": "", "kind": "choice", "options": "a\nb", "when": "where", "is": "x"},
        {"key": "three", "text": "Three?", "kind": "scale", "low": "6", "high": "6"},
    )
    given = FORM | rows | {"name": HOSTILE, "lease_minutes": "0"}
    html = post(as_(access), "/new", given).content.decode()
    assert "Not saved" in html and "is-bad" in html
    rows_only = post(as_(access), "/new", given | {"lease_minutes": "15"}).content.decode()
    for page, expected in (
        (html, [("id_lease_minutes", "An item is held for, minutes")]),
        (
            rows_only,
            [
                ("q1-text", "Question 2"),
                ("q1-when", "Question 2, asked only if"),
                ("q2-high", "Question 3, highest"),
            ],
        ),
    ):
        listed = page.split('class="qf-wrong"')[1].split("</ul>")[0]
        assert re.findall(r'href="#([^"]+)">([^<]+)</a>', listed) == expected
        for place, _ in expected:
            assert page.count(f' id="{place}"') == 1, place
    assert "“Marked passages” cannot be a condition: only yes or no" in rows_only
    assert "Must be above the lowest, by at most 100." in rows_only
    assert "of kind span" not in rows_only and HOSTILE not in rows_only
    saved = post(as_(access), "/new", FORM | asking({"key": "a", "text": "A?"}), follow=True)
    assert "qf-wrong" not in saved.content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"labels_wanted": "6"}, "less than or equal to 5"),
        ({"gold_percent": "nan"}, "Enter a number"),
        ({"order": "best"}, "Select a valid choice"),
        ({"slug": "Answers!"}, "Lower-case letters, digits and -"),
        ({"slug": "new"}, "Is the address of a page"),
        ({"slug": "add"}, "Is the address of a page"),
        ({"name": "!!!"}, "Lower-case letters, digits and -"),
    ],
)
def test_settings_that_cannot_be(access: Access, given: dict[str, str], said: str) -> None:
    rows = asking({"key": "a", "text": "A?"})
    assert said in post(as_(access), "/new", FORM | rows | given).content.decode()
    assert not Queue.objects.exists()


def test_no_question_at_all_is_refused(access: Access) -> None:
    html = post(as_(access), "/new", FORM | asking()).content.decode()
    assert "Must be a list of 1 to 30 questions" in html
    assert post(as_(access), "/new", FORM | {"rows": "x"}).status_code == 200


def test_an_address_is_given_once(access: Access, queue: Queue) -> None:
    html = post(as_(access), "/new", FORM | asking({"key": "a", "text": "A?"})).content.decode()
    assert "There is a queue of this name" in html


def test_keys_come_from_the_words(access: Access) -> None:
    rows = [{"key": "", "text": words} for words in ("Is it Right?", "Is it right", "2nd?", "???")]
    post(as_(access), "/new", FORM | asking(*rows))
    keys = [question["key"] for question in queues.newest(made()).questions]
    assert keys == ["is_it_right", "is_it_right_2", "q_2nd", "q"]


def test_people_are_members_who_may_label(
    access: Access, project: Project, ann: Access, viewer: Access, stranger: Any
) -> None:
    html = text(as_(access), "/new")
    assert "ann@example.org" in html and "owner@example.org" in html
    assert "vic@example.org" not in html and "stranger@example.org" not in html
    other = desk.user_of(viewer)
    given = FORM | asking({"key": "a", "text": "A?"}) | {
        f"person-{other.pk}": "reviewer", f"person-{stranger.pk}": "lead",
        f"person-{desk.user_of(ann).pk}": "boss",
    }  # fmt: skip
    assert post(as_(access), "/new", given).status_code == 302
    assert queues.draft_of(made()).reviewers == {}


def test_of_very_many_people_those_who_are_named_stay(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST_PEOPLE", 3)
    before = queues.draft_of(queue).reviewers
    assert len(before) == 3
    sent = typed(text(as_(access), "/answers/settings"))
    assert post(as_(access), "/answers/settings", sent | {"name": "Other"}).status_code == 302
    assert queues.draft_of(made()).reviewers == before
    assert made().name == "Other"


def test_a_hostile_name_of_a_person_is_text(access: Access, project: Project) -> None:
    user = member(project, "x@example.org", Role.REVIEWER)
    user.name = HOSTILE
    user.save()
    assert HOSTILE not in text(as_(access), "/new")


def test_archiving(access: Access, queue: Queue) -> None:
    post(as_(access), "/answers/archive", {})
    assert made().archived_at is None, "one click is no word"
    answer = post(as_(access), "/answers/archive", {"sure": "1"}, follow=True)
    assert "is archived" in answer.content.decode()
    html = text(as_(access), "/answers/settings")
    assert "It is archived since" in html and "qf-save" not in html
    sent = FORM | asking({"key": "a", "text": "A?"})
    assert "It is archived" in post(as_(access), "/answers/settings", sent).content.decode()


def test_only_who_may_write_changes_queues(queue: Queue, ann: Access, lea: Access) -> None:
    for person in (ann, lea):
        for path in ("/new", "/answers/settings", "/answers/archive", "/answers/rules"):
            assert post(as_(person), path, FORM).status_code == 403
        html = text(as_(person), "/answers/items")
        assert "Settings" not in html and "Filling" not in html


def test_rows_and_questions_are_one_thing(access: Access) -> None:
    """Whatever a rubric may be, its form says the same."""
    questions = [
        desk.HELPFUL, desk.TONE | {"required": True}, desk.WHY, desk.NOTE,
        {"key": "many", "text": "Many?", "kind": Kind.CHOICES, "options": ["x", "y|z"]},
    ]  # fmt: skip
    whole = checked(questions)
    assert checked(rubric.questions_from(rubric.rows_of(whole))) == whole


def test_an_archived_queue_is_taken_back(access: Access, queue: Queue) -> None:
    queues.archive(access, queue)
    html = text(as_(access), "/answers/settings")
    assert 'name="restore"' in html
    answer = post(as_(access), "/answers/archive", {"restore": "1"}, follow=True)
    assert "is taken back" in answer.content.decode()
    assert made().archived_at is None
    assert AuditEntry.objects.filter(action="review.queue_restored", target="answers").exists()


def test_what_somebody_else_saved_meanwhile_is_not_reverted(access: Access, queue: Queue) -> None:
    """Two have the form open: the later one changes a question and the name, not the goal."""
    mine = typed(text(as_(access), "/answers/settings"))
    theirs = mine | {"q1-text": "Which tone?", "goal_hours": "5", "name": "Theirs"}
    assert post(as_(access), "/answers/settings", theirs).status_code == 302
    mine |= {"q0-text": "Did it help?", "name": "Mine", "do": "save"}
    answer = post(as_(access), "/answers/settings", mine)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert made().name == "Theirs", "nothing is saved before the person knows"
    words = " ".join(re.sub(r"<[^>]+>", " ", html.split('id="meanwhile"')[1]).split())
    assert "Name is now: Theirs yours differs Mine" in words
    assert "Due, hours after it was added is now: 5 taken over" in words
    assert "Question tone is now: “Which tone?” taken over" in words
    again = typed(html)
    assert (again["name"], again["goal_hours"]) == ("Mine", "5")
    assert (again["q0-text"], again["q1-text"]) == ("Did it help?", "Which tone?")
    assert post(as_(access), "/answers/settings", again | {"do": "save"}).status_code == 302
    draft = queues.draft_of(made())
    assert (draft.name, draft.goal_hours) == ("Mine", 5)
    assert [one["text"] for one in draft.questions[:2]] == ["Did it help?", "Which tone?"]
    assert queues.newest(queue).version == 3


def test_moving_questions_about_does_not_forget_what_the_form_was_made_from(
    access: Access, queue: Queue
) -> None:
    mine = typed(text(as_(access), "/answers/settings"))
    desk.change(access, queue, name="Theirs")
    shown = post(as_(access), "/answers/settings", mine | {"do": "down-0"}).content.decode()
    answer = post(as_(access), "/answers/settings", typed(shown) | {"do": "save"})
    assert answer.status_code == 409
    assert "Theirs" in answer.content.decode().split('id="meanwhile"')[1]


A, B, C = ({"key": key, "text": key, "kind": "boolean", "required": True} for key in "abc")
NEW_A, NEW_B = A | {"text": "New?"}, B | {"text": "Newer?"}


@pytest.mark.parametrize(
    ("now", "mine", "result"),
    [
        ([NEW_A, B], [A, NEW_B], [NEW_A, NEW_B]),
        ([NEW_A, B], [A | {"text": "Mine"}, B], [A | {"text": "Mine"}, B]),
        ([NEW_A, B], [B, A], [B, NEW_A]),
        ([A, B, C], [B], [B, C]),
        ([B], [A, B], [B]),
        ([B], [NEW_A, B], [B, NEW_A]),
        ([A], [A, B, C], [A, C]),
    ],
)
def test_questions_are_merged_one_by_one(now: Any, mine: Any, result: Any) -> None:
    base = queues.Draft("n", [A, B])
    draft, told = merging.merged(base, queues.Draft("n", now), queues.Draft("n", mine))
    assert draft.questions == result
    assert {one.label for one in told} <= {"Question a", "Question b", "Question c"} and told


def test_people_are_merged_one_by_one() -> None:
    def of(**roles: str) -> queues.Draft:
        return queues.Draft("n", [A], reviewers=roles)

    base, now = of(ann="reviewer", bob="lead"), of(ann="lead", bob="lead", cem="reviewer")
    draft, told = merging.merged(base, now, of(ann="reviewer"))
    assert draft.reviewers == {"ann": "lead", "cem": "reviewer"}
    assert {(one.label, one.now) for one in told} == {("ann", "lead"), ("cem", "reviewer")}


def test_a_form_made_from_nothing_that_is_known_is_saved_as_it_is(
    access: Access, queue: Queue
) -> None:
    other = desk.queue(access, "other")
    assert merging.opened("nonsense", queue) is None
    assert merging.opened(merging.sealed(other), queue) is None
    known = merging.opened(merging.sealed(queue), queue)
    assert known is not None and known.draft == queues.draft_of(queue)
