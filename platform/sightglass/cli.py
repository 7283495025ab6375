"""The `sightglass` command. Sightglass's own commands and Django's are one list."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightglass.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
