"""Routes of channels: pages and API."""

from django.urls import URLPattern, URLResolver, path

from dashboards.channels import api, views

CHANNELS = "p/<slug:project>/settings/channels"
V1 = "api/v1/channels"
urlpatterns: list[URLPattern | URLResolver] = [
    path(CHANNELS, views.channels, name="settings_channels"),
    path(f"{CHANNELS}/<int:pk>", views.channel, name="settings_channel"),
    path(f"{CHANNELS}/<int:pk>/test", views.test, name="settings_channel_test"),
    path(f"{CHANNELS}/<int:pk>/delete", views.delete, name="settings_channel_delete"),
    path(
        f"{CHANNELS}/<int:pk>/deliveries/<int:delivery>/retry",
        views.retry,
        name="settings_delivery_retry",
    ),
    path(V1, api.ChannelList.as_view(), name="api_channels"),
    path(f"{V1}/<int:pk>", api.ChannelDetail.as_view(), name="api_channel"),
    path(f"{V1}/<int:pk>/test", api.ChannelTest.as_view(), name="api_channel_test"),
    path(f"{V1}/<int:pk>/deliveries", api.DeliveryList.as_view(), name="api_channel_deliveries"),
    path(
        f"{V1}/<int:pk>/deliveries/<int:delivery>/retry",
        api.DeliveryRetry.as_view(),
        name="api_channel_delivery_retry",
    ),
]
