"""Routes of the desk. Below a queue's name other pages are those of `dashboards.queues`."""

from django.urls import URLPattern, URLResolver, path

from dashboards.desk import actions, leading, pages

QUEUE = "p/<slug:project>/review/<slug:queue>"
ITEM = f"{QUEUE}/items/<int:pk>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(QUEUE, pages.desk, name="desk"),
    path(f"{QUEUE}/next", actions.next_item, name="desk_next"),
    path(f"{QUEUE}/undo", actions.undo_last, name="desk_undo_last"),
    path(f"{QUEUE}/release", actions.release, name="desk_release"),
    path(f"{QUEUE}/unskip", actions.unskip, name="desk_unskip"),
    path(ITEM, pages.item, name="queue_item"),
    path(f"{ITEM}/claim", actions.claim, name="desk_claim"),
    path(f"{ITEM}/draft", actions.draft, name="desk_draft"),
    path(f"{ITEM}/submit", actions.submit, name="desk_submit"),
    path(f"{ITEM}/undo", actions.undo, name="desk_undo"),
    path(f"{ITEM}/skip", actions.skip, name="desk_skip"),
    path(f"{ITEM}/flag", actions.flag, name="desk_flag"),
    path(f"{ITEM}/comment", actions.comment, name="desk_comment"),
    path(f"{ITEM}/comments/<int:comment>", actions.uncomment, name="desk_uncomment"),
    path(f"{ITEM}/settle", leading.settle, name="desk_settle"),
    path(f"{ITEM}/reopen", leading.reopen, name="desk_reopen"),
    path(f"{ITEM}/ungold", leading.ungold, name="desk_ungold"),
    path(f"{ITEM}/answered", leading.answered, name="desk_answered"),
    path(f"{ITEM}/withdraw", leading.withdraw, name="desk_withdraw"),
]
