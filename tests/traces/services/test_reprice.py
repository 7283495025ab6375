"""Re-pricing: the difference first, then the change, in spans and in the sums of their traces."""

import os
import time
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import OperationalError
from psycopg.errors import DeadlockDetected

from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import AuditEntry, Project, Role
from tests.traces.sending import SECOND, decoded, llm, span
from traces.models import PriceOverride, Span, Trace
from traces.selectors import cubes
from traces.selectors.paging import TimeRange
from traces.services import prices, reprice
from traces.services.ingest import store_spans
from traces.services.reprice import TooMany
from traces.spans import Flag

pytestmark = pytest.mark.django_db


def own(access: Access, model: str = "gpt-4o*", **values: Any) -> PriceOverride:
    return PriceOverride.objects.create(project=access.project, model=model, **values)


def run(access: Access, *, apply: bool = True, most: int | None = None) -> reprice.Change:
    start, end = time.time_ns() - 3600 * SECOND, time.time_ns()
    return reprice.reprice(access, start, end, apply=apply, most=most)


def test_the_difference_is_shown_before_it_is_applied(access: Access) -> None:
    trace_id, agent_id = os.urandom(16), os.urandom(8)
    reported = llm(gen_ai__usage__cost=5)
    agent = span(
        trace_id,
        span_id=agent_id,
        gen_ai__operation__name="invoke_agent",
        gen_ai__usage__input_tokens=1000,
        gen_ai__usage__output_tokens=100,
    )
    store_spans(access, decoded(agent, llm(trace_id, parent=agent_id), reported))
    made = own(access, input=5, output=20)

    change = run(access, apply=False)
    assert (change.changed, change.before, change.after) == (1, 3_500_000_000, 7_000_000_000)
    assert Trace.objects.get(trace_id=UUID(bytes=trace_id)).cost_total == 3_500_000_000

    run(access)
    assert Trace.objects.get(trace_id=UUID(bytes=trace_id)).cost_total == 7_000_000_000
    row = Span.objects.get(kind="llm", trace_id=UUID(bytes=trace_id))
    assert row.price_ref == f"override:{made.pk}"
    assert run(access, apply=False).changed == 0
    entry = AuditEntry.objects.get(action="prices.applied")
    assert entry.after == {"cost": 7_000_000_000, "spans": 1}


def test_what_a_cache_saved_is_priced_anew_also_where_all_was_read_from_it(access: Access) -> None:
    some, everything = (llm(gen_ai__usage__cache_read__input_tokens=n) for n in (400, 1000))
    store_spans(access, decoded(some, everything))

    def saved() -> list[int]:
        return sorted(one.cache_saved or 0 for one in Span.objects.all())

    def shown() -> float:
        range = TimeRange(time.time_ns() - 3600 * SECOND, time.time_ns() + SECOND)
        cube = cubes.of_spans(access.project.pk, range=range)
        return sum(cell.sums.cache_saved for cell in cube.cells)

    assert saved() == [500_000_000, 1_250_000_000]
    assert shown() == 1_750_000_000
    own(access, input=5, output=20, cache_read=1)
    run(access)
    assert saved() == [1_600_000_000, 4_000_000_000]
    assert shown() == 5_600_000_000


def test_a_model_that_had_no_price_gets_one_and_its_trace_says_so(access: Access) -> None:
    call = llm(gen_ai__request__model="ours", gen_ai__response__model="ours")
    store_spans(access, decoded(call))
    assert Trace.objects.get().cost_source == "unknown"
    own(access, "ours", input=1, output=1)
    change = run(access)
    assert [one.newly_priced for one in change.models.values()] == [1]
    trace, row = Trace.objects.get(), Span.objects.get()
    assert (trace.cost_total, trace.cost_source) == (1_100_000_000, "priced")
    assert (row.cost_input, row.cost_output) == (1_000_000_000, 100_000_000)
    PriceOverride.objects.all().delete()
    change = run(access)
    assert [one.newly_unknown for one in change.models.values()] == [1]
    trace = Trace.objects.get()
    assert (trace.cost_total, trace.cost_source) == (None, "unknown")


def test_suspicion_goes_with_its_cause(access: Access) -> None:
    store_spans(access, decoded(llm(gen_ai__openai__response__service_tier="scale")))
    trace = Trace.objects.get()
    assert (trace.cost_total, trace.suspect_reasons) == (None, ["no_price_for_tier"])
    made = own(access, input=1, output=1)
    run(access)
    trace, row = Trace.objects.get(), Span.objects.get()
    assert (trace.cost_total, trace.suspect_reasons) == (1_100_000_000, [])
    assert not (trace.flags | row.flags) & Flag.COST_SUSPECT
    assert row.price_ref == f"override:{made.pk};service_tier=scale"
    made.delete()
    run(access)
    trace = Trace.objects.get()
    assert (trace.cost_total, trace.suspect_reasons) == (None, ["no_price_for_tier"])
    assert trace.flags & Flag.COST_SUSPECT


