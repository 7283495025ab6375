"""Making, changing and leaving reports. Each change goes to the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from dashboards.boards.models import Board
from dashboards.digest.models import Delivery, Frequency, Recipient, Report
from dashboards.digest.schedule import end_of
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission, roles_with
from sightglass.accounts.models import Membership, User

MAX_REPORTS = 50
MAX_RECIPIENTS = 200
BETWEEN_TRIALS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as it is given, unchecked. `board` None: of the overview."""

    board: int | None
    frequency: str
    weekday: int
    hour: int
    time_zone: str
    enabled: bool = True


def get_report(access: Access, pk: int) -> Report:
    """Raises Http404."""
    found = Report.objects.filter(project=access.project, pk=pk)
    report = found.select_related("project", "board").first()
    if report is None:
        raise Http404
    return report


def create(access: Access, draft: Draft, users: Sequence[int]) -> Report:
    """Raises ValidationError; PermissionDenied."""
    access.require(Permission.WRITE)
    _check(access, draft)
    if Report.objects.filter(project=access.project).count() >= MAX_REPORTS:
        raise ValidationError(f"There are {MAX_REPORTS} reports already. Delete one first.")
    with transaction.atomic():
        report = Report.objects.create(project=access.project, **_fields(draft))
        _recipients(access, report, users)
        audit.record("report.created", str(report), access=access, after=_told(report))
    return report


def change(access: Access, report: Report, draft: Draft, users: Sequence[int]) -> None:
    """Who is named is a recipient, also who had left. Raises ValidationError; PermissionDenied."""
    access.require(Permission.WRITE)
    _check(access, draft)
    with transaction.atomic():
        before, moved = _told(report), _fields(draft) != _fields(draft_of(report))
        for name, value in _fields(draft).items():
            setattr(report, name, value)
        if moved:
            report.scheduled_at = timezone.now()
        report.save()
        _recipients(access, report, users)
        report.refresh_from_db()
        after = _told(report)
        if before != after:
            audit.record("report.changed", str(report), access=access, before=before, after=after)


def delete(access: Access, report: Report) -> None:
    """Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        audit.record("report.deleted", str(report), access=access, before=_told(report))
        report.delete()


def unsubscribe(recipient: Recipient) -> bool:
    """Whether it was a recipient until now. What waits for it is dropped."""
    with transaction.atomic():
        now = timezone.now()
        mine = Recipient.objects.filter(pk=recipient.pk, unsubscribed_at=None)
        if not mine.update(unsubscribed_at=now):
            return False
        waiting = Delivery.objects.filter(
            report=recipient.report, user=recipient.user, state=Delivery.State.WAITING
        )
        waiting.update(state=Delivery.State.DROPPED, ended_at=now)
        audit.record(
            "report.left", str(recipient.report), project=recipient.report.project,
            user=recipient.user,
        )  # fmt: skip
    return True


def send_now(access: Access, report: Report) -> Delivery:
    """One to the caller, of the days up to last midnight. Raises ValidationError."""
    if access.user is None:
        raise ValidationError("A key has no mailbox.")
    mine = Delivery.objects.filter(report=report, user=access.user, period__startswith="now-")
    if mine.filter(created_at__gt=timezone.now() - BETWEEN_TRIALS).exists():
        raise ValidationError("One is on its way to you. Wait a minute.")
    return Delivery.objects.create(
        report=report,
        user=access.user,
        period=f"now-{uuid4().hex}",
        end_ns=end_of(datetime.now(UTC)),
    )


def draft_of(report: Report) -> Draft:
    return Draft(
        report.board_id,
        report.frequency,
        report.weekday,
        report.hour,
        report.time_zone,
        report.enabled,
    )


def members(access: Access) -> list[User]:
    """Of the project, by address: those who may read it."""
    found = Membership.objects.filter(
        project=access.project, user__is_active=True, role__in=roles_with(Permission.READ)
    )
    return [one.user for one in found.select_related("user").order_by("user__email")]


def _check(access: Access, draft: Draft) -> None:
    faults = {}
    if draft.frequency not in Frequency.values:
        faults["frequency"] = "weekly or daily."
    if not 0 <= draft.weekday <= 6:
        faults["weekday"] = "A day of the week."
    if not 0 <= draft.hour <= 23:
        faults["hour"] = "An hour from 0 to 23."
    if draft.time_zone not in available_timezones():
        faults["time_zone"] = "There is no such time zone."
    shared = Board.objects.filter(project=access.project, shared=True, pk=draft.board or 0)
    if draft.board is not None and not shared.exists():
        faults["board"] = "Only a dashboard that is shared with the project can be reported."
    if faults:
        raise ValidationError(faults)


def _fields(draft: Draft) -> dict[str, object]:
    found = asdict(draft)
    return {("board_id" if name == "board" else name): value for name, value in found.items()}


def _recipients(access: Access, report: Report, users: Sequence[int]) -> None:
    """Raises ValidationError for one who is no member."""
    wanted = set(users)
    if not wanted <= {user.pk for user in members(access)}:
        raise ValidationError({"users": "Only members of the project can be recipients."})
    if not 1 <= len(wanted) <= MAX_RECIPIENTS:
        raise ValidationError({"users": f"Choose 1 to {MAX_RECIPIENTS} recipients."})
    report.recipients.exclude(user_id__in=wanted).delete()
    report.recipients.filter(unsubscribed_at__isnull=False).update(unsubscribed_at=None)
    Recipient.objects.bulk_create(
        [Recipient(report=report, user_id=user) for user in sorted(wanted)],
        ignore_conflicts=True,
    )


def _told(report: Report) -> dict[str, object]:
    """For the audit log."""
    users = report.recipients.filter(unsubscribed_at=None).order_by("user__email")
    when = f"{report.hour:02}:00 {report.time_zone}"
    return {
        "of": str(report),
        "frequency": report.frequency,
        "weekday": report.weekday,
        "at": when,
        "enabled": report.enabled,
        "recipients": list(users.values_list("user__email", flat=True)),
    }
