"""Signing in, failing to, and changes of passwords and second factors, as allauth reports them."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from sightglass.accounts import audit
from sightglass.accounts.models import User


def address_of(request: HttpRequest | None) -> str | None:
    return request.META.get("REMOTE_ADDR") if request is not None else None


@receiver(user_logged_in)
def signed_in(request: HttpRequest | None, user: User, **_: Any) -> None:
    audit.record("user.signed_in", user.email, user=user, address=address_of(request))


@receiver(user_login_failed)
def sign_in_failed(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    name = str(credentials.get("email") or credentials.get("username") or "")[:120]
    audit.record("user.sign_in_failed", name, address=address_of(request))


@receiver([password_changed, password_reset])
def new_password(request: HttpRequest | None, user: User, **_: Any) -> None:
    audit.record("user.password_changed", user.email, user=user, address=address_of(request))


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def second_factor(
    request: HttpRequest | None, user: User, authenticator: Any, signal: Any, **_: Any
) -> None:
    words = {authenticator_added: "added", authenticator_removed: "removed"}
    action = f"user.second_factor_{words.get(signal, 'reset')}"
    audit.record(
        action, f"{user.email} {authenticator.type}", user=user, address=address_of(request)
    )
