"""docs/ against what can be run and scraped: what is not described does not exist for a user."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.test import Client

ROOT = Path(__file__).resolve().parents[1]
TEXT = "\n".join(file.read_text() for file in [*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])
PACKAGES = ("sightglass", "traces", "evals", "dashboards")


def own_commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if str(app).startswith(PACKAGES))


@pytest.mark.parametrize("name", own_commands())
def test_every_command_is_described(name: str) -> None:
    assert re.search(rf"`?sightglass {name}\b", TEXT), f"no document shows `sightglass {name}`"


@pytest.mark.django_db
def test_every_metric_is_described(client: Client) -> None:
    text = client.get("/metrics").content.decode()
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) > 3
    operate = (ROOT / "docs" / "operate.md").read_text()
    assert [name for name in names if f"`{name}" not in operate] == []


@pytest.mark.parametrize("target", ["up", "demo", "check", "test", "lint", "format", "clean"])
def test_make_help_lists_every_target(target: str) -> None:
    assert re.search(rf"^{target}:.*## \S", (ROOT / "Makefile").read_text(), re.MULTILINE)
