"""How allauth behaves here: no sign-up form, and single sign-on bound to the issuer's subject.

Accounts are made by invitation, or by single sign-on for somebody who is invited or if
SIGHTGLASS_OIDC_CREATE_USERS says so.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
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
    """An account is known by the issuer and its subject; a verified address finds it once."""

    def new_user(self, request: HttpRequest, sociallogin: Any) -> User:
        """Called before any look-up, with what the issuer said.

        The subject is made that of this one issuer, so that another one configured later cannot
        open accounts with equal subjects. Of the claims nothing is kept; some issuers send "false".
        """
        account = sociallogin.account
        issuer = hashlib.sha256(settings.OIDC_ISSUER.rstrip("/").encode()).hexdigest()[:16]
        account.uid = f"{issuer}:{account.uid}"
        account.extra_data = {"issuer": settings.OIDC_ISSUER}
        for address in sociallogin.email_addresses:
            address.verified = address.verified is True or address.verified == "true"
        user: User = super().new_user(request, sociallogin)
        return user

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:
        """An address that was given to somebody else must not open its former holder's account."""
        found: tuple[User, str] | None = super().authenticate_by_email(sociallogin)
        if found and SocialAccount.objects.filter(user=found[0]).exists():
            raise ImmediateHttpResponse(refusal("linked"))
        return found

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Nobody links another identity to an account by hand."""
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            raise ImmediateHttpResponse(refusal("connect"))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        addresses = verified(sociallogin)
        if not addresses:
            raise ImmediateHttpResponse(refusal("unverified"))
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


def refusal(reason: str) -> HttpResponse:
    """A page that says why single sign-on did not let somebody in."""
    page = render_to_string("account/refused.html", {"reason": reason}, context.request)
    return HttpResponseForbidden(page)
