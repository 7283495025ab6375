"""The form of a queue: its settings, and who works on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify

from dashboards.queues import words
from evals.review.errors import Fault
from evals.review.models import QueueReviewer
from evals.review.services import queues
from sightglass.accounts.access import Access, Permission, roles_with
from sightglass.accounts.models import Membership, User

BLIND = (("1", "Blind: nobody sees others’ answers before their own"), ("", "Open"))
MARKS = (("1", "Shown before one’s own label"), ("0", "Hidden until one has labelled"))
WORK = ("labels_wanted", "blind", "show_marks", "order", "order_score", "seed")
TIMES = ("goal_hours", "lease_minutes", "gold_percent")


def line(**attributes: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "in", "autocomplete": "off", **attributes})


def number(low: float, high: float, **attributes: Any) -> forms.NumberInput:
    return forms.NumberInput(attrs={"class": "in", "min": low, "max": high, **attributes})


def select() -> forms.Select:
    return forms.Select(attrs={"class": "sel"})


class SettingsForm(forms.Form):
    """`fields_of` names the fields of each part of the page."""

    name = forms.CharField(max_length=120, widget=line())
    slug = forms.CharField(
        max_length=60,
        required=False,
        label="Address",
        widget=line(spellcheck="false", placeholder="from the name"),
        help_text="The end of the queue’s URL: lower-case letters, digits and -. It stays.",
    )
    guidelines = forms.CharField(
        max_length=queues.LONGEST_GUIDELINES,
        required=False,
        widget=forms.Textarea(attrs={"class": "ta", "rows": 9}),
        help_text="Markdown. It stands beside every item: what each answer means, with examples.",
    )
    labels_wanted = forms.IntegerField(
        label="People for each item",
        min_value=1,
        max_value=5,
        initial=1,
        widget=number(1, 5),
        help_text="From two on, agreement can be measured.",
    )
    blind = forms.ChoiceField(
        choices=BLIND, required=False, initial="1", label="Others’ answers", widget=select()
    )
    show_marks = forms.ChoiceField(
        choices=MARKS,
        required=False,
        initial="1",
        label="Show what detectors marked",
        widget=select(),
        help_text="Marked passages help to find faults, and steer who looks at them.",
    )
    order = forms.ChoiceField(
        choices=tuple(words.ORDERS.items()), label="What comes first", widget=select()
    )
    order_score = forms.CharField(
        max_length=100,
        required=False,
        label="Scores to go by",
        widget=line(spellcheck="false", list="score-names"),
        help_text="Names with commas between; empty: all. Where evaluators disagree: two.",
    )
    seed = forms.IntegerField(
        label="Seed of the random order",
        initial=1,
        min_value=-(2**31),
        max_value=2**31 - 1,
        widget=number(-(2**31), 2**31 - 1),
        help_text="The same number gives the same order.",
    )
    goal_hours = forms.IntegerField(
        label="Due, hours after it was added",
        required=False,
        min_value=1,
        max_value=24 * 365,
        widget=number(1, 24 * 365, placeholder="never"),
    )
    lease_minutes = forms.IntegerField(
        label="An item is held for, minutes",
        initial=15,
        min_value=1,
        max_value=24 * 60,
        widget=number(1, 24 * 60),
        help_text="Then it goes to others. A draft stays.",
    )
    gold_percent = forms.FloatField(
        label="Gold among what a reviewer gets, %",
        initial=10,
        min_value=0,
        max_value=50,
        widget=number(0, 50, step="any"),
        help_text="Items whose answers are known, unmarked, for as long as there are any.",
    )

    def __init__(self, *arguments: Any, fixed: bool = False, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if fixed:
            del self.fields["slug"]

    def draft(self, questions: list[dict[str, Any]], reviewers: dict[str, str]) -> queues.Draft:
        said = dict(self.cleaned_data)
        said.pop("slug", None)
        said["blind"] = said["blind"] == "1"
        said["show_marks"] = said["show_marks"] != "0"
        said["gold_share"] = round(said.pop("gold_percent") / 100, 6)
        return queues.Draft(questions=questions, reviewers=reviewers, **said)

    def slug_said(self) -> str:
        said: str = self.cleaned_data["slug"].strip()
        return said or slugify(self.cleaned_data["name"])[:60].strip("-")

    def refuse(self, faults: Sequence[Fault]) -> None:
        """Show what the service refused where it was said."""
        for fault in faults:
            name = fault["pointer"].split("/")[1] if "/" in fault["pointer"] else ""
            if name in ("questions", "reviewers"):
                continue
            name = "gold_percent" if name == "gold_share" else name
            self.add_error(name if name in self.fields else None, fault["detail"])

    @property
    def work(self) -> list[forms.BoundField]:
        return [self[name] for name in WORK]

    @property
    def times(self) -> list[forms.BoundField]:
        return [self[name] for name in TIMES]


def initial_of(draft: queues.Draft) -> dict[str, Any]:
    plain = (
        *("name", "guidelines", "labels_wanted", "order", "order_score", "seed"),
        *("goal_hours", "lease_minutes"),
    )
    return {
        **{name: getattr(draft, name) for name in plain},
        "blind": "1" if draft.blind else "",
        "show_marks": "1" if draft.show_marks else "0",
        "gold_percent": f"{draft.gold_share * 100:g}",
    }


@dataclass(frozen=True, slots=True)
class Person:
    """A member who may label; `role` is theirs in the queue, or empty."""

    user: User
    member: str
    role: str

    @property
    def field(self) -> str:
        return f"person-{self.user.pk}"


def people_of(access: Access, chosen: Mapping[str, str]) -> list[Person]:
    """Members who may label, by address; `chosen` is the role by address.

    Of very many the first, and all who are chosen.
    """
    members = Membership.objects.filter(
        project=access.project, role__in=roles_with(Permission.REVIEW), user__is_active=True
    ).select_related("user")
    first = list(members.order_by("user__email")[: queues.MOST_PEOPLE])
    if len(first) == queues.MOST_PEOPLE:
        known = {one.pk for one in first}
        named = members.filter(user__email__in=list(chosen)).order_by("user__email")
        first += [one for one in named if one.pk not in known]
    return [Person(one.user, one.role, chosen.get(one.user.email, "")) for one in first]


def chosen_in(sent: QueryDict, people: Sequence[Person]) -> dict[str, str]:
    """The role by address, as it was sent; of these people only."""
    said = {one.user.email: sent.get(one.field, "") for one in people}
    return {email: role for email, role in said.items() if role in QueueReviewer.Role.values}
