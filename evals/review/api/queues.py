"""Queues, what fills them, and what comes of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.review.api import bodies, exports, rows, shapes
from evals.review.api.acting import REVIEWER, ReviewView, acting
from evals.review.models import Origin, Queue, State
from evals.review.selectors import agreement as agreeing
from evals.review.selectors import items as selected
from evals.review.selectors import labels as labelled
from evals.review.selectors import queues as counted
from evals.review.selectors.queues import Counts
from evals.review.services import filling, queues, rules, standing
from sightglass.accounts.access import Access, Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import (
    DEFAULT_LIMIT,
    FORMATS,
    bad_parameter,
    nanoseconds,
    page_by_pk,
    page_of,
    read_flag,
    read_limit,
)
from traces.ids import span_from_hex, span_hex, trace_from_hex, trace_hex
from traces.selectors.paging import MAX_LIMIT


class QueueList(ReviewView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="review_queues_list",
        parameters=[
            REVIEWER,
            schema.parameter("archived", "true: those that have ended", bool),
            *schema.PAGING,
        ],
        responses={200: shapes.ReviewQueuePage, **schema.errors(400, 401, 403, 503)},
    )
    def get(self, request: Request) -> Response:
        """The queues that the caller sees, by name, with their newest rubric and counts."""
        access = acting(request)
        archived = read_flag(request.GET, "archived")
        found = counted.list_queues(access, archived=archived)
        page = page_of(request.GET, found, f"queues {archived}", lambda one: one.pk)
        rubrics, counts = counted.newest_rubrics(page.results), counted.counts_of(page.results)
        shaped = [
            rows.queue_row(access, one, rubrics[one.pk], counts.get(one.pk, Counts()))
            for one in page.results
        ]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="review_queues_create",
        parameters=[REVIEWER],
        request=bodies.ReviewQueueGiven,
        responses={201: shapes.ReviewQueueRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Make a queue."""
        said = bodies.read(bodies.ReviewQueueGiven, request.data)
        access = acting(request)
        queue = queues.create(access, said["slug"], queues.Draft(**bodies.settings_from(said)))
        return Response(_row(access, queue), status=201)


def _row(access: Access, queue: Queue) -> rows.Body:
    counts = counted.counts_of([queue]).get(queue.pk, Counts())
    return rows.queue_row(access, queue, queues.newest(queue), counts)


