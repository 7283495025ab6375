"""How allauth behaves here: nobody signs up by themselves, and signing in is written down."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by invitation (`sightglass.accounts.projects`), never by a sign-up form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Signing in and out explain themselves; other messages are shown."""
        template = kwargs.get("message_template") or (args[2] if len(args) > 2 else "")
        if "logged_" not in str(template):
            super().add_message(*args, **kwargs)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Single sign-on finds accounts by verified e-mail, and makes new ones only if that is allowed.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        if not settings.OIDC_CREATES_USERS:
            return False
        return any(address.verified for address in sociallogin.email_addresses)
