"""API keys for Django REST framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sightglass.accounts.access import Access, Permission
from sightglass.accounts.keys import InvalidKey, authenticate

if TYPE_CHECKING:  # the framework's views import this module, by settings
    from rest_framework.views import APIView


class KeyAuthentication(BaseAuthentication):
    """`request.auth` is the key's `Access`."""

    def authenticate(self, request: Request) -> tuple[None, Access]:
        try:
            return None, authenticate(request.headers.get("Authorization"))
        except InvalidKey:
            raise AuthenticationFailed("No valid API key.") from None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="sightglass"'


class HasScope(BasePermission):
    """A view names what it needs as `permission` or, by method, in `permissions`;

    the default is `READ`.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        access: Any = request.auth
        by_method: dict[str, Permission] = getattr(view, "permissions", {})
        usual: Permission = getattr(view, "permission", Permission.READ)
        needed = by_method.get(request.method or "", usual)
        return isinstance(access, Access) and access.may(needed)
