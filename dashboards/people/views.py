"""A person's own pages: profile, new project, and accepting an invitation."""

from __future__ import annotations

from zoneinfo import available_timezones

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from sightglass.accounts import audit, projects
from sightglass.accounts.models import Invitation, User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    timezone = forms.ChoiceField(
        choices=[(name, name) for name in sorted(available_timezones())], label="Time zone"
    )

    class Meta:
        model = User
        fields = ("name", "timezone")


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name of the project")


class WelcomeForm(forms.Form):
    name = forms.CharField(max_length=120, required=False, label="Your name")
    password = forms.CharField(
        max_length=200,
        label="Choose a password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password


def person(request: HttpRequest) -> User:
    """Who is signed in; `login_required` stands before every use."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name, time zone, and the way to password and second factor."""
    user = person(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            if form.changed_data:
                audit.record("user.changed", user.email, user=user, after=form.cleaned_data)
        messages.success(request, "Profile saved.")
        return redirect("profile")
    return render(
        request,
        "people/profile.html",
        {"form": form, "has_second_factor": is_mfa_enabled(user), "project_form": ProjectForm()},
    )


@require_POST
@login_required
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all sessions of this person but this one."""
    user = person(request)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
        audit.record("user.signed_out_everywhere", user.email, user=user)
    user.refresh_from_db()
    update_session_auth_hash(request, user)
    messages.success(request, "All other sessions have ended.")
    return redirect("profile")


@require_POST
@login_required
def new_project(request: HttpRequest) -> HttpResponse:
    """Make a project; who runs the installation may."""
    user = person(request)
    if not user.is_staff:
        raise PermissionDenied("Ask who runs this installation for a project.")
    try:
        project = projects.create_project(user, request.POST.get("name", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("profile")
    return redirect("project_home", project.slug)


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: with the account at hand, by signing in, or with a new one."""
    found = projects.invitation_of(token)
    if found is None:
        raise Http404("This invitation has been used, withdrawn, or is too old.")
    if request.user.is_authenticated:
        return _accept_signed_in(request, found)
    if User.objects.filter(email=found.email).exists():
        return redirect(f"{reverse('account_login')}?next={request.path}")
    form = WelcomeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            user = User.objects.create_user(
                found.email, form.cleaned_data["password"], name=form.cleaned_data["name"]
            )
            audit.record("user.created", user.email, user=user)
            projects.accept(found, user)
        login(request, user, backend=BACKEND)
        return redirect("project_home", found.project.slug)
    return render(request, "people/welcome.html", {"form": form, "invitation": found})


def _accept_signed_in(request: HttpRequest, found: Invitation) -> HttpResponse:
    user = person(request)
    if request.method == "POST":
        projects.accept(found, user)
        messages.success(request, f"You are now a member of {found.project.name}.")
        return redirect("project_home", found.project.slug)
    fits = user.email.lower() == found.email
    return render(request, "people/join.html", {"invitation": found, "fits": fits})
