"""Bodies out: rows of the database as the shapes of `evals.review.api.shapes`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from evals.review.models import Claim, Comment, Draft, FillRule, Flag, Item, Label, Queue, Rubric
from evals.review.selectors import items as selected
from evals.review.selectors.agreement import OfQuestion, OnGold
from evals.review.selectors.queues import Counts, Progress
from evals.review.services import standing
from evals.stats.estimates import Estimate
from evals.stats.reviewers import Reviewer
from sightglass.accounts.access import Access
from traces.ids import span_hex, trace_hex
from traces.selectors import shapes, traces

Body = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    return None if at is None else shapes.moment_text(at)


def rubric_row(rubric: Rubric) -> Body:
    return {
        "version": rubric.version,
        "questions": rubric.questions,
        "created_at": moment(rubric.created_at),
    }


QUEUE = (
    *("slug", "name", "guidelines", "labels_wanted", "blind", "show_marks", "order"),
    *("order_score", "seed", "goal_hours", "lease_minutes", "version"),
)


def queue_row(access: Access, queue: Queue, rubric: Rubric, counts: Counts) -> Body:
    people = queue.reviewers.order_by("user__email").values_list("user__email", "role")
    leads = standing.may_lead(access, queue)
    return {
        **{name: getattr(queue, name) for name in QUEUE},
        "gold_share": queue.gold_share if leads else None,
        "rubric": rubric_row(rubric),
        "reviewers": dict(people),
        "archived_at": moment(queue.archived_at),
        "items": {
            "total": counts.total,
            "states": counts.states,
            "overdue": counts.overdue,
            "flagged": counts.flagged,
        },
    }


RULE = (
    *("id", "kind", "q", "target", "rate", "rates", "stratify", "per_day", "config", "active"),
    *("added", "problem"),
)


def rule_row(rule: FillRule) -> Body:
    return {name: getattr(rule, name) for name in RULE} | {"created_at": moment(rule.created_at)}


LEADS_ONLY = ("origin", "probability", "stratum", "labels", "version", "gold", "settled_answers")


def item_row(access: Access, item: Item, mine: selected.Mine) -> Body:
    row: Body = {
        "id": item.pk,
        "trace_id": trace_hex(item.trace_id),
        "span_id": None if item.span_id is None else span_hex(item.span_id),
        "state": selected.shown_state(access, item, mine),
        "flagged": item.flagged,
        "added_at": moment(item.added_at),
        "due_at": moment(item.due_at),
    }
    if standing.may_lead(access, item.queue):
        row |= {name: getattr(item, name) for name in LEADS_ONLY}
    return row


def item_rows(access: Access, queue: Queue, found: Sequence[Item]) -> list[Body]:
    for item in found:
        item.queue = queue
    mine = selected.mine_of(access, found)
    return [item_row(access, item, mine[item.pk]) for item in found]


def label_row(label: Label) -> Body:
    return {
        "id": label.pk,
        "reviewer": label.reviewer_label,
        "rubric": label.rubric.version,
        "answers": label.answers,
        "seconds": label.seconds,
        "submitted_at": moment(label.submitted_at),
        "adjudicates": label.adjudicates,
    }


def exported_row(label: Label) -> Body:
    item = label.item
    return label_row(label) | {
        "item": item.pk,
        "trace_id": trace_hex(item.trace_id),
        "span_id": None if item.span_id is None else span_hex(item.span_id),
        "state": item.state,
        "origin": item.origin,
        "probability": item.probability,
        "stratum": item.stratum,
        "gold": item.gold is not None,
    }


def comment_row(comment: Comment) -> Body:
    return {
        "id": comment.pk,
        "item": comment.item_id,
        "author": None if comment.author is None else comment.author.email,
        "text": None if comment.withheld else comment.text,
        "created_at": moment(comment.created_at),
    }


def flag_row(flag: Flag) -> Body:
    return {
        "id": flag.pk,
        "author": None if flag.author is None else flag.author.email,
        "reason": flag.reason,
        "created_at": moment(flag.created_at),
        "resolved_at": moment(flag.resolved_at),
    }


def draft_row(draft: Draft) -> Body:
    return {
        "item": draft.item_id,
        "answers": draft.answers,
        "saved_at": moment(draft.saved_at),
    }


def claim_row(claim: Claim) -> Body:
    return {"item": claim.item_id, "until": moment(claim.until)}


def mine_row(mine: selected.Mine) -> Body:
    return {
        "claimed_until": None if mine.claim is None else moment(mine.claim.until),
        "draft": None if mine.draft is None else draft_row(mine.draft),
        "label": None if mine.label is None else label_row(mine.label),
        "skipped": None if mine.skip is None else mine.skip.reason,
    }


def content_row(access: Access, content: selected.Content) -> Body:
    return {
        "trace": None if content.trace is None else shapes.trace_summary(content.trace),
        "spans": traces.spans_whole(access, content.spans),
        "scores": shapes.scores(content.scores),
        "next": content.next,
    }


def item_whole(access: Access, item: Item, rubric: Rubric, content: selected.Content) -> Body:
    mine = selected.mine_of(access, [item])[item.pk]
    sight = standing.sight(access, item)
    row = item_row(access, item, mine) | {
        "rubric": rubric_row(rubric),
        "mine": mine_row(mine),
        "given": [label_row(one) for one in selected.labels_of(access, item, sight)],
        "comments": [comment_row(one) for one in selected.comments_of(access, item, sight)],
        "flags": [flag_row(one) for one in selected.flags_of(access, item)],
        "content": content_row(access, content),
    }
    if content.trace is not None and not (sight.others and sight.marks):
        # Its summary repeats scores that people gave, and those of detectors.
        row["content"]["trace"]["scores"] = selected.scores_shown(content)
    return row


def progress_row(access: Access, queue: Queue, told: Progress) -> Body:
    return {
        **{name: getattr(told, name) for name in ("labelled", "today", "pace", "left")},
        "median_seconds": told.median_seconds,
        "held": [claim_row(one) for one in told.held],
        "drafts": [draft_row(one) for one in told.drafts],
        "due": item_rows(access, queue, told.due),
        "mentions": [comment_row(one) for one in told.mentions],
    }


def estimate_row(one: Estimate) -> Body:
    return {name: getattr(one, name) for name in ("value", "low", "high", "n", "reason")}


def agreement_row(of: OfQuestion) -> Body:
    found = of.agreement
    return {
        "question": of.question["key"],
        "versions": list(of.wording.versions),
        "kind": of.question["kind"],
        "level": of.level.value,
        "alpha": estimate_row(found.alpha),
        "fleiss": estimate_row(found.fleiss),
        "pairs": [
            {
                "reviewers": list(who),
                "observed": estimate_row(pair.observed),
                "kappa": estimate_row(pair.kappa),
                "weighted": None if pair.weighted is None else estimate_row(pair.weighted),
            }
            for who, pair in found.pairs.items()
        ],
        "reviewers": [reviewer_row(who, one) for who, one in of.reviewers.items()],
    }


def reviewer_row(who: str, one: Reviewer) -> Body:
    return {"reviewer": who, "bias": estimate_row(one.bias), "drift": estimate_row(one.drift)}


def gold_row(one: OnGold) -> Body:
    shares = {key: estimate_row(share) for key, share in one.questions.items()}
    return {"reviewer": one.reviewer, "items": one.items, "questions": shares}
