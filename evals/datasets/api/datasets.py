"""Datasets, their versions, tags and logs; and erasing in all of them."""

from __future__ import annotations

from typing import ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.datasets.api import bodies, rows, shapes
from evals.datasets.models import Dataset
from evals.datasets.selectors import datasets as selected
from evals.datasets.services import datasets, erasing, tagging
from evals.review.api.acting import ReviewView
from evals.review.api.bodies import read
from sightglass.accounts.access import Access, Permission
from traces.api import pagination, schema
from traces.api.pagination import DEFAULT_LIMIT, read_flag, read_limit
from traces.api.read import access_of
from traces.selectors.paging import MAX_LIMIT

LIMIT = schema.parameter("limit", "1 to 1000")
CURSOR = schema.parameter("cursor", "from `next`")
VERSION = schema.parameter("version", "a number, a tag, or latest")


class DatasetView(ReviewView):
    """Errors of services become problems; the dataset is looked up before a body is read."""

    def dataset(self, request: Request, slug: str) -> tuple[Access, Dataset]:
        access = access_of(request)
        return access, selected.dataset_of(access, slug)


def page_of(request: Request) -> tuple[int, str | None]:
    limit = read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT)
    return limit, request.GET.get("cursor") or None


def _row(dataset: Dataset) -> rows.Body:
    return rows.dataset_row(dataset, selected.tags_of([dataset])[dataset.pk])


class DatasetList(DatasetView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="datasets_list",
        parameters=[LIMIT, CURSOR, schema.parameter("archived", "true: those that ended", bool)],
        responses={200: shapes.DatasetPage, **schema.errors(400, 401, 403, 503)},
    )
    def get(self, request: Request) -> Response:
        """The project's datasets, the last made first."""
        limit, cursor = page_of(request)
        page = selected.list_datasets(
            access_of(request),
            archived=read_flag(request.GET, "archived"),
            limit=limit,
            cursor=cursor,
        )
        tags = selected.tags_of(page.results)
        shaped = [rows.dataset_row(one, tags[one.pk]) for one in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="datasets_create",
        request=bodies.DatasetGiven,
        responses={201: shapes.DatasetRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Make a dataset; its first items make version 1."""
        said = read(bodies.DatasetGiven, request.data)
        slug = said.pop("slug")
        dataset = datasets.create(access_of(request), slug, datasets.Settings(**said))
        return Response(_row(dataset), status=201)


class DatasetDetail(DatasetView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PATCH": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="datasets_read",
        responses={200: shapes.DatasetRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, dataset: str) -> Response:
        """One dataset."""
        _, found = self.dataset(request, dataset)
        return Response(_row(found))

    @extend_schema(
        operation_id="datasets_change",
        request=bodies.DatasetChange(partial=True),
        responses={200: shapes.DatasetRow, **schema.errors(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, dataset: str) -> Response:
        """Change name, description or schema; the schema binds what is added from then on."""
        access, found = self.dataset(request, dataset)
        settings = datasets.settings_of(found)
        for name, value in read(bodies.DatasetChange, request.data, partial=True).items():
            setattr(settings, name, value)
        return Response(_row(datasets.update(access, found, settings)))

    @extend_schema(
        operation_id="datasets_archive",
        responses={204: None, **schema.errors(401, 403, 404)},
    )
    def delete(self, request: Request, dataset: str) -> Response:
        """End it. Its versions stay and can be read; its name is not free again."""
        access, found = self.dataset(request, dataset)
        datasets.archive(access, found)
        return Response(status=204)


class VersionList(DatasetView):
    permission = Permission.READ

    @extend_schema(
        operation_id="datasets_versions_list",
        parameters=[LIMIT, CURSOR],
        responses={200: shapes.DatasetVersionPage, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, dataset: str) -> Response:
        """Versions, the newest first."""
        _, found = self.dataset(request, dataset)
        limit, cursor = page_of(request)
        page = selected.list_versions(found, limit=limit, cursor=cursor)
        shaped = [rows.version_row(one) for one in page.results]
        return Response({"results": shaped, "next": page.next})


class LogList(DatasetView):
    permission = Permission.READ

    @extend_schema(
        operation_id="datasets_log",
        parameters=[LIMIT, CURSOR],
        responses={200: shapes.DatasetLogPage, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, dataset: str) -> Response:
        """Who did what when, the newest first."""
        _, found = self.dataset(request, dataset)
        limit, cursor = page_of(request)
        page = selected.list_log(found, limit=limit, cursor=cursor)
        shaped = [rows.log_row(one) for one in page.results]
        return Response({"results": shaped, "next": page.next})


class TagList(DatasetView):
    permission = Permission.READ

    @extend_schema(
        operation_id="datasets_tags_list",
        parameters=[LIMIT, CURSOR],
        responses={200: shapes.DatasetTagPage, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, dataset: str) -> Response:
        """Tags by name, with the version that each stands for."""
        _, found = self.dataset(request, dataset)
        tags = selected.tags_of([found])[found.pk]
        page = pagination.page_of(request.GET, tags, f"tags {found.pk}", lambda tag: tag.name)
        shaped = [rows.tag_row(tag) for tag in page.results]
        return Response({"results": shaped, "next": page.next})


class TagDetail(DatasetView):
    permissions: ClassVar = {"PUT": Permission.WRITE, "DELETE": Permission.WRITE}

    @extend_schema(
        operation_id="datasets_tag",
        request=bodies.DatasetTagGiven,
        responses={200: shapes.DatasetTagRow, **schema.errors(400, 401, 403, 404, 409)},
    )
    def put(self, request: Request, dataset: str, name: str) -> Response:
        """Let the tag stand for a version, new or moved."""
        access, found = self.dataset(request, dataset)
        said = read(bodies.DatasetTagGiven, request.data)
        return Response(rows.tag_row(tagging.put(access, found, name, said["version"])))

    @extend_schema(
        operation_id="datasets_untag",
        responses={204: None, **schema.errors(401, 403, 404, 409)},
    )
    def delete(self, request: Request, dataset: str, name: str) -> Response:
        """Take the tag away; the version stays."""
        access, found = self.dataset(request, dataset)
        if not tagging.take_away(access, found, name):
            raise Http404("There is no such tag.")
        return Response(status=204)


class Erasure(DatasetView):
    permission = Permission.ADMIN

    @extend_schema(
        operation_id="datasets_erase",
        request=bodies.DatasetErasure,
        responses={200: shapes.DatasetErased, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Erase what a person said from all datasets of the project, in every version."""
        access = access_of(request)
        said = read(bodies.DatasetErasure, request.data)
        wanted = erasing.Wanted(
            said.get("user_id", ""), bodies.trace_of(said), said.get("text", "")
        )
        if said.get("dry_run"):
            found = erasing.holding(access, wanted)
        else:
            found = erasing.erase(access, wanted, said.get("reason", ""))
        shaped = [rows.holding_row(one) for one in found]
        return Response({"erased": not said.get("dry_run"), "results": shaped})
