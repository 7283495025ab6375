"""Routes of the ledger."""

from django.urls import URLPattern, URLResolver, path

from dashboards.ingest import views

LEDGER = "p/<slug:project>/ingest"
urlpatterns: list[URLPattern | URLResolver] = [
    path(LEDGER, views.ledger, name="ledger"),
    path(f"{LEDGER}/refused/<int:pk>", views.payload, name="ledger_payload"),
    path(f"{LEDGER}/refused/<int:pk>/replay", views.replay_payload, name="ledger_replay"),
]