class QueueDetail(ReviewView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PATCH": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="review_queues_read",
        parameters=[REVIEWER],
        responses={200: shapes.ReviewQueueRow, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, queue: str) -> Response:
        """One queue."""
        return Response(_row(*self.queue(request, queue)))

    @extend_schema(
        operation_id="review_queues_change",
        parameters=[REVIEWER],
        request=bodies.ReviewQueueChange(partial=True),
        responses={200: shapes.ReviewQueueRow, **schema.errors(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, queue: str) -> Response:
        """Change what is named; other questions make the next version of the rubric.

        With `version`, that of the queue as it was read, a change that came since is a conflict.
        """
        access, found = self.queue(request, queue)
        said = bodies.read(bodies.ReviewQueueChange, request.data, partial=True)
        fields = bodies.settings_from(said)
        changed = queues.change(access, found, fields, version=said.get("version"))
        return Response(_row(access, changed))

    @extend_schema(
        operation_id="review_queues_archive",
        parameters=[REVIEWER],
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, queue: str) -> Response:
        """End it. Labels, drafts and scores stay, its name is not free again."""
        queues.archive(*self.queue(request, queue))
        return Response(status=204)


class QueueRestore(ReviewView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="review_queues_restore",
        parameters=[REVIEWER],
        request=None,
        responses={200: shapes.ReviewQueueRow, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, queue: str) -> Response:
        """Take an archived queue back; its rules stay stopped."""
        access, found = self.queue(request, queue)
        queues.restore(access, found)
        found.refresh_from_db(fields=["archived_at"])
        return Response(_row(access, found))


class RuleList(ReviewView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="review_rules_list",
        parameters=[REVIEWER, *schema.PAGING],
        responses={200: shapes.ReviewRulePage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, queue: str) -> Response:
        """What fills the queue, stopped rules too. For leads and who may write."""
        access, found = self.queue(request, queue)
        standing.whole(access, found)
        page = page_by_pk(request.GET, found.rules.all(), f"rules {found.pk}")
        shaped = [rows.rule_row(rule) for rule in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="review_rules_create",
        parameters=[REVIEWER],
        request=bodies.ReviewRuleGiven,
        responses={201: shapes.ReviewRuleRow, **schema.errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, queue: str) -> Response:
        """Fill the queue by a rule from now on."""
        access, found = self.queue(request, queue)
        said = bodies.read(bodies.ReviewRuleGiven, request.data)
        since = said.pop("since", None)
        try:
            since_ns = None if since is None else nanoseconds(since)
        except (ValueError, OverflowError):
            detail = "An RFC 3339 time with a zone, or whole Unix nanoseconds."
            raise bad_parameter("since", detail) from None
        if since_ns is not None and since_ns < 0:
            raise bad_parameter("since", "Must not be before 1970.")
        rule = rules.create(access, found, rules.Draft(**said), since_ns=since_ns)
        return Response(rows.rule_row(rule), status=201)


class RuleDetail(ReviewView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="review_rules_stop",
        parameters=[REVIEWER],
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, queue: str, pk: int) -> Response:
        """Stop a rule; what it added stays."""
        access, found = self.queue(request, queue)
        rules.stop(access, rules.rule_of(found, pk))
        return Response(status=204)


class ItemList(ReviewView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="review_items_list",
        parameters=[
            REVIEWER,
            schema.parameter("state", "only in this state", enum=State.values),
            schema.parameter("flagged", "true: only those that a lead was asked about", bool),
            schema.parameter("overdue", "true: only open ones that are late", bool),
            schema.parameter("limit", "1 to 1000"),
            schema.parameter("cursor", "from `next`"),
        ],
        responses={200: shapes.ReviewItemPage, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, queue: str) -> Response:
        """Items of the queue in the order of their adding."""
        access, found = self.queue(request, queue)
        state = request.GET.get("state")
        if state is not None and state not in State.values:
            raise bad_parameter("state", f"Must be one of {', '.join(State.values)}.")
        page = selected.list_items(
            access,
            found,
            state=state,
            flagged=read_flag(request.GET, "flagged"),
            overdue=read_flag(request.GET, "overdue"),
            limit=read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT),
            cursor=request.GET.get("cursor") or None,
        )
        shaped = rows.item_rows(access, found, page.results)
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="review_items_add",
        parameters=[REVIEWER],
        request=bodies.ReviewItemsGiven,
        responses={201: shapes.ReviewAddedRow, **schema.errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, queue: str) -> Response:
        """Put traces or spans in, up to 1000; what is in it already is counted and left alone."""
        access, found = self.queue(request, queue)
        said = bodies.read(bodies.ReviewItemsGiven, request.data)
        keys = [
            (
                trace_from_hex(one["trace_id"]),
                span_from_hex(one["span_id"]) if one.get("span_id") else None,
            )
            for one in said["items"]
        ]
        added = filling.add(access, found, keys, Origin.API)
        unknown = [
            {
                "trace_id": trace_hex(trace_id),
                "span_id": None if span_id is None else span_hex(span_id),
            }
            for trace_id, span_id in added.unknown
        ]
        body = {"ids": added.items, "duplicates": added.duplicates, "unknown": unknown}
        return Response(body, status=201)


class LabelList(ReviewView):
    @extend_schema(
        operation_id="review_labels_list",
        parameters=[
            REVIEWER,
            schema.parameter("limit", "1 to 1000; of an export, rows in all"),
            schema.parameter("cursor", "from `next`"),
            schema.parameter("format", "`jsonl` and `csv` stream everything", enum=list(FORMATS)),
        ],
        responses={
            (200, "application/json"): shapes.ReviewExportedPage,
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, description="Export"),
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="Export"),
            **schema.errors(400, 401, 403, 404, 503),
        },
    )
    def get(self, request: Request, queue: str) -> HttpResponseBase:
        """Every valid label of the queue with its item. For leads."""
        access, found = self.queue(request, queue)
        standing.whole(access, found)
        form = request.GET.get("format", "json")
        if form not in FORMATS:
            raise bad_parameter("format", f"One of {', '.join(FORMATS)}.")
        limit = read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT)
        cursor = request.GET.get("cursor") or None
        if form == "json":
            page = labelled.list_labels(found, limit=limit, cursor=cursor)
            shaped = [rows.exported_row(label) for label in page.results]
            return Response({"results": shaped, "next": page.next})
        most = limit if "limit" in request.GET else None
        return exports.labels_file(found, form, cursor=cursor, most=most)


class Agreement(ReviewView):
    @extend_schema(
        operation_id="review_agreement",
        parameters=[REVIEWER],
        responses={200: shapes.ReviewAgreementWhole, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, queue: str) -> Response:
        """How far reviewers agree, by question; their bias and drift; how they did on gold."""
        access, found = self.queue(request, queue)
        standing.whole(access, found)
        told = agreeing.of_queue(found)
        body: dict[str, Any] = {
            "questions": [rows.agreement_row(one) for one in told if one.wording.present],
            "former": [rows.agreement_row(one) for one in told if not one.wording.present],
            "gold": [rows.gold_row(one) for one in agreeing.on_gold(found)],
        }
        return Response(body)


class ProgressDetail(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_progress",
        parameters=[REVIEWER],
        responses={200: shapes.ReviewProgressRow, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, queue: str) -> Response:
        """One's own work: how much, how fast, what is held, drafted, due; who mentioned one."""
        access, found = self.queue(request, queue)
        told = counted.progress(access, found)
        return Response(rows.progress_row(access, found, told))
