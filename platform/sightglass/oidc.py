"""Single sign-on by OpenID Connect, as the environment configures it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def providers(*, issuer: str, name: str, client_id: str, secret: str) -> dict[str, Any]:
    """allauth's settings of the one issuer, or of none. Raises ImproperlyConfigured."""
    if not issuer:
        return {"openid_connect": {"APPS": []}}
    parts = urlsplit(issuer)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ImproperlyConfigured("SIGHTGLASS_OIDC_ISSUER: write https://login.example.org")
    if not client_id:
        raise ImproperlyConfigured("SIGHTGLASS_OIDC_ISSUER is set: SIGHTGLASS_OIDC_CLIENT_ID too")
    app = {
        "provider_id": "sso",
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": issuer},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
