"""Working on items."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.review.api import bodies, rows, shapes
from evals.review.api.acting import REVIEWER, ReviewView
from evals.review.models import Item
from evals.review.selectors import items as selected
from evals.review.services import adjudicating, queues, working
from sightglass.accounts.access import Access, Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import page_of

ERRORS = schema.errors(400, 401, 403, 404, 409)


def _whole(access: Access, item: Item, cursor: str | None = None) -> rows.Body:
    rubric = queues.newest(item.queue)
    content = selected.content_of(access, item, cursor=cursor)
    return rows.item_whole(access, item, rubric, content)


def _brief(access: Access, item: Item) -> rows.Body:
    """The item as it is after a change, without its trace."""
    fresh = Item.objects.get(pk=item.pk)
    fresh.queue = item.queue
    mine = selected.mine_of(access, [fresh])[fresh.pk]
    return {"item": rows.item_row(access, fresh, mine), "mine": rows.mine_row(mine)}


class Next(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_next",
        parameters=[REVIEWER],
        request=bodies.ReviewNextGiven,
        responses={200: shapes.ReviewNextRow, **ERRORS},
    )
    def post(self, request: Request, queue: str) -> Response:
        """The item to label now, held for the caller, with all that is to be read of it."""
        access, found = self.queue(request, queue)
        said = bodies.read(bodies.ReviewNextGiven, request.data or {})
        item = working.claim_next(access, found, said.get("besides", ()))
        return Response({"item": None if item is None else _whole(access, item)})


class ItemDetail(ReviewView):
    permissions: ClassVar = {"GET": Permission.READ, "DELETE": Permission.REVIEW}

    @extend_schema(
        operation_id="review_items_read",
        parameters=[REVIEWER, schema.parameter("cursor", "from `content.next`: more spans")],
        responses={200: shapes.ReviewItemWhole, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, queue: str, pk: int) -> Response:
        """One item with its trace, and what the caller may know of its labels."""
        access, item = self.item(request, queue, pk)
        return Response(_whole(access, item, request.GET.get("cursor") or None))

    @extend_schema(
        operation_id="review_items_withdraw",
        parameters=[REVIEWER],
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, queue: str, pk: int) -> Response:
        """Take it out of the queue, with the scores that came of it. For leads."""
        adjudicating.withdraw(*self.item(request, queue, pk))
        return Response(status=204)


class ClaimDetail(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_claim",
        parameters=[REVIEWER],
        request=None,
        responses={200: shapes.ReviewBrief, **ERRORS},
    )
    @bodiless
    def post(self, request: Request, queue: str, pk: int) -> Response:
        """Hold this item, or hold it longer."""
        access, item = self.item(request, queue, pk)
        working.claim(access, item)
        return Response(_brief(access, item))

    @extend_schema(
        operation_id="review_release",
        parameters=[REVIEWER],
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, queue: str, pk: int) -> Response:
        """Give it back; the draft stays."""
        working.release(*self.item(request, queue, pk))
        return Response(status=204)


class DraftDetail(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_draft",
        parameters=[REVIEWER],
        request=bodies.ReviewDraftGiven,
        responses={200: shapes.ReviewDraftRow, **schema.errors(400, 401, 403, 404)},
    )
    def put(self, request: Request, queue: str, pk: int) -> Response:
        """Keep what has been typed, whether or not it could be submitted; {} forgets it."""
        access, item = self.item(request, queue, pk)
        said = bodies.read(bodies.ReviewDraftGiven, request.data)
        return Response(rows.draft_row(working.save_draft(access, item, said["answers"])))


class Submit(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_submit",
        parameters=[REVIEWER],
        request=bodies.ReviewSubmitGiven,
        responses={200: shapes.ReviewBrief, **ERRORS},
    )
    def post(self, request: Request, queue: str, pk: int) -> Response:
        """Give one's label. The same answers again change nothing; 409 says what is there now."""
        access, item = self.item(request, queue, pk)
        said = bodies.read(bodies.ReviewSubmitGiven, request.data)
        working.submit(access, item, said.pop("answers"), **said)
        return Response(_brief(access, item))


class Undo(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_undo",
        parameters=[REVIEWER],
        request=None,
        responses={200: shapes.ReviewBrief, **ERRORS},
    )
    @bodiless
    def post(self, request: Request, queue: str, pk: int) -> Response:
        """Take one's own label back: its answers are the draft again."""
        access, item = self.item(request, queue, pk)
        working.undo(access, item)
        return Response(_brief(access, item))


