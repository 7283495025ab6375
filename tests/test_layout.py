"""The shape of the repository itself: what may lie where."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {
    ".ci",
    "benchmarks",
    "dashboards",
    "docs",
    "evals",
    "platform",
    "templates",
    "tests",
    "traces",
}
FILES = {
    ".dockerignore",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "docker-compose.yml",
    "manage.py",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements.lock",
}
BUNDLED = {".min.js", ".min.css", ".map", ".woff2", ".woff", ".ttf", ".whl", ".tar.gz", ".so"}
LARGEST = 2 * 2**20


def tracked() -> list[Path]:
    """Files that git knows, plus new ones that it would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git repository")
    names = [Path(name) for name in listed.stdout.split("\0") if name]
    return [name for name in names if (ROOT / name).exists()]


def test_the_top_level_is_known() -> None:
    names = tracked()
    assert {name.parts[0] for name in names if len(name.parts) > 1} <= FOLDERS
    assert {name.name for name in names if len(name.parts) == 1} <= FILES


def test_platform_is_a_folder_not_a_package() -> None:
    # An __init__.py there would shadow Python's own `platform`, with misleading errors far away.
    inside = {name.parts[1] for name in tracked() if name.parts[0] == "platform"}
    assert inside == {"sightglass"}


def test_tests_are_one_package_at_the_top_only() -> None:
    # tests/traces/__init__.py would shadow the app of that name.
    packages = [name for name in tracked() if name.name == "__init__.py"]
    assert [name for name in packages if name.parts[0] == "tests"] == [Path("tests/__init__.py")]


def test_nothing_of_others_is_copied_in() -> None:
    # Third-party code comes from packages, so that it can be updated and its licence is clear.
    bundled = [name for name in tracked() if name.name.endswith(tuple(BUNDLED))]
    assert bundled == []
    folders = {part for name in tracked() for part in name.parts[:-1]}
    assert not folders & {"vendor", "node_modules", "third_party", "site-packages"}


def test_no_file_is_huge() -> None:
    huge = [name for name in tracked() if (ROOT / name).stat().st_size > LARGEST]
    assert huge == []


def test_ci_can_be_run() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
