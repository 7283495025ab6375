"""The built-in kinds of personal data: a pattern finds candidates, a check says which are real."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers
import re2
from stdnum import iban, luhn
from stdnum.us import ssn

MAX_MEMORY = 8 * 2**20
"""Bytes that a pattern's automaton may take."""


class PatternError(ValueError):
    """A pattern that RE2 does not take; the message says why."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """The pattern in RE2. Raises PatternError: look-around and back-references are not linear."""
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    try:
        made = re2.compile(pattern, options=options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(text) from None
    if made.search("") is not None:
        raise PatternError("matches the empty text")
    return made


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One built-in kind."""

    label: str
    pattern: str
    is_real: Callable[[str], bool]


def _always(_: str) -> bool:
    return True


def _is_card(text: str) -> bool:
    digits = "".join(filter(str.isdigit, text))
    return 13 <= len(digits) <= 19 and digits[0] != "0" and bool(luhn.is_valid(digits))


def _is_phone(text: str) -> bool:
    if text.isdigit():
        return False  # an order number is far more likely
    try:
        number = phonenumbers.parse(text, None if text.startswith("+") else "US")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


KINDS: dict[str, PersonalData] = {
    "email": PersonalData(
        "E-mail addresses",
        r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,253}\.[A-Za-z]{2,24}",
        _always,
    ),
    "phone": PersonalData("Phone numbers", r"\+?\(?\d[\d\-. ()]{6,18}\d", _is_phone),
    "credit_card": PersonalData("Card numbers", r"\b\d(?:[ \-]?\d){12,18}\b", _is_card),
    "iban": PersonalData(
        "IBANs",
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b",
        lambda text: bool(iban.is_valid(text)),
    ),
    "ip_address": PersonalData(
        "IP addresses",
        r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}\b",
        _is_address,
    ),
    "us_ssn": PersonalData(
        "US social security numbers",
        r"\b\d{3}-\d{2}-\d{4}\b",
        lambda text: bool(ssn.is_valid(text)),
    ),
    "api_key": PersonalData(
        "API keys and tokens",
        r"\b(?:sk|pk|rk)-[A-Za-z0-9_\-]{16,200}|\bsg_[A-Za-z0-9_\-]{20,200}|\bAKIA[0-9A-Z]{16}\b"
        r"|\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bxox[abprs]-[A-Za-z0-9\-]{10,250}"
        r"|\beyJ[A-Za-z0-9_\-]{8,1000}\.[A-Za-z0-9_\-]{8,1000}\.[A-Za-z0-9_\-]{8,1000}",
        _always,
    ),
}
"""Longer and more certain kinds are best put first: rules run in the project's order."""
