"""What the schedule does for budgets. Each may be lost or repeated."""

from celery import shared_task

from dashboards.budgets import services


@shared_task
def refresh_budgets() -> None:
    """Work out how each budget stands, and tell of thresholds."""
    services.refresh_all()


@shared_task
def forget_old_periods() -> None:
    services.forget_old()
