"""Routes of evaluators."""

from django.urls import URLPattern, URLResolver, path

from dashboards.evaluators import backfills, detail, editing, listing, trying

EVALUATORS = "p/<slug:project>/evaluators"
urlpatterns: list[URLPattern | URLResolver] = [
    path(EVALUATORS, listing.evaluators, name="evaluators"),
    path(f"{EVALUATORS}/new", editing.new, name="evaluator_new"),
    path(f"{EVALUATORS}/try", trying.try_form, name="evaluator_try"),
    path(f"{EVALUATORS}/try/span", trying.try_span, name="evaluator_try_span"),
    path(f"{EVALUATORS}/<int:pk>", detail.evaluator, name="evaluator"),
    path(f"{EVALUATORS}/<int:pk>/edit", editing.edit, name="evaluator_edit"),
    path(f"{EVALUATORS}/<int:pk>/state", detail.change_state, name="evaluator_state"),
    path(f"{EVALUATORS}/<int:pk>/retry", listing.retry, name="evaluator_retry"),
    path(f"{EVALUATORS}/<int:pk>/backfill", detail.backfill, name="evaluator_backfill"),
    path(f"{EVALUATORS}/backfills/<int:pk>", backfills.progress, name="backfill"),
    path(f"{EVALUATORS}/backfills/<int:pk>/stop", backfills.stop, name="backfill_stop"),
]
