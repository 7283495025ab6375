"""The built-in kinds of personal data: a pattern finds candidates, a check says what is real."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

import phonenumbers
import re2
from stdnum import iban, luhn
from stdnum.us import ssn

MAX_MEMORY = 8 * 2**20
"""Bytes that a pattern's automaton may take."""


class PatternError(ValueError):
    """A pattern that RE2 does not take; the message says why."""


@lru_cache(maxsize=128)
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
    """One built-in kind. What a group of `pattern` matches is a candidate, else the whole match.

    `group`: in a candidate that is not real as a whole, a row of such groups may be, if it has
    `sizes` characters without what stands between them.
    """

    label: str
    pattern: str
    is_real: Callable[[str], bool] | None = None
    group: re.Pattern[str] | None = None
    sizes: range = range(0)

    def parts(self, candidate: str) -> Iterator[tuple[int, int]]:
        """Where the candidate is personal data: the longest real rows of groups."""
        if self.is_real is None or self.is_real(candidate):
            yield 0, len(candidate)
            return
        groups = [] if self.group is None else [m.span() for m in self.group.finditer(candidate)]
        first = 0
        while first < len(groups):
            length = self._row(candidate, groups[first : first + MAX_GROUPS], self.is_real)
            if length:
                yield groups[first][0], groups[first + length - 1][1]
            first += length or 1

    def _row(
        self, candidate: str, groups: Sequence[tuple[int, int]], is_real: Callable[[str], bool]
    ) -> int:
        """How many of the first groups are real together; 0 if none are."""
        sizes = list(accumulate(end - start for start, end in groups))
        for length in range(len(groups), 0, -1):
            text = candidate[groups[0][0] : groups[length - 1][1]]
            if sizes[length - 1] in self.sizes and is_real(text):
                return length
        return 0


MAX_GROUPS = 9
"""Groups that are looked at together: as many as an IBAN has."""

MAX_PHONE_DIGITS = 15


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_card(text: str) -> bool:
    digits = _digits(text)
    # Every scheme begins with 2 to 6; times in nanoseconds begin with 1.
    return 13 <= len(digits) <= 19 and digits[0] in "23456" and bool(luhn.is_valid(digits))


def _is_phone(text: str) -> bool:
    """A number with its country's code, or one written as in the US."""
    if text.isdigit():
        return False  # an order number is far more likely
    digits = _digits(text)
    if len(digits) > MAX_PHONE_DIGITS:
        return False
    if "+" not in text and not (len(digits) == 10 or (len(digits) == 11 and digits[0] == "1")):
        return False
    try:
        number = phonenumbers.parse(text, None if text.startswith("+") else "US")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)


def _is_iban(text: str) -> bool:
    # Without national rules: some ask whether the bank is known, and new ones are not.
    return len(text) >= 15 and bool(iban.is_valid(text, check_country=False))


def _is_address(text: str) -> bool:
    if not any(map(str.isdigit, text)):
        return False  # a::b is a name in a program
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_ssn(text: str) -> bool:
    return bool(ssn.is_valid(text.replace(" ", "-")))


EDGE = r"(?:\b|\\[nrt])"
"""Where a word begins; an escaped line break may stand before it in text that is cut JSON."""

SECRETS = (
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_\-]{16,}",  # OpenAI, Anthropic, Stripe, …
    r"\bsg_[A-Za-z0-9_\-]{20,}",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\bgh[pousr]_[A-Za-z0-9]{36,}",
    r"\bgithub_pat_[A-Za-z0-9_]{22,}",
    r"\bglpat-[A-Za-z0-9_\-]{20,}",
    r"\bxox[abeoprs]-[A-Za-z0-9\-]{10,}",
    r"\bAIza[A-Za-z0-9_\-]{35}",
    r"\bhf_[A-Za-z0-9]{30,}",
    r"\bnpm_[A-Za-z0-9]{36}",
    r"\bya29\.[A-Za-z0-9_\-]{20,}",
    r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",  # JSON web tokens
    r"\b(?i:bearer|basic) +([A-Za-z0-9._~+/\-]{16,}=*)",
    r"://[^/\s:@\"]{1,100}:([^/\s@\"]{1,200})@",  # a password in an address
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
)

KINDS: dict[str, PersonalData] = {
    "email": PersonalData(
        "E-mail addresses",
        r"[\pL\pN._%+\-]+@[\pL\pN\-]+(?:\.[\pL\pN\-]+)*\.[\pL]{2,24}",
    ),
    "phone": PersonalData(
        "Phone numbers",
        r"\+?\(?\d[\d\-. ()/]{6,}\d",
        _is_phone,
        re.compile(r"[+(]*\d+"),
        range(7, 19),
    ),
    "credit_card": PersonalData(
        "Card numbers",
        EDGE + r"(\d(?:[ \-]?\d){12,})\b",
        _is_card,
        re.compile(r"\d+"),
        range(13, 20),
    ),
    "iban": PersonalData(
        "IBANs",
        EDGE + r"([A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{1,4}){3,8})\b",
        _is_iban,
        re.compile(r"[A-Za-z0-9]+"),
        range(15, 35),
    ),
    "ip_address": PersonalData(
        "IP addresses",
        EDGE + r"((?:\d{1,3}\.){3}\d{1,3})\b"
        r"|(?:^|[^0-9A-Za-z:._]|\\[nrt])((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4})\b",
        _is_address,
    ),
    "us_ssn": PersonalData(
        "US social security numbers", EDGE + r"(\d{3}[- ]\d{2}[- ]\d{4})\b", _is_ssn
    ),
    "api_key": PersonalData("API keys, tokens and private keys", "|".join(SECRETS)),
}
"""Longer and more certain kinds are best put first: rules run in the project's order."""
