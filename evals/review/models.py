"""Queues, what is in them, and what people said of it.

Answers are JSON by key of the question; `evals.review.questions` and `.answers` say what is valid.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sightglass.accounts.models import Project

USER = settings.AUTH_USER_MODEL


class Order(models.TextChoices):
    """Which item comes next."""

    OLDEST = "oldest", "Oldest first"
    WORST = "worst", "Worst score first"
    UNCERTAIN = "uncertain", "Most uncertain score first"
    DISAGREE = "disagree", "Judges disagree first"
    RANDOM = "random", "Random"


class State(models.TextChoices):
    OPEN = "open", "Wants labels"
    DONE = "done", "Labelled; nothing in it can be agreed on"
    DISPUTED = "disputed", "Labels differ"
    SETTLED = "settled", "Settled"
    WITHDRAWN = "withdrawn", "Taken out"


class Origin(models.TextChoices):
    HAND = "hand", "By hand"
    RULE = "rule", "Sampled by a rule"
    EVALUATOR = "evaluator", "An evaluator was unsure"
    FEEDBACK = "feedback", "A user complained"
    QUOTA = "quota", "Daily quota"
    API = "api", "By API"


class Queue(models.Model):
    """What people should look at. Its newest rubric is the one that is asked."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="review_queues")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    guidelines = models.TextField(blank=True)  # Markdown
    labels_wanted = models.PositiveSmallIntegerField(default=1)
    blind = models.BooleanField(default=True)
    """Whoever may still label an item does not see what others said of it."""
    show_marks = models.BooleanField(default=True)
    """Whoever may still label an item sees in its texts what detectors marked."""
    order = models.CharField(max_length=10, choices=Order.choices, default=Order.OLDEST)
    order_score = models.CharField(max_length=100, blank=True)
    """Names of the scores that an order by scores goes by, with commas; empty: all there are."""
    seed = models.IntegerField(default=1)  # of the random order
    goal_hours = models.PositiveIntegerField(null=True, blank=True)
    """An item is due so long after it was added."""
    lease_minutes = models.PositiveSmallIntegerField(default=15)
    gold_share = models.FloatField(default=0.1)
    """Of what a reviewer gets, while there is gold that they have not seen."""
    version = models.PositiveIntegerField(default=1)  # raised by each change of its settings
    created_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "slug"], name="review_queue_once")
        ]

    def __str__(self) -> str:
        return self.name


class QueueReviewer(models.Model):
    """Who works on a queue. Without one reviewer, every member who may label does."""

    class Role(models.TextChoices):
        REVIEWER = "reviewer", "Reviewer"
        LEAD = "lead", "Lead"

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="reviewers")
    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.REVIEWER)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["queue", "user"], name="review_reviewer_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.queue} · {self.role}"


