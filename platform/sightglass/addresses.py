"""Addresses of pages for those who do not come from one: notifications, reports."""

from django.conf import settings


def absolute(path: str) -> str:
    """The whole address of a path that begins with a slash."""
    return f"{settings.PUBLIC_URL}{path}"
