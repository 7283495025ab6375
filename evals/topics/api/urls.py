"""Routes of the topics API."""

from django.urls import URLPattern, URLResolver, path

from evals.topics.api import views

TOPICS = "api/v1/topics"
ONE = f"{TOPICS}/<int:number>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(TOPICS, views.TopicList.as_view(), name="api_topics"),
    path(f"{TOPICS}/runs", views.RunList.as_view(), name="api_topics_runs"),
    path(f"{TOPICS}/naming", views.Naming.as_view(), name="api_topics_naming"),
    path(ONE, views.TopicDetail.as_view(), name="api_topic"),
    path(f"{ONE}/examples", views.TopicExamples.as_view(), name="api_topic_examples"),
]
