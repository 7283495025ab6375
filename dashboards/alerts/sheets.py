"""Rules as one file, YAML or JSON: `{"version": 1, "rules": [...]}`. Pure.

Only plain values are read: no tags, no aliases, no key twice; `on`, `no` and `09:00` are texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml

from dashboards.alerts import documents
from dashboards.alerts.documents import Draft
from dashboards.alerts.reading import Document, DocumentError

VERSION = 1
MOST_BYTES = 2**20
MOST_RULES = 200
MOST_NODES = 30_000
"""Keys and values: a third more than as many rules have that say everything."""


class _Loader(yaml.SafeLoader):
    """Values as JSON has them."""

    nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("Aliases are not read; write it out.")
        coming: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(coming, "tag", None) is not None:
            raise yaml.YAMLError("Tags are not read.")
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise yaml.YAMLError(f"At most {MOST_NODES:,} keys and values.")
        return super().compose_node(parent, index)

    def construct_scalar(self, node: Any) -> Any:
        if any("\ud800" <= c <= "\udfff" for c in node.value):
            raise yaml.YAMLError("Half of a surrogate pair is no text.")
        return super().construct_scalar(node)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key.value, str) or key.value in names:
                raise yaml.YAMLError(f"A key that is no name, or there twice: {key.value!r:.60}")
            names.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Writes everything out, as aliases are not read; a text that reads as another value in quotes.

    For YAML 1.1, `1e3` is a text.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


_PLAIN = (
    ("null", r"~|null|", "~n"),
    ("bool", r"true|false", "tf"),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789"),
)
_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in _PLAIN:
    for _each in (_Loader, _Dumper):
        _each.add_implicit_resolver(
            f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), [*_first, ""]
        )


def load(text: str | bytes) -> Any:
    """The values of a YAML (or JSON) text. Raises DocumentError."""
    if len(text) > MOST_BYTES:
        raise DocumentError({"": f"At most {MOST_BYTES:,} bytes."})
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"Line {mark.line + 1}: " if mark else ""
        raise DocumentError({"": f"{where}{error.problem}."}) from None
    except (yaml.YAMLError, ValueError) as error:
        raise DocumentError({"": str(error)[:300]}) from None
    except RecursionError:
        raise DocumentError({"": "It is nested too deeply."}) from None


def read(given: Any) -> list[Draft]:
    """The rules of a sheet. Raises DocumentError with everything that is wrong."""
    if not isinstance(given, dict):
        raise DocumentError({"": "An object with version and rules."})
    errors = {f"/{name}"[:80]: "There is no such field." for name in given
              if name not in ("version", "rules")}  # fmt: skip
    if given.get("version") != VERSION or isinstance(given.get("version"), bool):
        errors["/version"] = f"Must be {VERSION}."
    rules = given.get("rules")
    if not isinstance(rules, list) or len(rules) > MOST_RULES:
        errors["/rules"] = f"A list of at most {MOST_RULES} rules."
        raise DocumentError(errors)
    drafts: list[Draft] = []
    for number, rule in enumerate(rules):
        at = f"/rules/{number}"
        try:
            drafts.append(documents.read(rule, at))
        except DocumentError as error:
            errors |= error.errors
            continue
        if any(other.slug == drafts[-1].slug for other in drafts[:-1]):
            errors[f"{at}/slug"] = "Another rule of this file has this slug."
    if errors:
        raise DocumentError(errors)
    return drafts


def written(rules: Sequence[Document]) -> Document:
    """The sheet of these documents."""
    return {"version": VERSION, "rules": [documents.compact(rule) for rule in rules]}


def to_yaml(value: Any) -> str:
    dumped: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return dumped


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
