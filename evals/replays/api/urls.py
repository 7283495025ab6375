"""Routes of the replays API."""

from django.urls import URLPattern, URLResolver, path

from evals.replays.api import views

CACHES = "api/v1/replays/caches"
TRIALS = "api/v1/replays/models"
urlpatterns: list[URLPattern | URLResolver] = [
    path(CACHES, views.CacheList.as_view(), name="api_replay_caches"),
    path(f"{CACHES}/<int:pk>", views.CacheDetail.as_view(), name="api_replay_cache"),
    path(TRIALS, views.TrialList.as_view(), name="api_replay_trials"),
    path(f"{TRIALS}/estimate", views.TrialEstimate.as_view(), name="api_replay_estimate"),
    path(f"{TRIALS}/<int:pk>", views.TrialDetail.as_view(), name="api_replay_trial"),
    path(f"{TRIALS}/<int:pk>/stop", views.TrialStop.as_view(), name="api_replay_trial_stop"),
    path(f"{TRIALS}/<int:pk>/calls", views.TrialCalls.as_view(), name="api_replay_trial_calls"),
]
