"""Routes of custom dashboards: pages and API."""

from django.urls import URLPattern, URLResolver, path

from dashboards.boards import api, editing, views

BOARDS = "p/<slug:project>/dashboards"
CHART = f"{BOARDS}/<int:pk>/charts/<int:chart>"
V1 = "api/v1/dashboards"
urlpatterns: list[URLPattern | URLResolver] = [
    path(BOARDS, views.boards, name="boards"),
    path(f"{BOARDS}/new", editing.new, name="board_new"),
    path(f"{BOARDS}/<int:pk>", views.board, name="board"),
    path(f"{BOARDS}/<int:pk>/tv", views.tv, name="board_tv"),
    path(f"{BOARDS}/<int:pk>/edit", editing.edit, name="board_edit"),
    path(f"{BOARDS}/<int:pk>/duplicate", editing.duplicate, name="board_duplicate"),
    path(f"{BOARDS}/<int:pk>/delete", editing.delete, name="board_delete"),
    path(f"{BOARDS}/<int:pk>/charts/new", editing.chart_new, name="board_chart_new"),
    path(CHART, editing.chart_edit, name="board_chart"),
    path(f"{CHART}/move", editing.chart_move, name="board_chart_move"),
    path(f"{CHART}/remove", editing.chart_remove, name="board_chart_remove"),
    path(V1, api.DashboardList.as_view(), name="api_dashboards"),
    path(f"{V1}/<int:pk>", api.DashboardDetail.as_view(), name="api_dashboard"),
]
