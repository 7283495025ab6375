"""Routes of the review API."""

from django.urls import URLPattern, URLResolver, path

from evals.review.api import items, queues

QUEUES = "api/v1/review/queues"
QUEUE = f"{QUEUES}/<slug:queue>"
ITEM = f"{QUEUE}/items/<int:pk>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(QUEUES, queues.QueueList.as_view(), name="api_review_queues"),
    path(QUEUE, queues.QueueDetail.as_view(), name="api_review_queue"),
    path(f"{QUEUE}/restore", queues.QueueRestore.as_view(), name="api_review_restore"),
    path(f"{QUEUE}/rules", queues.RuleList.as_view(), name="api_review_rules"),
    path(f"{QUEUE}/rules/<int:pk>", queues.RuleDetail.as_view(), name="api_review_rule"),
    path(f"{QUEUE}/items", queues.ItemList.as_view(), name="api_review_items"),
    path(f"{QUEUE}/labels", queues.LabelList.as_view(), name="api_review_labels"),
    path(f"{QUEUE}/agreement", queues.Agreement.as_view(), name="api_review_agreement"),
    path(f"{QUEUE}/progress", queues.ProgressDetail.as_view(), name="api_review_progress"),
    path(f"{QUEUE}/next", items.Next.as_view(), name="api_review_next"),
    path(ITEM, items.ItemDetail.as_view(), name="api_review_item"),
    path(f"{ITEM}/claim", items.ClaimDetail.as_view(), name="api_review_claim"),
    path(f"{ITEM}/draft", items.DraftDetail.as_view(), name="api_review_draft"),
    path(f"{ITEM}/submit", items.Submit.as_view(), name="api_review_submit"),
    path(f"{ITEM}/undo", items.Undo.as_view(), name="api_review_undo"),
    path(f"{ITEM}/skip", items.SkipDetail.as_view(), name="api_review_skip"),
    path(f"{ITEM}/flag", items.FlagDetail.as_view(), name="api_review_flag"),
    path(f"{ITEM}/comments", items.CommentList.as_view(), name="api_review_comments"),
    path(f"{ITEM}/adjudicate", items.Adjudicate.as_view(), name="api_review_adjudicate"),
    path(f"{ITEM}/gold", items.Gold.as_view(), name="api_review_gold"),
]
