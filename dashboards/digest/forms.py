"""The form of a report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from dashboards.boards.models import Board
from dashboards.digest import services, zones
from dashboards.digest.models import Frequency, Report
from dashboards.digest.schedule import WEEKDAYS
from dashboards.digest.services import Draft
from sightglass.accounts.access import Access

MOST_USED = 5
"""Time zones of other reports that are offered first."""


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "sel"})


def _zones_of(reports: QuerySet[Report]) -> list[str]:
    """Time zones that the project's reports have already."""
    return list(reports.values_list("time_zone", flat=True).distinct()[:MOST_USED])


class ReportForm(forms.Form):
    board = forms.ChoiceField(label="Of", required=False, widget=_select())
    frequency = forms.ChoiceField(choices=Frequency.choices, label="How often", widget=_select())
    weekday = forms.TypedChoiceField(
        choices=list(enumerate(WEEKDAYS)), coerce=int, widget=_select(),
        help_text="Of a weekly report.",
    )  # fmt: skip
    hour = forms.TypedChoiceField(
        choices=[(hour, f"{hour:02}:00") for hour in range(24)], coerce=int, widget=_select()
    )
    time_zone = forms.ChoiceField(
        label="Time zone", widget=forms.Select(attrs={"class": "sel", "data-own-zone": True}),
        help_text="With its difference to UTC today. Type how a city begins to find it.",
    )  # fmt: skip
    users = forms.TypedMultipleChoiceField(
        label="Recipients", coerce=int, widget=forms.CheckboxSelectMultiple,
        help_text="Members of the project. Each can leave by a link in the message.",
    )  # fmt: skip
    enabled = forms.BooleanField(label="Switched on", required=False, initial=True)

    def __init__(self, access: Access, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        boards = Board.objects.filter(project=access.project, shared=True).order_by("name", "pk")
        shared = [(str(one.pk), one.name) for one in boards[:200]]
        people = [(user.pk, user.email) for user in services.members(access)]
        self._choose("board", [("", "The overview"), *shared])
        used = Report.objects.filter(project=access.project).order_by("time_zone")
        known = [self.initial.get("time_zone", ""), *_zones_of(used)]
        self._choose("time_zone", zones.choices(known, timezone.now()))
        self._choose("users", people)

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def draft(self) -> Draft:
        said = self.cleaned_data
        return Draft(
            int(said["board"]) if said["board"] else None,
            said["frequency"],
            said["weekday"],
            said["hour"],
            said["time_zone"],
            said["enabled"],
        )

    def refuse(self, error: ValidationError) -> None:
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for field, messages in error.message_dict.items():
            for message in messages:
                self.add_error(field, message)
