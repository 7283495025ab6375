"""What is asked for a channel: its name, and what its kind needs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboards.channels import kinds
from dashboards.channels.models import Channel
from dashboards.channels.sending import webhook

Kind = Channel.Kind
HELP = {
    Kind.SLACK: "Of an incoming webhook: https://hooks.slack.com/services/…",
    Kind.TEAMS: "Of a workflow “When a Teams webhook request is received”.",
    Kind.DISCORD: "Of a webhook of the channel: https://discord.com/api/webhooks/…",
    Kind.PAGERDUTY: "Of the service's integration “Events API v2”.",
    Kind.WEBHOOK: "Your receiver checks signatures with it.",
}
KEPT = "Leave it empty to keep what is stored"


class ChannelForm(forms.Form):
    """`row` is the stored channel that is changed; None for a new one of this kind."""

    name = forms.CharField(max_length=100, label="Name")

    def __init__(self, *args: Any, kind: str, row: Channel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.row = Kind(kind), row
        if self.kind is Kind.EMAIL:
            self.fields["recipients"] = forms.CharField(
                label="Recipients",
                help_text=f"One address a line, {kinds.MOST_RECIPIENTS} at most.",
                widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            )
        if self.kind is Kind.WEBHOOK:
            self.fields["url"] = forms.CharField(
                max_length=kinds.LONGEST_URL,
                label="URL",
                widget=forms.URLInput(attrs={"spellcheck": "false"}),
                help_text="Events are sent there by POST, signed.",
            )
        if self.kind not in kinds.NO_SECRET:
            self.fields["secret"] = self._secret()
        if self.kind is Kind.PAGERDUTY:
            self.fields["region"] = forms.ChoiceField(
                label="Service region",
                choices=[("us", "United States"), ("eu", "Europe")],
            )
        if row is not None:
            self.fields["enabled"] = forms.BooleanField(
                required=False, label="On", help_text="Off: nothing is sent to it."
            )

    def _secret(self) -> forms.CharField:
        label, help_text = kinds.SECRETS[self.kind][0], HELP[self.kind]
        shown = self.row is None and self.kind is Kind.WEBHOOK  # to be copied, this once
        attrs = {"autocomplete": "off" if shown else "new-password", "spellcheck": "false"}
        widget = forms.TextInput(attrs=attrs) if shown else forms.PasswordInput(attrs=attrs)
        if shown:
            help_text += " Copy it there now: it is not shown again."
        if self.row is not None:
            help_text = f"{KEPT} ({self.row.hint}). {help_text}"
        field = forms.CharField(
            max_length=1000,
            label=label,
            required=self.row is None,
            widget=widget,
            help_text=help_text,
        )
        if shown:
            field.initial = webhook.new_key()
        return field

    @property
    def config(self) -> dict[str, Any]:
        """As `kinds.check` takes it."""
        said = self.cleaned_data
        if self.kind is Kind.EMAIL:
            return {"recipients": said["recipients"].replace(",", "\n").splitlines()}
        return {name: said[name] for name in ("url", "region") if name in said}

    @property
    def secret(self) -> str | None:
        return self.cleaned_data.get("secret") or None

    def take(self, error: ValidationError) -> None:
        """Show what is wrong beside the field, or above all where it is none of the form's."""
        if not hasattr(error, "error_dict"):
            return self.add_error(None, error)
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


def initial_of(row: Channel) -> dict[str, Any]:
    given: dict[str, Any] = {"name": row.name, "enabled": row.enabled} | row.config
    if row.kind == Kind.EMAIL:
        given["recipients"] = "\n".join(row.config["recipients"])
    return given
