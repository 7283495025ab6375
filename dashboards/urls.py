"""Routes of the pages, by area."""

from django.urls import URLPattern, URLResolver, include, path

from dashboards import front
from dashboards.appearance import choose_theme

urlpatterns: list[URLPattern | URLResolver] = [
    path("", front.home, name="home"),
    path("traces", front.traces, name="traces_of_all"),
    path("p/<slug:project>/", front.project_home, name="project_home"),
    path("theme", choose_theme, name="theme"),
    path("", include("dashboards.overview.urls")),
    path("", include("dashboards.performance.urls")),
    path("", include("dashboards.settings.urls")),
    path("", include("dashboards.cost.urls")),
    path("", include("dashboards.replays.urls")),
    path("", include("dashboards.explorer.urls")),
    path("", include("dashboards.trace.urls")),
    path("", include("dashboards.queues.urls")),  # before the desk: `new` and `add` are its
    path("", include("dashboards.desk.urls")),
    path("", include("dashboards.probes.urls")),
    path("", include("dashboards.evaluators.urls")),
    path("", include("dashboards.datasets.urls")),
    path("", include("dashboards.quality.urls")),
    path("", include("dashboards.truth.urls")),
    path("", include("dashboards.drift.urls")),
    path("", include("dashboards.digest.urls")),
    path("", include("dashboards.boards.urls")),
    path("", include("dashboards.users.urls")),
    path("", include("dashboards.topics.urls")),
    path("", include("dashboards.sessions.urls")),
    path("", include("dashboards.people.urls")),
    path("", include("dashboards.ingest.urls")),
    path("", include("dashboards.onboarding.urls")),
    path("", include("dashboards.budgets.urls")),
    path("", include("dashboards.channels.urls")),
    path("", include("dashboards.alerts.pages.urls")),
    path("", include("dashboards.alerts.api.urls")),
]
