"""How allauth behaves here: no sign-up form, and single sign-on bound to the issuer's subject.

Accounts are made by invitation, or by single sign-on for somebody who is invited or if
SIGHTGLASS_OIDC_CREATE_USERS says so.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponseForbidden
from django.template.loader import render_to_string

from sightglass.accounts import audit, members
from sightglass.accounts.models import User

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by invitation (`sightglass.accounts.members`), never by a sign-up form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Signing in and out explain themselves; other messages are shown."""
        template = kwargs.get("message_template") or (args[2] if len(args) > 2 else "")
        if "logged_" not in str(template):
            super().add_message(*args, **kwargs)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """With a mail server away, the answer must still not tell who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            logger.exception("The message %s was not sent", template_prefix)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The subject is what an account is known by; a verified e-mail address finds it once."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Nobody links another identity to an account by hand; the inactive stay out."""
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            raise ImmediateHttpResponse(
                HttpResponseForbidden(render_to_string("403.html", request=request))
            )

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        addresses = verified(sociallogin)
        if not addresses:
            return False
        return settings.OIDC_CREATES_USERS or any(map(members.invitations_for, addresses))

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.name = audit.one_line(str(data.get("name") or ""))[:120]
        return user

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """A new account joins the projects that its verified address is invited to."""
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
            audit.record("user.created", user.email, user=user)
            if user.email in verified(sociallogin):
                for invitation in members.invitations_for(user.email):
                    members.accept(invitation, user)
        return user


def verified(sociallogin: Any) -> list[str]:
    """The addresses that the issuer says it has verified."""
    return [one.email.lower() for one in sociallogin.email_addresses if one.verified]
