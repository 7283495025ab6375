from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "evals.review"
    label = "review"