def test_estimates_are_priced_anew_and_stay_estimates(access: Access) -> None:
    call = llm(
        gen_ai__usage__input_tokens=None,
        gen_ai__usage__output_tokens=None,
        gen_ai__input__messages='[{"role": "user", "content": "Where is it?"}]',
        gen_ai__output__messages='[{"role": "assistant", "content": "Here."}]',
    )
    store_spans(access, decoded(call))
    before = Span.objects.get()
    assert before.est_cost
    assert before.cost_total is None
    own(access, input=5, output=20)
    run(access)
    after, trace = Span.objects.get(), Trace.objects.get()
    assert (after.est_cost, after.cost_total) == (2 * before.est_cost, None)
    assert (trace.est_cost, trace.cost_total) == (after.est_cost, None)


def test_a_gpu_hour_is_not_charged_to_steps_around_the_call(access: Access) -> None:
    agent = span(gen_ai__operation__name="invoke_agent", gen_ai__request__model="llama")
    store_spans(access, decoded(agent, llm(gen_ai__response__model="llama")))
    own(access, "llama", gpu_hour=3600)
    run(access)
    costs = {row.kind: row.cost_total for row in Span.objects.all()}
    assert costs == {"agent": None, "llm": 10**12}


def test_every_span_is_reached_however_small_the_chunks(
    access: Access, other_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time_ns() - 60 * SECOND
    same_id = os.urandom(8)
    calls = [llm(start_ns=start + i // 4, span_id=same_id) for i in range(10)]
    store_spans(access, decoded(*calls))
    store_spans(Access(other_project, access.permissions), decoded(llm()))
    own(access, input=5, output=20)
    monkeypatch.setattr(reprice, "CHUNK", 3)
    assert run(access).changed == 10
    totals = set(Trace.objects.filter(project=access.project).values_list("cost_total", flat=True))
    assert totals == {7_000_000_000}
    assert Trace.objects.get(project=other_project).cost_total == 3_500_000_000


def test_a_step_that_lost_against_traffic_is_done_again_and_counted_once(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_spans(access, decoded(llm()))
    own(access, input=5, output=20)
    apply = reprice._apply
    lost: list[int] = []

    def busy(*args: Any) -> Any:
        if not lost:
            lost.append(1)
            raise OperationalError("deadlock") from DeadlockDetected()
        return apply(*args)

    monkeypatch.setattr(reprice, "_apply", busy)
    change = run(access)
    assert (lost, change.changed, change.after) == ([1], 1, 7_000_000_000)


def test_more_than_one_is_willing_to_wait_for(access: Access) -> None:
    store_spans(access, decoded(llm(), llm()))
    with pytest.raises(TooMany):
        run(access, most=1)
    assert run(access, most=2).changed == 0


def test_who_may_only_read_may_not_reprice(project: Project) -> None:
    with pytest.raises(PermissionDenied):
        run(Access(project, ROLE_PERMISSIONS[Role.VIEWER]), apply=False)


def test_sums_stay_within_their_column(access: Access) -> None:
    first = llm(gen_ai__usage__cost=9_000_000)
    more = [llm(first["trace_id"], gen_ai__usage__cost=9_000_000) for _ in range(2)]
    store_spans(access, decoded(first, more[0]))
    store_spans(access, decoded(more[1]))
    assert Trace.objects.get().cost_total == 2**63 - 1


# ── The command ──────────────────────────────────────────────────────────────────────────────────


def command(access: Access, *options: str, start: str = "2026-01-01T00:00:00Z") -> None:
    given = ["--project", access.project.slug, "--start", start, "--end", "2030-01-01T00:00:00Z"]
    call_command("reprice", *given, *options)


def test_the_command_says_what_it_would_do(
    access: Access, capsys: pytest.CaptureFixture[str]
) -> None:
    store_spans(access, decoded(llm()))
    own(access, input=5, output=20)
    prices.forget(access.project.pk)
    command(access)
    said = capsys.readouterr().out
    assert "$0.0035 → $0.007" in said
    assert "Nothing was changed" in said
    command(access, "--apply", "--json")
    assert '"applied": true' in capsys.readouterr().out
    assert Trace.objects.get().cost_total == 7_000_000_000


def test_the_command_refuses_what_it_does_not_know(access: Access, project: Project) -> None:
    with pytest.raises(CommandError, match="start"):
        command(access, start="yesterday")
    with pytest.raises(CommandError, match="after"):
        command(access, start="2031-01-01T00:00:00Z")
    project.slug = "nobody"
    with pytest.raises(CommandError, match="nobody"):
        command(Access(project, access.permissions))
