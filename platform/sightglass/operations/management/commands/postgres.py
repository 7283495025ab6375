"""`sightglass postgres`: Postgres' own programs on the database of this installation."""

import os
from argparse import REMAINDER, ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from sightglass.operations.embedded_postgres import binaries

PROGRAMS = ("psql", "pg_dump", "pg_restore", "vacuumdb", "reindexdb", "pg_amcheck")
VARIABLES = {
    "HOST": "PGHOST",
    "PORT": "PGPORT",
    "USER": "PGUSER",
    "PASSWORD": "PGPASSWORD",
    "NAME": "PGDATABASE",
}


class Command(BaseCommand):
    help = "Run psql, pg_dump, pg_restore, … on this installation's database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", choices=PROGRAMS)
        parser.add_argument("arguments", nargs=REMAINDER, help="passed on as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        program = binaries() / options["program"]
        found = connection.settings_dict
        variables = {name: str(found[key]) for key, name in VARIABLES.items() if found[key]}
        if mode := found["OPTIONS"].get("sslmode"):
            variables["PGSSLMODE"] = mode
        command = [str(program), *options["arguments"]]
        os.execve(program, command, {**os.environ, **variables})  # noqa: S606 - one of PROGRAMS
