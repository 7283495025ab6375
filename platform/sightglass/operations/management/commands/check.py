"""`sightglass check`."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from sightglass.kernel.findings import Finding
from sightglass.operations import checks


class Command(BaseCommand):
    help = "Say what is misconfigured for production. Exit code 1 if anything is an error."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = checks.run()
        if options["json"]:
            self.stdout.write(json.dumps({"findings": [asdict(finding) for finding in findings]}))
        else:
            for finding in findings:
                self.stdout.write(f"{finding.level:<8} {finding.name}: {finding.detail}")
            self.stdout.write(self.summary(findings))
        if any(finding.level == "error" for finding in findings):
            sys.exit(1)

    def summary(self, findings: list[Finding]) -> str:
        errors = sum(finding.level == "error" for finding in findings)
        if not findings:
            return "Nothing to complain about."
        return f"{errors} errors, {len(findings) - errors} warnings."
