"""Who acts when a key labels: a person, for a label without one is nobody's.

It is the member that made the key. A key with the scope `admin` may name another member in the
header Sightglass-Reviewer. Either way the key does no more than both it and that person may.
"""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from evals.review.errors import Conflict, Invalid
from evals.review.models import Item, Queue
from evals.review.services import standing
from sightglass.accounts.access import ROLE_PERMISSIONS, Access, Permission
from sightglass.accounts.models import Membership
from sightglass.problems import Problem
from traces.api.pagination import bad_query
from traces.api.read import ReadView, access_of
from traces.api.schema import parameter
from traces.query import QueryError

HEADER = "Sightglass-Reviewer"
REVIEWER = parameter(
    HEADER,
    "The address of the member to act for; needs a key with `admin`. Else: whoever made the key.",
    location="header",
)


class ReviewView(ReadView):
    """Errors of services become problems here."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Invalid):
            told: list[dict[str, object]] = [dict(one) for one in exc.errors]
            exc = Problem(400, "The request is not valid.", errors=told)
        elif isinstance(exc, Conflict):
            said = {"pointer": "", "detail": exc.detail, "reason": exc.reason}
            exc = Problem(409, exc.detail, errors=[said | {"current": exc.current}])
        elif isinstance(exc, QueryError):
            exc = bad_query(exc)
        return super().handle_exception(exc)

    def queue(self, request: Request, slug: str) -> tuple[Access, Queue]:
        """The caller and a queue that they see. Raises Http404, else what `acting` does."""
        key = access_of(request)
        if not Queue.objects.filter(project_id=key.project.pk, slug=slug).exists():
            standing.queue_of(key, slug)  # not there, whoever asks
        access = acting(request)
        return access, standing.queue_of(access, slug)

    def item(self, request: Request, slug: str, pk: int) -> tuple[Access, Item]:
        access, queue = self.queue(request, slug)
        return access, standing.item_of(access, queue, pk)


def acting(request: Request) -> Access:
    """The key's access, narrowed to the person's. Raises Problem (400), PermissionDenied."""
    access = access_of(request)
    maker = None if access.key is None else access.key.created_by_id
    members = Membership.objects.select_related("user").filter(
        project=access.project, user__is_active=True
    )
    named = request.headers.get(HEADER)
    if named is None:
        member = members.filter(user_id=maker).first() if maker is not None else None
        if member is None:
            return access
    else:
        member = members.filter(user__email=named.strip().lower()[:254].replace("\0", "")).first()
        if member is None:
            error = {"pointer": f"/{HEADER}", "detail": "Is no member of the project."}
            raise Problem(400, "There is no such reviewer.", errors=[error])
        if member.user_id != maker:
            access.require(Permission.ADMIN)
    granted = access.permissions & ROLE_PERMISSIONS[member.role]
    return Access(access.project, granted, user=member.user, key=access.key)
