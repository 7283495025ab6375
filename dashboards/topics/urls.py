"""Routes of the topics pages."""

from django.urls import URLPattern, URLResolver, path

from dashboards.topics import changing, views

TOPICS = "p/<slug:project>/topics"
urlpatterns: list[URLPattern | URLResolver] = [
    path(TOPICS, views.topics, name="topics"),
    path(f"{TOPICS}/find", changing.find, name="topics_find"),
    path(f"{TOPICS}/run", views.run, name="topics_run"),
    path(f"{TOPICS}/naming", changing.naming, name="topics_naming"),
    path(f"{TOPICS}/<int:number>", views.topic, name="topic"),
    path(f"{TOPICS}/<int:number>/name", changing.rename, name="topic_rename"),
]
