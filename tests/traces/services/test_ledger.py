"""The ledger, and what it keeps of refused payloads."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.traces.sending import decoded, llm, request
from traces.models import LedgerHour, Receipt, RejectedPayload
from traces.services import ledger, refusals, retention
from traces.services.ingest import note_refused, store_spans
from traces.services.replay import NotReplayable, replay
from traces.spans import Rejection

pytestmark = pytest.mark.django_db


def send(access: Access, *, refused: str = "") -> None:
    spans = decoded(llm())
    if refused:
        spans.rejections.append(Rejection(1, refused, "d"))
        spans.received += 1
    store_spans(access, spans)


def test_receipts_are_folded_into_hours_once(access: Access) -> None:
    call = llm()
    store_spans(access, decoded(call))
    store_spans(access, decoded(call, llm()))
    send(access, refused="invalid_trace_id")
    since = timezone.now() - timedelta(days=1)
    before = ledger.lines(access.project.pk, since)
    assert ledger.fold() == 3
    assert ledger.fold() == 0
    hour = LedgerHour.objects.get()
    assert (hour.requests, hour.received, hour.stored, hour.duplicates) == (3, 5, 3, 1)
    assert hour.rejected == {"invalid_trace_id": 1}
    assert ledger.lines(access.project.pk, since) == before
    store_spans(access, decoded(llm()))
    ledger.fold()
    assert LedgerHour.objects.get().stored == 4
    totals = ledger.totals()
    assert totals[access.project.slug, "traces", "stored"] == 4
    assert totals[access.project.slug, "traces", "rejected:invalid_trace_id"] == 1


def test_folded_and_fresh_counts_are_one(access: Access, other_project: Project) -> None:
    send(access, refused="a")
    ledger.fold()
    send(access, refused="a")
    send(access, refused="b")
    send(Access(other_project, access.permissions))
    since = timezone.now() - timedelta(days=1)
    [(group, line)] = ledger.lines(access.project.pk, since).items()
    assert group == (None, "traces")
    assert (line.requests, line.received, line.stored) == (3, 6, 3)
    assert line.rejected == {"a": 2, "b": 1}
    assert line.rejected_total == 3
    [hour] = ledger.by_hour(access.project.pk, since).values()
    assert hour == line


def test_totals_do_not_fall_when_hours_are_forgotten(access: Access) -> None:
    for days in (200, 100, 1):
        send(access, refused=f"r{days}")
        Receipt.objects.update(at=timezone.now() - timedelta(days=days))
        ledger.fold()
    before = ledger.totals()
    for _ in range(2):
        retention.purge_beside()
        assert ledger.totals() == before
    assert LedgerHour.objects.count() == 2
    assert before[access.project.slug, "traces", "stored"] == 3
    since = timezone.now() - timedelta(days=300)
    [line] = ledger.lines(access.project.pk, since).values()
    assert line.stored == 1


def refuse(access: Access, body: bytes, signal: str = "traces") -> RejectedPayload:
    note_refused(
        access,
        signal=signal,
        reason="malformed",
        detail="d",
        content_type="application/x-protobuf",
        body=body,
    )
    return RejectedPayload.objects.latest("pk")


def test_a_refused_payload_can_be_replayed(access: Access) -> None:
    kept = refuse(access, request(llm()).SerializeToString())
    assert replay(access, kept).stored == 1
    assert replay(access, kept).duplicates == 1
    kept.whole = False
    with pytest.raises(NotReplayable):
        replay(access, kept)


def test_of_a_flood_of_refused_payloads_the_newest_are_kept(
    access: Access, other_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MAX_KEPT", 3)
    theirs = refuse(Access(other_project, access.permissions), b"theirs")
    ours = [refuse(access, b"x").pk for _ in range(6)]
    assert set(RejectedPayload.objects.values_list("pk", flat=True)) == {theirs.pk, *ours[-3:]}
    assert Receipt.objects.filter(project=access.project).count() == 6
