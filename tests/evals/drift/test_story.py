"""The demo's weeks: what was planted is found with its slice and cause; quiet days raise nothing.

Everything is drawn from fixed seeds. Days that nothing is asked about are not told: comparing a
window takes seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evals.drift.models import Window
from evals.drift.services import schedule
from sightglass.accounts.access import Access
from tests.evals.drift.telling import monday, tell
from traces.demo.story import Day
from traces.models import Score

pytestmark = pytest.mark.django_db

REFERENCE, QUIET = (1, 2, 4, 5), (6, 7, 8)
TOPIC, LANGUAGE, BRIEF = 10, 12, 17


def start(phase: int) -> int:
    day = monday() + timedelta(days=phase)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9


@pytest.fixture
def judged(access: Access) -> None:
    """Windows of quiet days, and of the first day of each planted change."""
    phases = (*REFERENCE, *QUIET, TOPIC, LANGUAGE, BRIEF)
    tell(access, [Day(monday() + timedelta(days=phase)) for phase in phases], 150)
    tell(access, [Day(monday() + timedelta(days=BRIEF + 1))], 2)
    now = datetime.fromtimestamp(start(BRIEF + 2) / 1e9, UTC)
    assert schedule.hold(access.project.pk, now)
    schedule.look(access.project.pk, now)
    wanted = [start(phase) for phase in (*QUIET, TOPIC, LANGUAGE, BRIEF)]
    assert Window.objects.filter(start_ns__in=wanted).count() == 2 * len(wanted)
    Window.objects.exclude(start_ns__in=wanted).delete()
    schedule._judged(access.project.pk, float("inf"))
    assert not Window.objects.exclude(state="done").exists()


def found(what: str, phase: int) -> Window:
    return Window.objects.get(monitor__what=what, start_ns=start(phase))


def carriers(window: Window) -> dict[str, str]:
    """Value by dimension, of what carries the change."""
    slices = [one for one in window.found["slices"] if one["carries"]]
    return {one["dimension"]: one["value"] for one in reversed(slices)}


def test_what_was_planted_is_found_and_quiet_days_raise_nothing(judged: None) -> None:
    quiet = Window.objects.filter(start_ns__in=[start(phase) for phase in QUIET])
    assert quiet.count() == 6 and not quiet.filter(drift=True).exists()
    assert all("would be missed" in window.verdict for window in quiet)
    assert all(0.05 < (window.detectable or 0) < 0.6 for window in quiet)

    topic = found("inputs", TOPIC)
    assert topic.drift and topic.cause == "users"
    assert carriers(topic)["user"] == "procurement.meridian"
    assert "procurement.meridian" in topic.verdict
    assert found("outputs", TOPIC).cause == "users"

    language = found("inputs", LANGUAGE)
    assert language.drift and carriers(language)["language"] == "de"
    assert "users write in German more often" in language.verdict
    answers = found("outputs", LANGUAGE)
    assert answers.drift and answers.cause == "users" and "ask for other things" in answers.verdict

    assert not found("inputs", BRIEF).drift, "the users asked what they always ask"
    brief = found("outputs", BRIEF)
    assert brief.drift and brief.cause == "model"
    assert carriers(brief)["model"] == "gpt-5.4-mini-2026-10-28"
    assert "shorter at the same questions: the model changed" in brief.verdict
    assert "(gpt-5.4-mini-2026-10-28), not the users." in brief.verdict
    assert brief.verdict.endswith("began, too."), "the release that came that day is not hidden"
    assert brief.found["parts"]["model"] > 0.62

    what_it_leaves_is_seen_by_alert_rules()


def what_it_leaves_is_seen_by_alert_rules() -> None:
    """A score of the project for each window, dated where the window ended."""
    scores = Score.objects.filter(name="drift.outputs", trace_id=None).order_by("created_at")
    assert [one.boolean for one in scores] == [False, False, False, True, True, True]
    ends = [int(one.created_at.timestamp()) for one in scores]
    assert ends == [start(phase + 1) // 10**9 - 1 for phase in (*QUIET, TOPIC, LANGUAGE, BRIEF)]