class SkipDetail(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_skip",
        parameters=[REVIEWER],
        request=bodies.ReviewReasonGiven,
        responses={200: shapes.ReviewBrief, **ERRORS},
    )
    def post(self, request: Request, queue: str, pk: int) -> Response:
        """Leave it to others, and say why."""
        access, item = self.item(request, queue, pk)
        said = bodies.read(bodies.ReviewReasonGiven, request.data)
        working.skip(access, item, said["reason"])
        return Response(_brief(access, item))

    @extend_schema(
        operation_id="review_unskip",
        parameters=[REVIEWER],
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, queue: str, pk: int) -> Response:
        """Take it up again."""
        working.unskip(*self.item(request, queue, pk))
        return Response(status=204)


class FlagDetail(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_flag",
        parameters=[REVIEWER],
        request=bodies.ReviewReasonGiven,
        responses={200: shapes.ReviewBrief, **ERRORS},
    )
    def post(self, request: Request, queue: str, pk: int) -> Response:
        """Ask a lead: it is handed out no more until they answer."""
        access, item = self.item(request, queue, pk)
        said = bodies.read(bodies.ReviewReasonGiven, request.data)
        working.flag(access, item, said["reason"])
        return Response(_brief(access, item))

    @extend_schema(
        operation_id="review_flag_resolve",
        parameters=[REVIEWER],
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, queue: str, pk: int) -> Response:
        """Answered: it is handed out again. For leads."""
        working.resolve_flags(*self.item(request, queue, pk))
        return Response(status=204)


class CommentList(ReviewView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.REVIEW}

    @extend_schema(
        operation_id="review_comments_list",
        parameters=[REVIEWER, *schema.PAGING],
        responses={200: shapes.ReviewCommentPage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, queue: str, pk: int) -> Response:
        """What was said of the item, as far as the caller may know it yet."""
        access, item = self.item(request, queue, pk)
        said = selected.comments_of(access, item)
        page = page_of(request.GET, said, f"comments {pk}", lambda one: one.pk)
        shaped = [rows.comment_row(one) for one in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="review_comments_create",
        parameters=[REVIEWER],
        request=bodies.ReviewCommentGiven,
        responses={201: shapes.ReviewCommentRow, **ERRORS},
    )
    def post(self, request: Request, queue: str, pk: int) -> Response:
        """Say something; `mentions`, or @address in the text, shows it to that person."""
        access, item = self.item(request, queue, pk)
        said = bodies.read(bodies.ReviewCommentGiven, request.data)
        made = working.comment(access, item, said["text"], said.get("mentions", ()))
        return Response(rows.comment_row(made), status=201)


class Adjudicate(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_adjudicate",
        parameters=[REVIEWER],
        request=bodies.ReviewAdjudicateGiven,
        responses={200: shapes.ReviewBrief, **ERRORS},
    )
    def post(self, request: Request, queue: str, pk: int) -> Response:
        """Decide the item whatever its labels say. For leads."""
        access, item = self.item(request, queue, pk)
        said = bodies.read(bodies.ReviewAdjudicateGiven, request.data)
        adjudicating.settle(access, item, said["answers"], version=said.get("version"))
        return Response(_brief(access, item))

    @extend_schema(
        operation_id="review_adjudicate_undo",
        parameters=[REVIEWER],
        responses={200: shapes.ReviewBrief, **ERRORS},
    )
    def delete(self, request: Request, queue: str, pk: int) -> Response:
        """Take the decision back; the labels count again. For leads."""
        access, item = self.item(request, queue, pk)
        adjudicating.reopen(access, item)
        return Response(_brief(access, item))


class Gold(ReviewView):
    permission = Permission.REVIEW

    @extend_schema(
        operation_id="review_gold",
        parameters=[REVIEWER],
        request=bodies.ReviewGoldGiven,
        responses={200: shapes.ReviewBrief, **ERRORS},
    )
    def put(self, request: Request, queue: str, pk: int) -> Response:
        """Say what is right: every reviewer gets the item then, unmarked. For leads."""
        access, item = self.item(request, queue, pk)
        said = bodies.read(bodies.ReviewGoldGiven, request.data)
        adjudicating.make_gold(access, item, said["answers"])
        return Response(_brief(access, item))
