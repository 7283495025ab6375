"""docs/configuration.md against the environment variables that the code reads."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READERS = {"text", "boolean", "integer", "list", "path"}
SOURCES = ("settings.py", "environment.py")
DOCUMENT = ROOT / "docs" / "configuration.md"


@cache
def variables_read() -> frozenset[str]:
    """Names given to `Environment`'s methods, wherever settings are read."""
    return frozenset(
        name
        for source in SOURCES
        for node in ast.walk(ast.parse((ROOT / "platform/sightglass" / source).read_text()))
        if isinstance(node, ast.Call) and (name := name_read(node))
    )


def name_read(call: ast.Call) -> str | None:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in READERS:
        return None
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return None
    return first.value if re.fullmatch(r"[A-Z][A-Z0-9_]+", first.value) else None


def rows() -> list[list[str]]:
    table = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_code_reads_variables() -> None:
    assert {"DATABASE_URL", "SIGHTGLASS_HOME", "SIGHTGLASS_SECRET_KEY"} <= variables_read()


def test_every_variable_is_documented_once() -> None:
    documented = [row[0].strip("`") for row in rows()]
    assert sorted(documented) == sorted(variables_read())


def test_every_row_says_default_and_meaning() -> None:
    for row in rows():
        assert len(row) == 3, row
        assert all(row), row


def test_the_environment_is_read_in_the_settings_only() -> None:
    allowed = {"environment.py", "processes.py", "postgres.py"}  # the others pass it on
    for package in ("platform", "traces", "evals", "dashboards"):
        for file in (ROOT / package).rglob("*.py"):
            if file.name in allowed:
                continue
            text = file.read_text().replace('os.environ.setdefault("DJANGO_SETTINGS_MODULE"', "")
            assert "os.environ" not in text and "getenv" not in text, file
