"""The Celery application: what runs beside the requests, and when.

The broker only carries wake-ups. Every task works from rows and may be lost or repeated, so
messages expire instead of piling up, and no result is kept.
"""

import os
import warnings
from typing import Any

from celery import Celery
from django.conf import settings

from sightglass.operations import broker
from sightglass.operations.home import broker_folders

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightglass.settings")

app = Celery("sightglass")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# It is about pickled messages, which are refused.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

HOUR = 3600.0


def every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 2.0)}}


app.conf.beat_schedule = {
    "index": every(2.0, "traces.tasks.index_batches"),
    "roll-up": every(10.0, "traces.tasks.roll_up"),
    "fold-ledger": every(10.0, "traces.tasks.fold_ledger"),
    "make-partitions": every(HOUR, "traces.tasks.make_partitions"),
    "erase-people": every(10.0, "evals.erasures.tasks.erase"),
    "apply-retention": every(HOUR, "traces.tasks.apply_retention"),
    "purge-rejected": every(HOUR, "traces.tasks.purge_rejected"),
    "score-stored": every(2.0, "evals.tasks.score_stored"),
    "embed": every(2.0, "evals.vectors.tasks.embed"),
    "embed-elsewhere": every(2.0, "evals.vectors.tasks.embed_elsewhere"),
    "fill-vectors": every(5.0, "evals.vectors.tasks.fill"),
    "index-vectors": every(600.0, "evals.vectors.tasks.index"),
    "work-off": every(2.0, "evals.tasks.work_off"),
    "judge": every(2.0, "evals.tasks.judge"),
    "run-ragas": every(5.0, "evals.tasks.run_ragas"),
    "sweep": every(5.0, "evals.tasks.sweep"),
    "fill-review-queues": every(15.0, "evals.review.tasks.fill"),
    "tend-review-queues": every(60.0, "evals.review.tasks.tend"),
    "work-on-topics": every(10.0, "evals.topics.tasks.work"),
    "name-topics": every(60.0, "evals.topics.tasks.name"),
    "purge-topics": every(HOUR, "evals.topics.tasks.purge"),
    "ask-for-truth": every(60.0, "evals.truth.tasks.ask"),
    "purge-truth": every(HOUR, "evals.truth.tasks.purge"),
    "replay-caches": every(5.0, "evals.replays.tasks.work_off"),
    "ask-other-models": every(10.0, "evals.replays.tasks.ask"),
    "judge-drift": every(30.0, "evals.drift.tasks.judge"),
    "purge-drift": every(HOUR, "evals.drift.tasks.purge"),
    "ask-probes": every(30.0, "evals.probes.tasks.ask"),
    "purge-probes": every(HOUR, "evals.probes.tasks.purge"),
    "import-into-datasets": every(2.0, "evals.datasets.tasks.work_off"),
    "tend-datasets": every(HOUR, "evals.datasets.tasks.tend"),
    "evaluate-alerts": every(60.0, "dashboards.alerts.tasks.evaluate"),
    "purge-alerts": every(HOUR, "dashboards.alerts.tasks.purge"),
    "deliver": every(2.0, "dashboards.channels.tasks.deliver"),
    "purge-deliveries": every(HOUR, "dashboards.channels.tasks.purge"),
    "refresh-budgets": every(60.0, "dashboards.budgets.tasks.refresh_budgets"),
    "forget-old-budget-periods": every(HOUR, "dashboards.budgets.tasks.forget_old_periods"),
    "tell-reviewers": every(15.0, "dashboards.queues.tasks.tell"),
    "purge-notices": every(HOUR, "dashboards.queues.tasks.purge"),
    "send-reports": every(30.0, "dashboards.digest.tasks.send_due"),
    "purge-reports": every(HOUR, "dashboards.digest.tasks.purge"),
    "purge-evaluations": every(HOUR, "evals.tasks.purge"),
    "forget-expired": every(HOUR, "sightglass.accounts.tasks.forget_expired"),
}
if settings.EMBEDDED_BROKER:
    broker.install()
    # Whoever opens the broker must find its folders; `sightglass up` empties them at its start.
    app.conf.broker_transport_options = {
        "polling_interval": 0.25,  # s; nothing comes more often than each two seconds
        **broker_folders(settings.HOME),
    }
