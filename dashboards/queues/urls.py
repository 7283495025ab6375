"""Routes of review queues: the lists around the desk, where labels are given."""

from django.urls import URLPattern, URLResolver, path

from dashboards.queues import adding, agreement, disputes, editing, filling, items, listing

REVIEW = "p/<slug:project>/review"
QUEUE = f"{REVIEW}/<slug:queue>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(REVIEW, listing.queues, name="queues"),
    path(f"{REVIEW}/new", editing.new, name="queue_new"),
    path(f"{REVIEW}/add", adding.add, name="review_add"),
    path(f"{QUEUE}/settings", editing.settings, name="queue_settings"),
    path(f"{QUEUE}/archive", editing.archive, name="queue_archive"),
    path(f"{QUEUE}/rules", filling.filling, name="queue_rules"),
    path(f"{QUEUE}/rules/<int:pk>/stop", filling.stop, name="queue_rule_stop"),
    path(f"{QUEUE}/items", items.items, name="queue_items"),
    path(f"{QUEUE}/labels.<str:form>", items.labels, name="queue_labels"),
    path(f"{QUEUE}/disputes", disputes.disputes, name="queue_disputes"),
    path(f"{QUEUE}/agreement", agreement.agreement, name="queue_agreement"),
    path(f"{QUEUE}/agreement.csv", agreement.agreement_csv, name="queue_agreement_csv"),
]
