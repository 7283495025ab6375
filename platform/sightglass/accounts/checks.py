"""What `sightglass check` asks of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings

from sightglass.accounts import audit
from sightglass.accounts.models import Project, User
from sightglass.kernel.findings import Finding

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def check() -> Iterator[Finding]:
    """An audit log that was tampered with, an issuer in the clear, operators without a factor."""
    for project in [None, *Project.objects.order_by("pk")]:
        broken = audit.verify(project).broken
        if broken is not None:
            whose = "the installation" if project is None else f"project {project.slug}"
            yield Finding(
                "error", "audit-log", f"the audit log of {whose} is broken at entry {broken.pk}"
            )
    issuer = urlsplit(settings.OIDC_ISSUER)
    if issuer.scheme == "http" and issuer.hostname not in LOOPBACK:
        yield Finding(
            "error",
            "oidc",
            "SIGHTGLASS_OIDC_ISSUER is http: who is on the way can sign in as anybody",
        )
    secured = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user")
    bare = User.objects.filter(is_staff=True, is_active=True).exclude(pk__in=secured).count()
    if bare:
        yield Finding(
            "warning", "second-factor", f"{bare} who run the installation have no second factor"
        )
