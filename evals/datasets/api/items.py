"""Items: read, added, changed, compared, exported."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.datasets.api import bodies, rows, shapes
from evals.datasets.api.datasets import CURSOR, LIMIT, VERSION, DatasetView, page_of
from evals.datasets.formats import FORMATS
from evals.datasets.models import Dataset
from evals.datasets.selectors import datasets as selected
from evals.datasets.selectors import exporting
from evals.datasets.selectors import items as listed
from evals.datasets.services import adding, editing, erasing, gathering
from evals.datasets.services.adding import Personal
from evals.datasets.services.gathering import Gathered
from evals.review.api.bodies import read
from evals.review.errors import invalid
from evals.review.services import standing
from sightglass.accounts.access import Access, Permission
from traces.api import schema
from traces.api.pagination import bad_parameter

SPLIT = schema.parameter("split", "only this split; empty: those without")
CHANGES = schema.errors(400, 401, 403, 404, 409)


def split_of(request: Request) -> str | None:
    """Raises Problem (400)."""
    split = request.GET.get("split")
    if split is not None and (len(split) > 40 or "\0" in split):
        raise bad_parameter("split", "At most 40 characters.")
    return split


class ItemList(DatasetView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="datasets_items_list",
        parameters=[
            VERSION,
            SPLIT,
            schema.parameter("text", "only those whose input or expected output holds it"),
            LIMIT,
            CURSOR,
        ],
        responses={200: shapes.DatasetItemPage, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, dataset: str) -> Response:
        """Items of a version by number."""
        _, found = self.dataset(request, dataset)
        version = selected.number_of(found, request.GET.get("version"))
        text = request.GET.get("text", "")
        if len(text) > 200 or "\0" in text:
            raise bad_parameter("text", "At most 200 characters.")
        limit, cursor = page_of(request)
        page = listed.list_items(
            found, version, split=split_of(request), text=text, limit=limit, cursor=cursor
        )
        shaped = [rows.item_row(item) for item in page.results]
        return Response({"version": version, "results": shaped, "next": page.next})

    @extend_schema(
        operation_id="datasets_items_add",
        request=bodies.DatasetItemsGiven,
        responses={200: shapes.DatasetAdded, **CHANGES},
    )
    def post(self, request: Request, dataset: str) -> Response:
        """Add items, all or none, as one version. With their ids again, nothing changes."""
        access, found = self.dataset(request, dataset)
        said = read(bodies.DatasetItemsGiven, request.data)
        drafts = bodies.drafts_of(said["items"])
        choices = bodies.choices_of(said)
        result = adding.add(access, found, drafts, choices, note=said.get("note", ""))
        return Response(rows.added_row(result))


class Removal(DatasetView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="datasets_items_remove",
        request=bodies.DatasetRemoval,
        responses={200: shapes.DatasetChanged, **CHANGES},
    )
    def post(self, request: Request, dataset: str) -> Response:
        """Take items out: the next version is without them, earlier ones keep them."""
        access, found = self.dataset(request, dataset)
        said = read(bodies.DatasetRemoval, request.data)
        version = editing.remove(access, found, said["numbers"], note=said.get("note", ""))
        return Response(rows.changed_row(version))


class Check(DatasetView):
    permission = Permission.READ

    @extend_schema(
        operation_id="datasets_items_check",
        request=bodies.DatasetCheckGiven,
        responses={200: shapes.DatasetLooks, **schema.errors(400, 401, 403, 404)},
    )
    def post(self, request: Request, dataset: str) -> Response:
        """What adding these items would find: errors, personal data, near-duplicates."""
        _, found = self.dataset(request, dataset)
        said = read(bodies.DatasetCheckGiven, request.data)
        looks = adding.look(found, bodies.drafts_of(said["items"]))
        return Response({"results": [rows.look_row(one) for one in looks]})


def _gathered(
    access: Access, dataset: Dataset, made: Gathered, said: dict[str, Any], last: int | None
) -> Response:
    split = said.get("split", "")
    for draft in made.drafts:
        draft.split = split
    result = adding.Added()
    if made.drafts:
        choices = bodies.choices_of(said)
        result = adding.add(access, dataset, made.drafts, choices, note=said.get("note", ""))
    body = rows.added_row(result) | {
        "unknown": [rows.place_row(key) for key in made.unknown],
        "silent": [rows.place_row(key) for key in made.silent],
        "last": last,
    }
    return Response(body)


class FromTraces(DatasetView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="datasets_add_traces",
        request=bodies.DatasetTracesGiven,
        responses={200: shapes.DatasetGathered, **CHANGES},
    )
    def post(self, request: Request, dataset: str) -> Response:
        """Add what traces or spans asked and answered, with corrections by reviewers."""
        access, found = self.dataset(request, dataset)
        said = read(bodies.DatasetTracesGiven, request.data)
        rule = bodies.rule_of(said, gathering.OF_TRACES)
        made = gathering.from_traces(access, bodies.keys_of(said["items"]), rule)
        return _gathered(access, found, made, said, None)


class FromQueue(DatasetView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="datasets_add_queue",
        request=bodies.DatasetQueueGiven,
        responses={200: shapes.DatasetGathered, **CHANGES},
    )
    def post(self, request: Request, dataset: str) -> Response:
        """Add what reviewers have settled in a queue, at most 200 items at once."""
        access, found = self.dataset(request, dataset)
        said = read(bodies.DatasetQueueGiven, request.data)
        if "\0" in said["queue"]:
            raise invalid("/queue", "There is no such queue.")
        queue = standing.queue_of(access, said["queue"])
        pks = said.get("items")
        if pks is None:
            pks = gathering.settled(access, queue, after=said.get("after", 0))
        rule = bodies.rule_of(said, gathering.OF_QUEUE)
        made = gathering.from_queue(access, queue, pks, rule) if pks else Gathered()
        return _gathered(access, found, made, said, max(pks) if pks else None)


class ItemDetail(DatasetView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PATCH": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="datasets_items_read",
        parameters=[VERSION],
        responses={200: shapes.DatasetItemRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, dataset: str, number: int) -> Response:
        """One item as it is in a version."""
        _, found = self.dataset(request, dataset)
        version = selected.number_of(found, request.GET.get("version"))
        return Response(rows.item_row(listed.item_at(found, number, version)))

    @extend_schema(
        operation_id="datasets_items_change",
        request=bodies.DatasetItemChange,
        responses={200: shapes.DatasetChanged, **CHANGES},
    )
    def patch(self, request: Request, dataset: str, number: int) -> Response:
        """Change what is named: the next version has it, earlier ones keep what was."""
        access, found = self.dataset(request, dataset)
        listed.history_of(found, number)
        said = read(bodies.DatasetItemChange, request.data)
        version = editing.edit(
            access,
            found,
            number,
            said,
            seen=said.get("version"),
            choice=Personal(said.get("personal_data", Personal.REFUSE)),
            note=said.get("note", ""),
        )
        return Response(rows.changed_row(version))

    @extend_schema(
        operation_id="datasets_items_take_out",
        responses={200: shapes.DatasetChanged, **CHANGES},
    )
    def delete(self, request: Request, dataset: str, number: int) -> Response:
        """Take the item out of the next version; earlier ones keep it."""
        access, found = self.dataset(request, dataset)
        listed.history_of(found, number)
        return Response(rows.changed_row(editing.remove(access, found, [number])))


class ItemErasure(DatasetView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="datasets_items_erase",
        request=bodies.DatasetItemErasure,
        responses={200: shapes.DatasetHolding, **CHANGES},
    )
    def post(self, request: Request, dataset: str, number: int) -> Response:
        """Erase what the item says from every version; there is no way back."""
        access, found = self.dataset(request, dataset)
        listed.history_of(found, number)
        said = read(bodies.DatasetItemErasure, request.data)
        done = erasing.erase_items(access, found, [number], said["reason"])
        return Response(rows.holding_row(done))


class Diff(DatasetView):
    permission = Permission.READ

    @extend_schema(
        operation_id="datasets_diff",
        parameters=[
            schema.parameter("before", "a version: number or tag"),
            schema.parameter("after", "another; the newest, if not given"),
            LIMIT,
            CURSOR,
        ],
        responses={200: shapes.DatasetDiff, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, dataset: str) -> Response:
        """Items that are not the same in both versions, by number."""
        _, found = self.dataset(request, dataset)
        if not request.GET.get("before"):
            raise bad_parameter("before", "Which version to compare with.")
        before = selected.number_of(found, request.GET["before"])
        after = selected.number_of(found, request.GET.get("after"))
        limit, cursor = page_of(request)
        page = listed.diff(found, before, after, limit=limit, cursor=cursor)
        shaped = [rows.difference_row(one) for one in page.results]
        return Response({"before": before, "after": after, "results": shaped, "next": page.next})


class Export(DatasetView):
    permission = Permission.READ

    @extend_schema(
        operation_id="datasets_export",
        parameters=[
            schema.parameter("format", "jsonl, if not given", enum=list(FORMATS)),
            VERSION,
            SPLIT,
        ],
        responses={
            (200, one.type): OpenApiResponse(OpenApiTypes.BINARY, "the file")
            for one in FORMATS.values()
        }
        | schema.errors(400, 401, 403, 404),
    )
    def get(self, request: Request, dataset: str) -> HttpResponseBase:
        """A version as a file, streamed. Erased items are left out."""
        _, found = self.dataset(request, dataset)
        form = request.GET.get("format", "jsonl")
        if form not in FORMATS:
            raise bad_parameter("format", f"One of {', '.join(FORMATS)}.")
        version = selected.number_of(found, request.GET.get("version"))
        return exporting.file_of(found, version, form, split_of(request))
