"""`sightglass probe`: a container's health check."""

from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError

from sightglass.operations.up import address


class Command(BaseCommand):
    help = "Ask the web server on this machine whether it is ready."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = httpx.get(f"{address()}/readyz", timeout=4.0, trust_env=False)
        except httpx.HTTPError as error:
            raise CommandError(f"{address()} does not answer: {error}") from error
        if answer.status_code != httpx.codes.OK:
            raise CommandError(answer.text)
        self.stdout.write("ready")
