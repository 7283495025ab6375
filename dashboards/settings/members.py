"""Who may do what in a project."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from sightglass.accounts import members as changes
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from sightglass.accounts.audit import one_line
from sightglass.accounts.models import Invitation, Membership, Role

ROLES = {
    Role.OWNER: "everything, also naming owners and deleting the project",
    Role.ADMIN: "settings, members, keys, audit log, and what an engineer may",
    Role.ENGINEER: "queues, datasets, evaluators, prices, redaction, shared views, replays,"
    " and what a reviewer and a viewer may",
    Role.REVIEWER: "labels: sees their review queues and what is in them, nothing else",
    Role.VIEWER: "reads everything but review queues, changes nothing",
}


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ENGINEER, label="Role")


@project_page(Permission.ADMIN)
def members(request: ProjectRequest) -> HttpResponse:
    """Members and open invitations; inviting."""
    form = InviteForm(request.POST or None)
    link = ""
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        try:
            _, token = changes.invite(request.access, email, role)
        except ValidationError as error:
            form.add_error("email", error)
        else:
            link = request.build_absolute_uri(reverse("invitation", args=[token]))
            if _send(request, email, link):
                messages.success(request, f"The invitation was sent to {email}.")
                return redirect("settings_members", request.access.project.slug)
            form = InviteForm()
    project = request.access.project
    context = {
        "form": form,
        "link": link,
        "roles": ROLES.items(),
        "role_names": Role.choices,
        "members": project.memberships.select_related("user").order_by("user__email")[:500],
        "invitations": project.invitations.filter(accepted_at=None).order_by("-created_at")[:200],
        "section": "members",
    }
    return render(request, "settings/members.html", context)


def _send(request: ProjectRequest, email: str, link: str) -> bool:
    """Send the link by e-mail; False if that did not work, or there is no mail server.

    A link that only its addressee has seen proves the address; one shown on a page does not.
    """
    if not settings.EMAIL_URL:
        return False
    project = request.access.project
    try:
        send_mail(
            one_line(f"Join {project.name} on Sightglass"),
            f"{request.user} invites you to the project {project.name}.\n\n{link}\n\n"
            f"The link works once, for {changes.INVITATION_DAYS} days.",
            None,
            [email],
        )
    except OSError as error:
        messages.error(request, f"The message was not sent: {error}")
        return False
    return True


@require_POST
@project_page(Permission.ADMIN)
def change(request: ProjectRequest, pk: int) -> HttpResponse:
    """Change a member's role, or with `remove` take them out."""
    membership = get_object_or_404(request.access.project.memberships, pk=pk)
    try:
        _apply(request, membership)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("settings_members", request.access.project.slug)


def _apply(request: ProjectRequest, membership: Membership) -> None:
    if "remove" in request.POST:
        changes.remove(request.access, membership)
        messages.success(request, f"{membership.user.email} is no longer a member.")
        return
    role = request.POST.get("role", "")
    changes.change_role(request.access, membership, role)
    messages.success(request, f"{membership.user.email} is now {role}.")


@require_POST
@project_page(Permission.ADMIN)
def withdraw(request: ProjectRequest, pk: int) -> HttpResponse:
    """Withdraw an invitation."""
    found = get_object_or_404(Invitation, pk=pk, project=request.access.project, accepted_at=None)
    changes.withdraw(request.access, found)
    messages.success(request, "Invitation withdrawn.")
    return redirect("settings_members", request.access.project.slug)
