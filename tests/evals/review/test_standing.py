"""Who sees and does what in which queue."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from evals.review.errors import Invalid
from evals.review.models import Item, Order, Queue, QueueReviewer, Rubric
from evals.review.selectors import items
from evals.review.services import queues, standing, working
from sightglass.accounts.access import SCOPE_PERMISSIONS, Access
from sightglass.accounts.models import AuditEntry, Project, Role
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
ANN, LEA = "ann@example.org", "lea@example.org"


def slugs(access: Access) -> set[str]:
    return set(standing.visible(access).values_list("slug", flat=True))


def test_a_reviewer_sees_their_queues_and_the_open_ones(
    access: Access, ann: Access, bob: Access, lea: Access
) -> None:
    desk.queue(access, "open")
    desk.queue(access, "anns", reviewers={ANN: "reviewer", LEA: "lead"})
    desk.queue(access, "led", reviewers={LEA: "lead"})
    assert slugs(ann) == {"open", "anns", "led"}
    assert slugs(bob) == {"open", "led"}
    assert slugs(lea) == {"open", "anns", "led"}
    with pytest.raises(Http404):
        standing.queue_of(bob, "anns")


def test_who_may_write_and_who_only_reads_see_all(
    project: Project, access: Access, ann: Access, viewer: Access
) -> None:
    desk.queue(access, "anns", reviewers={ANN: "reviewer"})
    assert slugs(desk.person(project, "eve", Role.ENGINEER)) == slugs(viewer) == {"anns"}
    for scope, sees in (("read", {"anns"}), ("write", {"anns"}), ("ingest", set())):
        assert slugs(Access(project, SCOPE_PERMISSIONS[scope])) == sees


def test_a_queue_of_another_project_is_not_there(
    access: Access, queue: Queue, item: Item, other_project: Project
) -> None:
    stranger = desk.person(other_project, "sid", Role.OWNER)
    assert slugs(stranger) == set()
    with pytest.raises(Http404):
        standing.queue_of(stranger, queue.slug)
    with pytest.raises(Http404):
        standing.item_of(stranger, queue, item.pk)


def test_an_item_of_another_queue_is_not_there(access: Access, item: Item) -> None:
    with pytest.raises(Http404):
        standing.item_of(access, desk.queue(access, "other"), item.pk)


def test_who_is_not_named_does_not_label(access: Access, ann: Access, bob: Access) -> None:
    queue = desk.queue(access, reviewers={ANN: "reviewer"})
    [item] = desk.fill(access, queue)
    for person in (bob, access):  # an owner who is not named, too
        with pytest.raises(PermissionDenied):
            working.submit(person, item, desk.GOOD)
    working.submit(ann, item, desk.GOOD)


def test_a_lead_labels_too(access: Access, ann: Access, lea: Access) -> None:
    queue = desk.queue(access, reviewers={ANN: "reviewer", LEA: "lead"})
    assert standing.may_label(lea, queue) and standing.may_lead(lea, queue)
    assert standing.may_label(ann, queue) and not standing.may_lead(ann, queue)


def test_a_role_that_is_lost_ends_everything(access: Access, ann: Access, lea: Access) -> None:
    queue = desk.queue(access, reviewers={ANN: "reviewer", LEA: "lead"})
    before = desk.with_role(lea, Role.VIEWER)
    assert not standing.may_label(before, queue) and not standing.may_lead(before, queue)


def test_a_key_without_a_person_labels_nothing(project: Project, queue: Queue, item: Item) -> None:
    key = Access(project, SCOPE_PERMISSIONS["admin"])
    assert standing.may_lead(key, queue) and not standing.may_label(key, queue)
    with pytest.raises(PermissionDenied):
        working.submit(key, item, desk.GOOD)


def test_the_whole_is_for_leads_and_onlookers(
    project: Project, access: Access, ann: Access, lea: Access, viewer: Access
) -> None:
    queue = desk.queue(access, reviewers={ANN: "reviewer", LEA: "lead"})
    standing.whole(lea, queue)
    standing.whole(viewer, queue)
    with pytest.raises(PermissionDenied):
        standing.whole(ann, queue)
    engineer = desk.person(project, "eve", Role.ENGINEER)
    standing.whole(engineer, queue)
    desk.change(access, queue, reviewers={"eve@example.org": "reviewer", LEA: "lead"})
    with pytest.raises(PermissionDenied):
        standing.whole(engineer, queue)


def test_only_who_may_write_makes_and_changes_queues(
    access: Access, queue: Queue, ann: Access, viewer: Access
) -> None:
    draft = queues.draft_of(queue)
    for person in (ann, viewer):
        with pytest.raises(PermissionDenied):
            queues.create(person, "mine", draft)
        with pytest.raises(PermissionDenied):
            queues.update(person, queue, draft)
        with pytest.raises(PermissionDenied):
            queues.archive(person, queue)


def test_a_queue_is_made_with_all_it_has(access: Access, ann: Access) -> None:
    queue = desk.queue(
        access, "full", guidelines="*Be kind.*", labels_wanted=3, blind=False, order="random",
        seed=7, goal_hours=24, lease_minutes=5, gold_share=0.2, reviewers={ANN: "lead"},
    )  # fmt: skip
    draft = queues.draft_of(Queue.objects.get(pk=queue.pk))
    assert (draft.labels_wanted, draft.blind, draft.order, draft.seed) == (3, False, "random", 7)
    assert (draft.goal_hours, draft.lease_minutes, draft.gold_share) == (24, 5, 0.2)
    assert draft.reviewers == {ANN: "lead"} and draft.guidelines == "*Be kind.*"
    entry = AuditEntry.objects.get(action="review.queue_created")
    assert entry.after is not None and entry.after["labels_wanted"] == 3


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"labels_wanted": 0}, "/labels_wanted"),
        ({"labels_wanted": 6}, "/labels_wanted"),
        ({"order": "newest"}, "/order"),
        ({"order": "disagree"}, "/order_score"),
        ({"order": "disagree", "order_score": "a, a"}, "/order_score"),
        ({"goal_hours": 0}, "/goal_hours"),
        ({"lease_minutes": 0}, "/lease_minutes"),
        ({"gold_share": 0.6}, "/gold_share"),
        ({"gold_share": float("nan")}, "/gold_share"),
        ({"guidelines": "x" * 50_001}, "/guidelines"),
        ({"questions": []}, "/questions"),
        ({"reviewers": {ANN: "boss"}}, "/reviewers/ann@example.org"),
        ({"reviewers": {"vic@example.org": "reviewer"}}, "/reviewers/vic@example.org"),
        ({"reviewers": {"who@example.org": "lead"}}, "/reviewers/who@example.org"),
    ],
)
def test_a_wrong_setting_is_pointed_at(
    access: Access, ann: Access, viewer: Access, settings: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as caught:
        desk.queue(access, **settings)
    assert [one["pointer"] for one in caught.value.errors] == [pointer]
    assert not Queue.objects.exists()


@pytest.mark.parametrize("slug", ["", "Big", "with space", "-x", "x" * 61, "a/b"])
def test_a_slug_goes_into_an_address(access: Access, slug: str) -> None:
    with pytest.raises(Invalid):
        desk.queue(access, slug)


def test_a_slug_is_taken_for_good(access: Access, queue: Queue) -> None:
    queues.archive(access, queue)
    with pytest.raises(Invalid):
        desk.queue(access, queue.slug)


def test_other_questions_make_a_version(access: Access, queue: Queue) -> None:
    desk.change(access, queue, name="Other name")
    assert Rubric.objects.count() == 1
    desk.change(access, queue, questions=[desk.HELPFUL])
    assert [one.version for one in Rubric.objects.order_by("version")] == [1, 2]
    assert len(Rubric.objects.get(version=1).questions) == 4
    before = AuditEntry.objects.count()
    desk.change(access, queue)
    assert AuditEntry.objects.count() == before
    entry = AuditEntry.objects.filter(action="review.queue_changed").order_by("pk").first()
    assert entry is not None and entry.after == {"name": "Other name"}


def test_people_come_and_go(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    desk.change(access, queue, reviewers={ANN: "reviewer"})
    assert not standing.may_label(bob, queue)
    desk.change(access, queue, reviewers={})
    assert standing.may_label(bob, queue) and not QueueReviewer.objects.exists()


def test_a_goal_makes_items_due(access: Access, queue: Queue) -> None:
    [early] = desk.fill(access, queue)
    assert early.due_at is None
    changed = desk.change(access, queue, goal_hours=24)
    [late] = desk.fill(access, changed)
    for item in (desk.fresh(early), late):
        assert item.due_at is not None
        assert (item.due_at - item.added_at).total_seconds() == 24 * 3600
    desk.change(access, queue, goal_hours=None)
    assert desk.fresh(late).due_at is None


def test_another_order_holds_at_once(access: Access, queue: Queue, ann: Access) -> None:
    made = desk.fill(access, queue, 8)
    oldest = [item.pk for item in made]
    desk.change(access, queue, order=Order.RANDOM, seed=3)
    shuffled = list(Item.objects.order_by("rank").values_list("pk", flat=True))
    assert sorted(shuffled) == sorted(oldest) and shuffled != oldest
    desk.change(access, queue, seed=4)
    assert list(Item.objects.order_by("rank").values_list("pk", flat=True)) != shuffled
    desk.change(access, queue, seed=3)
    assert list(Item.objects.order_by("rank").values_list("pk", flat=True)) == shuffled
    got = working.claim_next(ann, queue)
    assert got is not None and got.pk == shuffled[0]


def test_an_archived_queue_does_not_change(access: Access, queue: Queue) -> None:
    queues.archive(access, queue)
    with pytest.raises(Invalid):
        desk.change(access, queue, name="New")
    queues.archive(access, queue)
    assert AuditEntry.objects.filter(action="review.queue_archived").count() == 1


def test_a_blind_queue_is_blind_for_engineers_who_label(
    project: Project, access: Access, ann: Access
) -> None:
    """Named as reviewers they do not lead; leading for want of a lead, they label first."""
    eve = desk.person(project, "eve", Role.ENGINEER)
    queue = desk.queue(
        access, "named", labels_wanted=2, reviewers={ANN: "reviewer", "eve@example.org": "reviewer"}
    )
    [item] = desk.fill(access, queue, 1)
    working.submit(ann, item, desk.GOOD)
    assert not standing.may_lead(eve, queue) and not standing.sight(eve, item).others
    with pytest.raises(PermissionDenied):
        standing.whole(eve, queue)
    working.submit(eve, desk.fresh(item), desk.GOOD)
    assert standing.sight(eve, desk.fresh(item)).others
    assert standing.may_lead(access, queue), "administrators do"

    everybody = desk.queue(access, "everybody", labels_wanted=2)
    [item] = desk.fill(access, everybody, 1)
    working.submit(ann, item, desk.GOOD)
    assert standing.may_lead(eve, everybody) and not standing.sight(eve, desk.fresh(item)).others
    working.submit(access, desk.fresh(item), desk.BAD)
    assert standing.sight(eve, desk.fresh(item)).others, "nobody can label it any more"


@pytest.mark.parametrize("named", [{}, {"lea@example.org": "lead"}])
def test_a_blind_queue_is_blind_for_who_leads_it_while_they_label(
    access: Access, ann: Access, lea: Access, named: dict[str, str]
) -> None:
    """Administrators and named leads see all, but for what they hold or have begun."""
    who = lea if named else access
    queue = desk.queue(access, labels_wanted=2, show_marks=False, reviewers=named)
    item, other = desk.fill(access, queue, 2)
    for one in (item, other):
        working.submit(ann, one, desk.BAD)
        working.comment(ann, one, "Clearly rude.")
    assert standing.sight(who, item) == standing.Sight(True, True)
    got = working.claim_next(who, queue)
    assert got is not None and got.pk == item.pk
    assert standing.sight(who, item) == standing.Sight(False, False)
    assert standing.sight(who, other) == standing.Sight(True, True)
    assert items.labels_of(who, item) == [] and items.comments_of(who, item) == []
    working.save_draft(who, item, {"helpful": True})
    desk.end_lease(item, who)
    assert not standing.sight(who, item).others, "it is begun"
    working.submit(who, item, desk.GOOD)
    assert standing.sight(who, desk.fresh(item)) == standing.Sight(True, True)
    open_ = desk.queue(access, "open", labels_wanted=2, blind=False)
    [item] = desk.fill(access, open_)
    working.claim(access, item)
    assert standing.sight(access, item) == standing.Sight(True, True)


def test_who_leads_and_does_not_label_sees_a_held_item(
    access: Access, ann: Access, bob: Access
) -> None:
    queue = desk.queue(access, labels_wanted=2)
    [item] = desk.fill(access, queue)
    working.claim(access, item)
    desk.change(access, queue, reviewers={ANN: "reviewer", "bob@example.org": "reviewer"})
    assert standing.sight(access, desk.fresh(item)).others
