"""Routes of prices."""

from django.urls import URLPattern, URLResolver, path

from traces.api import pricing

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/prices", pricing.PriceList.as_view(), name="api_prices"),
    path("api/v1/prices/<int:pk>", pricing.PriceDetail.as_view(), name="api_price"),
    path("api/v1/reprice", pricing.Reprice.as_view(), name="api_reprice"),
]
