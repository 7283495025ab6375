"""What of allauth is reachable.

Addresses and identities are not managed by hand: an address that nobody verified must neither match
an invitation nor single sign-on.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path


def closed(request: HttpRequest) -> HttpResponse:
    raise Http404


CLOSED = r"^(?:email/|confirm-email/|password/set/|3rdparty/(?:signup/)?$|social/|login/code/)"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(CLOSED, closed),
    path("", include("allauth.urls")),
]
