"""Routes of the cost pages and of their API."""

from django.urls import URLPattern, URLResolver, path

from dashboards.cost import api
from dashboards.cost.change import cost_change
from dashboards.cost.efficiency import cost_efficiency
from dashboards.cost.spending import cost
from dashboards.cost.what_if_page import cost_what_if

COST = "p/<slug:project>/cost"

urlpatterns: list[URLPattern | URLResolver] = [
    path(COST, cost, name="cost"),
    path(f"{COST}/change", cost_change, name="cost_change"),
    path(f"{COST}/efficiency", cost_efficiency, name="cost_efficiency"),
    path(f"{COST}/what-if", cost_what_if, name="cost_what_if"),
    path("api/v1/cost/change", api.ChangeView.as_view(), name="api_cost_change"),
    path("api/v1/cost/what-if/model", api.ModelView.as_view(), name="api_cost_what_if_model"),
    path("api/v1/cost/what-if/cache", api.CacheView.as_view(), name="api_cost_what_if_cache"),
]
