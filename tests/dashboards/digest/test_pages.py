"""Pages of reports, leaving one by its link, and pictures."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.core import signing
from django.test import Client
from matplotlib import image
from numpy.typing import NDArray

from dashboards.charts import Event, Level, Series, area, bars, lines
from dashboards.charts.theme import light
from dashboards.digest import picture, services, zones
from dashboards.digest.links import SALT, recipient_of, unsubscribe_url
from dashboards.digest.models import Delivery, Report
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role, User
from tests.conftest import member
from tests.dashboards.boards.making import COST, board
from tests.dashboards.digest.reporting import report
from tests.dashboards.quality.scoring import DAY, day

PAGE = "/p/shop/dashboards/reports"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def form(*users: User, **fields: Any) -> dict[str, Any]:
    usual = {"board": "", "frequency": "weekly", "weekday": 4, "hour": 17, "enabled": "on"}
    people = {"time_zone": "Europe/Berlin", "users": [user.pk for user in users]}
    return usual | people | fields


@pytest.mark.django_db
def test_a_report_is_made_changed_and_deleted(page: Client, owner: User, access: Access) -> None:
    shared = board(access, COST, shared=True)
    assert "No reports yet" in page.get(PAGE).content.decode()
    assert page.post(f"{PAGE}/new", form(owner, board=shared.pk)).status_code == 302
    made = Report.objects.get()
    found = page.get(PAGE).content.decode()
    assert "Fridays at 17:00, Europe/Berlin" in found and owner.email in found
    assert page.get(f"{PAGE}/{made.pk}").context["form"].initial["users"] == [owner.pk]
    before = made.scheduled_at
    page.post(f"{PAGE}/{made.pk}", form(owner, board="", frequency="daily"))
    made.refresh_from_db()
    assert (made.board, made.frequency) == (None, "daily")
    assert made.scheduled_at > before
    assert page.post(f"{PAGE}/{made.pk}/delete").status_code == 302
    said = AuditEntry.objects.filter(action__startswith="report.").order_by("pk")
    assert [one.action for one in said] == ["report.created", "report.changed", "report.deleted"]
    assert said[0].after is not None and said[0].after["recipients"] == [owner.email]


@pytest.mark.django_db
def test_time_zones_stand_by_continent_the_likely_ones_first(page: Client, access: Access) -> None:
    report(access, time_zone="Asia/Kolkata")
    field = page.get(f"{PAGE}/new").context["form"].fields["time_zone"]
    (first, likely), *continents = field.choices
    assert (first, [name for name, _ in likely]) == ("Often chosen", ["UTC", "Asia/Kolkata"])
    assert likely[1][1] == "Kolkata (UTC+5:30)"
    titles = [title for title, _ in continents]
    assert titles[:2] == ["Africa", "America"] and "Pacific Ocean" in titles
    every = [name for _, rows in field.choices for name, _ in rows]
    assert len(every) == len(set(every)) and set(every) == zones.names()
    text = page.get(f"{PAGE}/{Report.objects.get().pk}").content.decode()
    assert '<optgroup label="Europe">' in text and text.count("Asia/Kolkata") == 1
    assert '<option value="Asia/Kolkata" selected>' in text and "zones.js" in text


@pytest.mark.parametrize(
    ("name", "month", "said"),
    [
        ("Europe/Berlin", 1, "UTC+1"), ("Europe/Berlin", 7, "UTC+2"), ("UTC", 1, "UTC+0"),
        ("America/St_Johns", 1, "UTC−3:30"), ("Asia/Kathmandu", 1, "UTC+5:45"),
        ("America/Argentina/Buenos_Aires", 1, "UTC−3"), ("Pacific/Kiritimati", 1, "UTC+14"),
    ],
)  # fmt: skip
def test_the_offset_is_that_of_the_day(name: str, month: int, said: str) -> None:
    now = datetime(2026, month, 10, tzinfo=UTC)
    assert zones.offset(name, now) == said
    if "/" in name:
        rows = dict(row for _, rows in zones.choices((), now) for row in rows)
        assert rows[name].endswith(f" ({said})") and "_" not in rows[name]


@pytest.mark.django_db
def test_what_cannot_be_is_said(page: Client, owner: User, access: Access, stranger: User) -> None:
    mine = board(access, COST)
    for wrong in (
        form(), form(stranger), form(owner, board=mine.pk), form(owner, board="x"),
        form(owner, hour=24), form(owner, weekday=7), form(owner, time_zone="Moon/Crater"),
        form(owner, frequency="yearly"),
    ):  # fmt: skip
        answer = page.post(f"{PAGE}/new", wrong)
        assert answer.status_code == 200
        assert "field-err" in answer.content.decode()
    assert Report.objects.count() == 0


@pytest.mark.django_db
def test_who_may_only_read_sees_reports_and_has_one_sent(
    client: Client, access: Access, project: Project
) -> None:
    made = report(access)
    viewer = member(project, "v@example.org", Role.VIEWER)
    client.force_login(viewer)
    found = client.get(PAGE).content.decode()
    assert f"{PAGE}/new" not in found and f'href="{PAGE}/{made.pk}"' not in found
    for path in ("new", f"{made.pk}", f"{made.pk}/delete"):
        assert client.post(f"{PAGE}/{path}", form(viewer)).status_code == 403
    client.post(f"{PAGE}/{made.pk}/send")
    client.post(f"{PAGE}/{made.pk}/send")  # at once again: one is enough
    delivery = Delivery.objects.get()
    assert (delivery.user, delivery.asked_for, delivery.state) == (viewer, True, "waiting")
    assert "asked for" in client.get(PAGE).content.decode()


@pytest.mark.django_db
def test_the_log_tells_what_failed_and_when_it_is_tried_again(page: Client, access: Access) -> None:
    made = report(access)
    assert access.user is not None
    Delivery.objects.create(
        report=made, user=access.user, period="2026-11-23T08", end_ns=0, attempts=1,
        error="The mail server answered 451.",
    )  # fmt: skip
    found = page.get(PAGE).content.decode()
    assert "The mail server answered 451." in found and "attempt 2 at" in found


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_reports(
    page: Client, access: Access, django_assert_max_num_queries: Any
) -> None:
    assert access.user is not None
    for _ in range(5):
        made = report(access)
        Delivery.objects.create(report=made, user=access.user, period="x", end_ns=0)
    with django_assert_max_num_queries(9):
        page.get(PAGE)


@pytest.mark.django_db
def test_leaving_by_the_link(client: Client, access: Access) -> None:
    made = report(access)
    delivery = Delivery(report=made, user=access.user, period="x", end_ns=0)
    link = "/" + unsubscribe_url(delivery).split("/", 3)[3]
    assert "Leave this report?" in client.get(link).content.decode()
    assert made.recipients.get().unsubscribed_at is None  # looking is not leaving
    strict = Client(enforce_csrf_checks=True)  # as a mail program does it
    answer = strict.post(link, {"List-Unsubscribe": "One-Click"})
    assert "You have left" in answer.content.decode()
    assert made.recipients.get().unsubscribed_at is not None
    assert AuditEntry.objects.filter(action="report.left").count() == 1
    strict.post(link)
    assert AuditEntry.objects.filter(action="report.left").count() == 1


@pytest.mark.django_db
def test_only_links_that_were_given_out_lead_anywhere(client: Client, access: Access) -> None:
    made = report(access)
    assert access.user is not None
    pair = [made.pk, access.user.pk]
    for token in (
        "guessed", signing.dumps(pair, salt="another"), signing.dumps(pair, salt=SALT)[:-1],
        signing.dumps("text", salt=SALT), signing.dumps([1], salt=SALT),
        signing.dumps([made.pk, 0], salt=SALT),
    ):  # fmt: skip
        assert recipient_of(token) is None
        assert client.post(f"/unsubscribe/{token}").status_code == 404
    assert recipient_of(signing.dumps(pair, salt=SALT)) == made.recipients.get()


@pytest.mark.django_db
def test_who_had_left_is_back_only_when_named(
    access: Access, project: Project, owner: User
) -> None:
    other = member(project, "ana@example.org", Role.VIEWER)
    made = report(access, owner, other)
    services.unsubscribe(made.recipients.get(user=other))
    services.change(access, made, services.draft_of(made), [owner.pk])
    assert not made.recipients.filter(user=other, unsubscribed_at=None).exists()
    services.change(access, made, services.draft_of(made), [owner.pk, other.pk])
    assert made.recipients.filter(user=other, unsubscribed_at=None).exists()


# ---- pictures

TIMES = [day(ago, 0) for ago in range(6, 0, -1)]


def pixels(chart: Any) -> NDArray[np.float64]:
    assert chart.figure is not None
    found = image.imread(BytesIO(picture.png(chart.figure)), format="png")
    return np.asarray(found[..., :3], dtype=np.float64)


def share(found: NDArray[np.float64], colour: str) -> float:
    """Of the picture that has this colour."""
    wanted = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return float((np.abs(found - wanted).max(axis=2) < 0.02).mean())


def test_bars_have_the_colours_of_their_series() -> None:
    one = Series("a", TIMES, [1, 2, 3, 4, 5, 6])
    other = Series("b", TIMES, [6, 5, 4, 3, 2, 1])
    found = pixels(bars([one, other], unit="count", step_ns=DAY))
    assert share(found, light("s1")) > 0.05
    assert share(found, light("s2")) == pytest.approx(share(found, light("s1")), rel=0.1)
    twice = pixels(bars([one], unit="count", step_ns=DAY))
    assert share(twice, light("s2")) == 0


def test_lines_have_their_band_gaps_and_marks() -> None:
    values = [0.9, 0.8, None, 0.7, 0.6, 0.5]
    low = [None if value is None else value - 0.1 for value in values]
    high = [None if value is None else value + 0.05 for value in values]
    series = [Series("thumbs", TIMES, values, low=low, high=high)]
    with_band = pixels(lines(series, unit="ratio", step_ns=DAY, events=[Event(TIMES[3], "<v15>")]))
    bare = pixels(lines([Series("thumbs", TIMES, values)], unit="ratio", step_ns=DAY))
    assert share(with_band, light("s1")) > 0.001
    weak = 1 - picture._colour("rgba(52,104,192,0.18)")[3]  # type: ignore[operator]
    blend = "#" + "".join(
        f"{round(255 * weak + int(light('s1')[at : at + 2], 16) * (1 - weak)):02x}"
        for at in (1, 3, 5)
    )
    assert share(with_band, blend) > 0.02
    assert share(bare, blend) < 0.001


def test_areas_levels_and_hostile_names_are_drawn() -> None:
    series = [Series("$x_{", TIMES, [1, 2, 3, 3, 2, 1]), Series("b", TIMES, [1, 1, 1, 1, 1, 1])]
    events = [Event(TIMES[2], "$\\frac{")]
    chart = area(series, unit="usd", step_ns=DAY, levels=[Level(4, "plan")], events=events)
    assert share(pixels(chart), light("s1")) > 0.05


def test_a_picture_of_one_point_or_of_nothing_known() -> None:
    for values in ([None] * 6, [None, 1.0, None, None, None, None]):
        found = pixels(lines([Series("a", TIMES, values)], unit="score", step_ns=DAY))
        assert found.shape == (440, 1280, 3)


def test_the_same_figure_is_the_same_picture() -> None:
    chart = bars([Series("a", TIMES, [1, 2, 3, 4, 5, 6])], unit="usd", step_ns=DAY)
    assert chart.figure is not None
    assert picture.png(chart.figure) == picture.png(chart.figure)
