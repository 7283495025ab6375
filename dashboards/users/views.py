"""The list of users, and one user's traces."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render

from dashboards import chips
from dashboards.asked import listed
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.query import Query
from traces.query.nodes import Compare, Term
from traces.selectors.groups import list_sessions, list_users, user_summary
from traces.selectors.paging import CursorError
from traces.selectors.search import list_traces

TRACES, SESSIONS = 25, 10


@project_page(Permission.READ)
def users(request: ProjectRequest) -> HttpResponse:
    """Users by their latest activity."""
    listing = listed(request, request.access, list_users)
    return render(request, "users/list.html", {"listing": listing})


@project_page(Permission.READ)
def user(request: ProjectRequest) -> HttpResponse:
    """One user (`id`): totals, latest sessions and traces."""
    user_id = request.GET.get("id", "")
    if not user_id:
        raise Http404("No user was named.")
    summary = user_summary(request.access, user_id)
    query = Query(root=Term("user", None, (Compare("=", user_id),)))
    cursor = request.GET.get("cursor")
    try:
        page = list_traces(request.access, query=query, limit=TRACES, cursor=cursor)
    except CursorError:
        page = list_traces(request.access, query=query, limit=TRACES)
    sessions = list_sessions(request.access, query=query, limit=SESSIONS)
    scores = chips.of_traces(request.access, page.results)
    context = {
        "user_id": user_id,
        "summary": summary,
        "page": page,
        "traces": [(trace, scores.get(trace.trace_id)) for trace in page.results],
        "sessions": sessions.results,
    }
    return render(request, "users/user.html", context)
