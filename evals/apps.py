from django.apps import AppConfig

from sightglass.kernel import hooks


class EvalsConfig(AppConfig):
    name = "evals"

    def ready(self) -> None:
        from evals.services import evaluators, exposition, live
        from sightglass.accounts.projects import project_created
        from traces.services import work

        work.consumers.append(live.CONSUMER)
        hooks.preparations.append(evaluators.provide_all)
        hooks.collectors.append(exposition.collect)
        hooks.checks.append(exposition.check)
        project_created.connect(evaluators.provide_to_new, dispatch_uid="evaluators")
