"""All rules as one file, YAML or JSON, by API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, ClassVar

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from dashboards.alerts import sheets
from dashboards.alerts.api import bodies
from dashboards.alerts.api.rules import WRITES, RuleView
from dashboards.alerts.services import applying
from dashboards.alerts.services.applying import as_dict
from sightglass.parsers import StorableJSONParser
from traces.api import schema
from traces.api.pagination import read_flag
from traces.api.read import OnlyJson, access_of

YAML = "application/yaml"


class YamlParser(BaseParser):
    media_type = YAML

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return sheets.load(stream.read(sheets.MOST_BYTES + 1))


class ByContent(OnlyJson):
    """The parser by the body's own type: JSON unless it says YAML."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        wanted = (YAML, "application/x-yaml", "text/yaml")
        return next(one for one in parsers if (one.media_type == YAML) == (kind in wanted))


class Sheet(RuleView):
    permissions: ClassVar = WRITES
    parser_classes = [StorableJSONParser, YamlParser]
    content_negotiation_class = ByContent

    @extend_schema(
        operation_id="alert_rules_export",
        responses={
            (200, "application/json"): bodies.SheetGiven,
            (200, YAML): bodies.SheetGiven,
            **schema.errors(401, 403),
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The project's rules; as YAML where `Accept` names it."""
        sheet = applying.export(access_of(request))
        if "yaml" in request.headers.get("Accept", ""):
            return HttpResponse(sheets.to_yaml(sheet), content_type=f"{YAML}; charset=utf-8")
        return Response(sheet)

    @extend_schema(
        operation_id="alert_rules_apply",
        parameters=[
            schema.parameter("dry_run", "true: only say what would change"),
            schema.parameter("prune", "true: remove rules that the file does not name"),
        ],
        request={"application/json": bodies.SheetGiven, YAML: bodies.SheetGiven},
        responses={200: bodies.Applied, **schema.errors(400, 401, 403)},
    )
    def put(self, request: Request) -> Response:
        """Make the project's rules those of the file; again, it changes nothing."""
        prune, dry_run = (read_flag(request.GET, name) for name in ("prune", "dry_run"))
        drafts = sheets.read(request.data)
        done = applying.apply(access_of(request), drafts, prune=prune, dry_run=dry_run)
        return Response(as_dict(done, dry_run=dry_run))
