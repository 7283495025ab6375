"""Routes of what-ifs on recorded traffic."""

from django.urls import URLPattern, URLResolver, path

from dashboards.replays import cache, cheaper

CACHE, CHEAPER = "p/<slug:project>/cost/cache", "p/<slug:project>/cost/cheaper"
urlpatterns: list[URLPattern | URLResolver] = [
    path(CACHE, cache.cost_cache, name="cost_cache"),
    path(f"{CACHE}/new", cache.cost_cache_new, name="cost_cache_new"),
    path(f"{CACHE}/<int:pk>", cache.cost_cache_one, name="cost_cache_one"),
    path(f"{CACHE}/<int:pk>/change", cache.cost_cache_change, name="cost_cache_change"),
    path(CHEAPER, cheaper.cost_cheaper, name="cost_cheaper"),
    path(f"{CHEAPER}/new", cheaper.cost_cheaper_new, name="cost_cheaper_new"),
    path(f"{CHEAPER}/<int:pk>", cheaper.cost_cheaper_one, name="cost_cheaper_one"),
    path(f"{CHEAPER}/<int:pk>/change", cheaper.cost_cheaper_change, name="cost_cheaper_change"),
]
