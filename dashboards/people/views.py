"""A person's own pages: profile, projects of their own, and accepting an invitation."""

from __future__ import annotations

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
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from dashboards.settings.audit import log_page
from sightglass.accounts import audit, members, projects
from sightglass.accounts.models import Invitation, User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("name",)


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name of the project")


class WelcomeForm(forms.Form):
    name = forms.CharField(max_length=120, required=False, label="Your name")
    password = forms.CharField(
        max_length=200,
        label="Choose a password",
        help_text="Ten characters or more.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: object, email: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.email = email

    def clean(self) -> dict[str, object]:
        given = self.cleaned_data
        if "password" in given:
            person = User(email=self.email, name=given.get("name", ""))
            try:
                validate_password(given["password"], person)
            except ValidationError as error:
                self.add_error("password", error)
        return given


def person(request: HttpRequest) -> User:
    """Who is signed in; `login_required` stands before every use."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name, and the way to password, second factor, sessions and projects."""
    user = person(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            if form.changed_data:
                audit.record("user.changed", user.email, user=user, after=form.cleaned_data)
        messages.success(request, "Profile saved.")
        return redirect("profile")
    context = {
        "form": form,
        "has_second_factor": is_mfa_enabled(user),
        "has_password": user.has_usable_password(),
        "project_form": ProjectForm(auto_id="project_%s"),
        "deleted_projects": projects.deleted_of(user),
    }
    return render(request, "people/profile.html", context)


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
    try:
        project = projects.create_project(person(request), request.POST.get("name", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("profile")
    return redirect("project_home", project.slug)


@require_POST
@login_required
def restore_project(request: HttpRequest, slug: str) -> HttpResponse:
    """Open a deleted project again, while that is possible."""
    project = projects.restore_project(person(request), slug)
    messages.success(request, f"{project.name} is back, with its members and keys.")
    return redirect("project_home", project.slug)


@login_required
def installation_audit(request: HttpRequest) -> HttpResponse:
    """The log of what belongs to no project: accounts and signing in."""
    if not person(request).is_staff:
        raise PermissionDenied
    return log_page(request, None, "people/audit.html")


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: with the account at hand, by signing in, or with a new one."""
    found = members.invitation_of(token)
    if found is None:
        raise Http404("This invitation has been used, withdrawn, or is too old.")
    if request.user.is_authenticated:
        return _accept_signed_in(request, found)
    if User.objects.filter(email=found.email).exists():
        return redirect(f"{reverse('account_login')}?next={request.path}")
    form = WelcomeForm(request.POST or None, email=found.email)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            user = User.objects.create_user(
                found.email, form.cleaned_data["password"], name=form.cleaned_data["name"]
            )
            audit.record("user.created", user.email, user=user)
            members.accept(found, user)
        login(request, user, backend=BACKEND)
        return redirect("project_home", found.project.slug)
    return render(request, "people/welcome.html", {"form": form, "invitation": found})


def _accept_signed_in(request: HttpRequest, found: Invitation) -> HttpResponse:
    user = person(request)
    if request.method == "POST":
        members.accept(found, user)
        messages.success(request, f"You are now a member of {found.project.name}.")
        return redirect("project_home", found.project.slug)
    fits = user.email.lower() == found.email
    return render(request, "people/join.html", {"invitation": found, "fits": fits})
