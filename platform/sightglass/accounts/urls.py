"""What of allauth is reachable.

Addresses and identities are not managed by hand: an address that nobody verified must neither match
an invitation nor single sign-on.
"""

import logging
from urllib.parse import urlsplit

from allauth.socialaccount.providers.openid_connect.views import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path, re_path
from requests import RequestException

logger = logging.getLogger(__name__)


def closed(request: HttpRequest) -> HttpResponse:
    raise Http404


def single_sign_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Begin single sign-on; an issuer that does not answer is said to be away.

    The policy lets forms lead to this site only, and browsers apply that to redirects as well: a
    page between leads to the issuer, and to wherever that leads on to.
    """
    try:
        response: HttpResponse = login(request, provider_id)
    except RequestException:
        logger.exception("The issuer of single sign-on does not answer")
        return render(request, "account/refused.html", {"reason": "away"}, status=503)
    target = response.headers.get("Location", "")
    if urlsplit(target).scheme not in ("https", "http"):
        return response
    page = render(request, "account/leaving.html", {"target": target})
    page.headers["Refresh"] = f"0;url={target}"
    return page


CLOSED = r"^(?:email/|confirm-email/|password/set/|3rdparty/(?:signup/)?$|social/|login/code/)"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(CLOSED, closed),
    path("oidc/<str:provider_id>/login/", single_sign_on),
    path("", include("allauth.urls")),
]
