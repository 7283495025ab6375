"""docs/ against what can be run and scraped: what is not described does not exist for a user."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.test import Client

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])
TEXT = "\n".join(page.read_text() for page in PAGES)
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


def targets(page: Path) -> list[str]:
    """What the links and images of a page lead to, in this repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.S))
    return [one for one in found if not re.match(r"[a-z]+:|/", one)]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_images_lead_somewhere(page: Path) -> None:
    for target in targets(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} does not exist"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{target}: no such heading"


def test_pictures_are_shown_and_small() -> None:
    shown = {(page.parent / one).resolve() for page in PAGES for one in targets(page)}
    images = ROOT / "docs" / "images"
    for picture in (*images.glob("managers-*.png"), *images.glob("reviewers-*.png")):
        assert picture in shown, f"no page shows {picture.name}"
        assert picture.stat().st_size < 150_000
