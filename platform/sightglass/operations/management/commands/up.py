"""`sightglass up`."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management.base import BaseCommand, CommandError

from sightglass.operations import up
from sightglass.operations.embedded_postgres import PostgresError
from sightglass.operations.home import HomeInUse
from sightglass.operations.preparation import NotUsable

REFUSALS = (
    up.CannotStart,
    PostgresError,
    HomeInUse,
    NotUsable,
    ImproperlyConfigured,
    ValidationError,
)


class Command(BaseCommand):
    help = "Run everything in one process tree: database, web server, worker and schedule."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            up.run(self.say)
        except REFUSALS as error:
            raise CommandError(str(error)) from error

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