class Rubric(models.Model):
    """The questions of a queue; a version never changes."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="rubrics")
    version = models.PositiveIntegerField()
    questions = models.JSONField()
    created_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["queue_id", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["queue", "version"], name="review_rubric_once")
        ]

    def __str__(self) -> str:
        return f"{self.queue} v{self.version}"


class FillRule(models.Model):
    """Puts into a queue what it chooses; repeatable, for chance is a hash of ids.

    With `per_day` it draws once a day from the day before; without, it looks at what is new.
    """

    class Kind(models.TextChoices):
        RULE = "rule", "What a query matches"
        QUOTA = "quota", "A number each day"
        CONFIDENCE = "confidence", "An evaluator was unsure"
        DISAGREEMENT = "disagreement", "Detector and judge disagree"
        ALARM = "alarm", "An evaluator raised the alarm"
        FEEDBACK = "feedback", "A user complained"

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="rules")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    q = models.TextField(blank=True)
    target = models.CharField(max_length=5, default="trace")  # trace or span
    rate = models.FloatField(default=1.0)
    rates = models.JSONField(default=dict)
    """By value of the field to stratify by: its own rate."""
    stratify = models.CharField(max_length=100, blank=True)
    per_day = models.PositiveIntegerField(null=True, blank=True)
    config = models.JSONField(default=dict)
    """Of kinds that go by scores: which, and from where on."""
    active = models.BooleanField(default=True)
    created_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    # How far it has looked: rows from `seen_ns` on are new. A round that is not over goes on
    # behind `cursor`, up to `round_ns`; it began at `round_at`, the one before at `last_at`.
    from_ns = models.BigIntegerField(default=0)  # what began before is not the rule's
    seen_ns = models.BigIntegerField(default=0)
    round_ns = models.BigIntegerField(null=True, blank=True)
    round_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    cursor = models.JSONField(null=True, blank=True)
    drawn_day = models.DateField(null=True, blank=True)
    added = models.IntegerField(default=0)
    problem = models.TextField(blank=True)  # why it added nothing the last time

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.queue} · {self.kind}"


class Item(models.Model):
    """A trace, or one span of it, to be labelled."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="items")
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    flagged = models.BooleanField(default=False)
    """A lead was asked; it is not handed out until they answer."""
    origin = models.CharField(max_length=9, choices=Origin.choices)
    rule = models.ForeignKey(
        FillRule, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    probability = models.FloatField(null=True, blank=True)
    """With which it was drawn from what the rule's query matches; null: not drawn by chance."""
    stratum = models.CharField(max_length=200, blank=True)
    found_by = models.CharField(max_length=300, blank=True, default="", db_default="")
    """The search that led to it, in words."""
    rank = models.FloatField(null=True, blank=True)  # the lowest comes first; null: not known yet
    ranked_at = models.DateTimeField(null=True, blank=True)
    gold = models.JSONField(null=True, blank=True)
    """Answers known to be right: the item measures reviewers and is nobody's truth."""
    labels = models.PositiveSmallIntegerField(default=0)  # valid ones, without adjudications
    version = models.PositiveIntegerField(default=0)  # raised by each change of labels or state
    added_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_answers = models.JSONField(null=True, blank=True)
    """What was agreed on or decided, while the item is settled."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["queue", "trace_id", "span_id"],
                name="review_item_once",
                nulls_distinct=False,
            )
        ]
        indexes: ClassVar = [
            models.Index(
                "queue", "rank", "id", name="review_item_next",
                condition=Q(state="open", flagged=False, gold__isnull=True),
            ),
            models.Index(
                "queue", "rank", "id", name="review_item_gold",
                condition=Q(state="open", flagged=False, gold__isnull=False),
            ),
            models.Index(fields=["queue", "state", "id"], name="review_item_state"),
            models.Index(
                fields=["queue", "due_at"], name="review_item_due", condition=Q(state="open")
            ),
            models.Index(
                fields=["queue", "ranked_at"], name="review_item_ranked", condition=Q(state="open")
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.queue} #{self.pk}"


class Claim(models.Model):
    """Somebody is at work on an item until the lease ends."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="claims")
    reviewer = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "reviewer"], name="review_claim_once")
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.item_id} until {self.until}"


class Draft(models.Model):
    """What somebody has typed and not submitted. It outlives lease, session and browser."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="drafts")
    reviewer = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "reviewer"], name="review_draft_once")
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.item_id}"


class Label(models.Model):
    """What one person said of an item, once. A change withdraws it and makes another."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="given")
    reviewer = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    reviewer_label = models.CharField(max_length=200)  # outlives the account
    rubric = models.ForeignKey(Rubric, on_delete=models.CASCADE, related_name="+", db_index=False)
    answers = models.JSONField()
    seconds = models.FloatField(null=True, blank=True)
    submitted_at = models.DateTimeField(default=timezone.now)
    adjudicates = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item", "reviewer"],
                name="review_label_once",
                condition=Q(withdrawn_at__isnull=True, adjudicates=False),
            ),
            models.UniqueConstraint(
                fields=["item"],
                name="review_adjudicated_once",
                condition=Q(withdrawn_at__isnull=True, adjudicates=True),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["reviewer", "submitted_at"], name="review_label_pace"),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_label} on {self.item_id}"


class Skip(models.Model):
    """Somebody would rather not; the item goes to others."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="skips")
    reviewer = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "reviewer"], name="review_skip_once")
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} skipped {self.item_id}"


class Flag(models.Model):
    """A question to a lead."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="flags")
    author = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=2000)
    created_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.reason[:50]}"


class Comment(models.Model):
    """Words about an item; `mentions` are ids of members.

    `withheld`, of a row that was read for somebody: its words are kept from them.
    """

    withheld: bool = False

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    mentions = ArrayField(models.BigIntegerField(), default=list)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.text[:50]}"
