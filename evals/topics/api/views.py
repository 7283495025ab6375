"""Topics: their figures, examples and names; runs, and who names topics."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.topics import selectors
from evals.topics.api import rows, shapes
from evals.topics.selectors import Sums
from evals.topics.services import plans
from evals.truth.api.base import TruthView, read
from sightglass.accounts.access import Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import bad_parameter, page_by_pk, page_of, read_flag, read_limit
from traces.api.read import access_of

DAYS, MOST_DAYS = 28, 90
DAYS_PARAMETER = schema.parameter("days", "Figures are of so many days up to today (UTC): 1 to 90.")


def range_of(request: Request) -> tuple[date, date]:
    """The first and the last day that figures are asked of. Raises Problem (400)."""
    given = request.GET.get("days", str(DAYS))
    if not (
        len(given) <= 3 and given.isascii() and given.isdigit() and 1 <= int(given) <= MOST_DAYS
    ):
        raise bad_parameter("days", f"1 to {MOST_DAYS}.")
    today = datetime.now(UTC).date()
    return today - timedelta(days=int(given) - 1), today


class TopicList(TruthView):
    @extend_schema(
        operation_id="topics_list",
        parameters=[
            DAYS_PARAMETER,
            schema.parameter("vanished", "`true`: those that the last run did not find, too"),
            *schema.PAGING,
        ],
        responses={200: shapes.TopicList, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """What users ask about, the largest topic first, with volume, cost, failures, scores."""
        access, (first, last) = access_of(request), range_of(request)
        vanished = read_flag(request.GET, "vanished")
        topics = selectors.topics_of_project(access.project.pk, vanished=vanished, most=None)
        page = page_of(request.GET, topics, f"topics {vanished}", lambda one: one.number)
        sums = selectors.sums(access, first, last)
        begun = selectors.first_days(access, first, last)
        _, run = selectors.last_runs(access)
        return Response(
            {
                "results": [
                    rows.topic_row(
                        one,
                        sums.get(one.number, Sums()),
                        selectors.mark(one, begun, first, last),
                    )
                    for one in page.results
                ],
                "next": page.next,
                "none": rows.figures(sums.get(0, Sums())),
                "run": rows.run_row(run) if run else None,
            }
        )


class TopicDetail(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "PATCH": Permission.WRITE}

    @extend_schema(
        operation_id="topics_read",
        parameters=[DAYS_PARAMETER],
        responses={200: shapes.TopicWhole, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, number: int) -> Response:
        """One topic, day by day."""
        return self._whole(request, number)

    @extend_schema(
        operation_id="topics_rename",
        request=shapes.TopicNameGiven,
        responses={200: shapes.TopicWhole, **schema.errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, number: int) -> Response:
        """Give it a name, which it keeps through all runs."""
        access = access_of(request)
        topic = selectors.get_topic(access, number)
        plans.rename(access, topic, read(shapes.TopicNameGiven, request.data)["name"])
        return self._whole(request, number)

    def _whole(self, request: Request, number: int) -> Response:
        access, (first, last) = access_of(request), range_of(request)
        topic = selectors.get_topic(access, number)
        whole, by_day = Sums(), []
        days = selectors.sums_by_day(access, first, last, number)
        for key in sorted(days, key=lambda one: one[1]):
            by_day.append({"day": key[1].isoformat(), **rows.figures(days[key])})
            whole.add(days[key])
        begun = selectors.first_days(access, first, last)
        mark = selectors.mark(topic, begun, first, last)
        return Response({**rows.topic_row(topic, whole, mark), "by_day": by_day})


class TopicExamples(TruthView):
    @extend_schema(
        operation_id="topics_examples",
        parameters=[
            schema.parameter("typical", "`true`: of the latest hundreds the most typical first"),
            schema.parameter("limit", "1 to 50"),
        ],
        responses={200: shapes.TopicExamples, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, number: int) -> Response:
        """What was asked, the latest first; the same words once."""
        access = access_of(request)
        topic = selectors.get_topic(access, number)
        limit = read_limit(request.GET, selectors.MOST_EXAMPLES, 10)
        typical = read_flag(request.GET, "typical")
        found = selectors.examples(access, topic, limit, typical=typical)
        return Response({"results": [rows.example_row(one) for one in found], "next": None})


class RunList(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="topics_runs_list",
        parameters=schema.PAGING,
        responses={200: shapes.TopicRunPage, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The runs, the last first; of one under way its progress."""
        found = selectors.runs(access_of(request))
        page = page_by_pk(request.GET, found, "topic runs", newest_first=True)
        return Response({"results": [rows.run_row(run) for run in page.results], "next": page.next})

    @extend_schema(
        operation_id="topics_runs_create",
        request=None,
        responses={202: shapes.TopicRun, **schema.errors(400, 401, 403)},
    )
    @bodiless
    def post(self, request: Request) -> Response:
        """Find topics now; the run that waits or is under way where there is one."""
        return Response(rows.run_row(plans.find_now(access_of(request))), status=202)


class Naming(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "PUT": Permission.WRITE}

    @extend_schema(
        operation_id="topics_naming_read",
        responses={200: shapes.TopicNaming, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Which model names topics, and what that has cost."""
        return Response(rows.naming_row(selectors.plan_of(access_of(request))))

    @extend_schema(
        operation_id="topics_naming_replace",
        request=shapes.TopicNamingGiven,
        responses={200: shapes.TopicNaming, **schema.errors(400, 401, 403)},
    )
    def put(self, request: Request) -> Response:
        """Choose the connection whose model names topics, or none."""
        said = read(shapes.TopicNamingGiven, request.data)
        return Response(rows.naming_row(plans.choose(access_of(request), said["connection"])))
