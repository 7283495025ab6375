from django.apps import AppConfig


class TopicsConfig(AppConfig):
    name = "evals.topics"
    label = "topics"

    def ready(self) -> None:
        from evals.topics import asking
        from traces.query import fields
        from traces.selectors import conditions
        from traces.services import retention

        fields.register(asking.FIELD)
        conditions.register(asking.FIELD.name, asking.condition)
        retention.beside.append("topics_member")
