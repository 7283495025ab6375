"""Removing what a project must not keep, before anything is stored. Pure.

Own patterns run in RE2, whose time is linear in the text, so that no pattern can stall ingest.
"""

from traces.redaction.differences import Difference, differences
from traces.redaction.finders import Rule
from traces.redaction.redactor import Redactor
from traces.redaction.rules import KINDS, PatternError, compiled

__all__ = [
    "KINDS",
    "Difference",
    "PatternError",
    "Redactor",
    "Rule",
    "compiled",
    "differences",
]
