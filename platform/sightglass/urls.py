"""Every route, by who serves it."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("sightglass.accounts.urls")),
    path("", include("sightglass.operations.urls")),
    path("", include("evals.api.urls")),
    path("", include("evals.review.api.urls")),
    path("", include("evals.datasets.api.urls")),
    path("", include("evals.truth.api.urls")),
    path("", include("evals.drift.api.urls")),
    path("", include("evals.topics.api.urls")),
    path("", include("evals.replays.api.urls")),
    path("", include("evals.probes.api.urls")),
    path("", include("evals.erasures.urls")),
    path("", include("evals.vectors.api.urls")),
    path("", include("traces.api.urls")),
    path("", include("dashboards.urls")),
]

handler400 = "sightglass.problems.bad_request"
handler403 = "sightglass.problems.forbidden"
handler404 = "sightglass.problems.not_found"
handler500 = "sightglass.problems.server_error"
