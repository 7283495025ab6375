"""`sightglass prepare`: for installations that start web, worker and beat on their own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sightglass.operations import preparation


class Command(BaseCommand):
    help = "Migrate the database, make the first project and partitions; can be repeated."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for _ in preparation.steps(self.stdout.write):
                pass
        except preparation.NotUsable as error:
            raise CommandError(str(error)) from error
