"""Personal data and secrets that have a form of their own. Patterns run in RE2: linear in the text.

Redaction's kinds are certain; here weaker forms count too, where words around them say what they
are.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from stdnum import luhn

from traces.redaction.rules import KINDS, PersonalData, compiled


@dataclass(frozen=True, slots=True)
class Found:
    """Characters [start, end) that are of this kind, and how sure that is."""

    start: int
    end: int
    kind: str
    score: float


MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli"
    r"|oktober|dezember)"
)
CLOCK = r"(?:[T ,]{1,2}\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?)?"
DATE = (
    rf"\b(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}{CLOCK}"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}}){CLOCK}"
    rf"|{MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)? (?:of )?{MONTH}\.?(?:,? \d{{4}})?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)
EXTENSION = r"(?: ?(?:x|ext\.?) ?\d{1,6})?"
PHONE = (
    r"(?:\+\d{1,3}[ .\-]?|\b00\d{1,3}[ .\-]|\b1[ .\-])?"
    r"(?:\(\d{1,4}\) ?\d{2,5}(?:[ .\-]?\d{2,5}){1,4}|\b\d{3}([-. ])\d{3}[-. ]\d{3,4})"
    rf"{EXTENSION}\b"
    r"|\+\d{1,3}(?:[ .\-]\d{1,5}){2,5}\b|\+\d{9,14}\b"
    r"|\b\d{1,3}-\d{3}-\d{3}-\d{4}" + EXTENSION + r"\b|\b0\d(?:[.\- ]\d{2}){4}\b"
    r"|\b0\d{1,4}(?: \d{2,4}){2,4}\b|\b0\d{2,4}[ /\-]\d{5,8}\b"
)
MAYBE_PHONE = (
    r"\b\d{2}(?:\.\d{2}){3,4}\b|\b\d{2}(?:-\d{2}){3,4}\b|\b\d{2}(?: \d{2}){3,4}\b"
    r"|\b\d{2,3} \d{2,3} \d{3}\b|\b\d{3}-\d{7}\b|\b\d{2}-\d{8}\b"
)
"""Written as some countries do, and as rows of other numbers are."""
CALL = (
    r"(?:phone|telephone|tel|call(?:ed|ing)?|mobile|cell|fax|whatsapp|dial|ring|desk|reach|contact"
    r"|answering|telefon|handy|número|text me"
    r"|(?:my|your|his|her|their|our|usual|home|work) (?:new |old |other )?number)[^\d+\n&]{0,30}"
)
KEEPER = r" {1,2}\(?(?:office|fax|mobile|home|work|cell|phone|tel)\b"
CARD = r"(?:card|credit|debit|cc|visa|mastercard|amex)[^\d\n]{0,40}"
LOCAL = 9
"""Digits without a break below which even a word beside them makes no phone number."""
MIN_PASSWORD, LEAST_DIGITS = 4, 3
_GLUE = frozenset("-./:")
_GLUE_AFTER = frozenset("-./: ")


def _is_card(text: str) -> bool:
    digits = "".join(filter(str.isdigit, text))
    return 12 <= len(digits) <= 19 and digits[0] != "0" and bool(luhn.is_valid(digits))


STANDS_FOR = re.compile(r"(?i)^[$<{%*]|your|x{4}|\*{3}|[(\[]|\.\.\.")
"""What stands where a secret would: a variable, a call, a hint."""
DIGIT_IN = re.compile(r"\d")


def _is_key(text: str) -> bool:
    """Whether it is drawn by lot: digits among the letters, unlike names in a program."""
    return len(DIGIT_IN.findall(text)) >= LEAST_DIGITS and not STANDS_FOR.search(text)


def _is_password(text: str) -> bool:
    """Whether it is no word: there is a digit or a sign that sentences do not end with."""
    text = text.rstrip(".?!):>")
    unusual = DIGIT_IN.search(text) or any(sign in "!@#%^&+=~" for sign in text)
    return len(text) >= MIN_PASSWORD and bool(unusual) and not STANDS_FOR.search(text)


def _is_phone(text: str) -> bool:
    return 7 <= sum(map(str.isdigit, text)) <= 20


def _is_called(text: str) -> bool:
    return _is_phone(text) and not (text.isdigit() and len(text) < LOCAL)


@dataclass(frozen=True, slots=True)
class Form:
    """A pattern; its last group that matched, or the whole match, is of the kind."""

    kind: str
    pattern: str
    score: float
    is_real: Callable[[str], bool] | None = None
    marks: tuple[str, ...] = ()
    """One of these is in every text in which it can be found."""
    alone: bool = False
    """Whether it must not be a part of a longer row of numbers."""


ENDINGS = (".com", ".org", ".net", ".info", ".biz", ".edu", ".gov")
SECRETS = (
    Form(
        "private_key",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
        0.99,
        marks=("PRIVATE KEY",),
    ),
    Form("jwt", r"\beyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]{8,}", 0.99, marks=("eyJ",)),
    Form("password", r"://[^/\s:@\"]{1,100}:([^/\s@\"]{1,200})@", 0.98, marks=("://",)),
    Form(
        "password",
        r"(?i)\b(?:password|passwd|pwd|passphrase|passwort|contraseña)"
        r"(?:[\"']?\s*[:=]\s*| is (?:now )?| ist )[\"']?([^\s\"',;]{4,100})",
        0.9,
        is_real=_is_password,
        marks=("assw", "pwd", "PWD", "assp", "ontras", "ASSW"),
    ),
    Form(
        "api_key",
        r"(?i)\b(?:api|access|secret|auth)[_\- ]?(?:key|token|secret)"
        r"(?:[\"']?\s*[:=]\s*| is )[\"']?([A-Za-z0-9_\-./+]{12,200})",
        0.9,
        is_real=_is_key,
        marks=("key", "KEY", "Key", "oken", "OKEN", "ecret", "ECRET"),
    ),
)
NUMBERS = (
    Form(
        "credit_card",
        r"\b(\d{12,19}|\d{4}[ \-]\d{4}[ \-]\d{4}[ \-]\d{1,7}|\d{4}[ \-]\d{6}[ \-]\d{5})\b",
        0.97,
        _is_card,
        alone=True,
    ),
    Form("credit_card", rf"(?i)\b{CARD}((?:\d[ \-]?){{11,18}}\d)\b", 0.93),
    Form(
        "driver_license",
        r"(?i)\b(?:licen[cs]e|führerschein)[^\d\n]{0,25}?\b([a-z]{0,2}\d{6,14}[a-z]?)\b",
        0.9,
        marks=("icen", "ICEN", "hrersch"),
    ),
    Form(
        "passport",
        r"(?i)\b(?:passport|reisepass|pasaporte|passeport)[^\d\n]{0,20}?\b([a-z]{0,2}\d[a-z\d]{5,8})\b",
        0.9,
        is_real=lambda text: len(DIGIT_IN.findall(text)) >= LEAST_DIGITS,
        marks=("asspo", "asapo", "eisep", "ASSPO"),
    ),
    Form(
        "national_id",
        r"(?i)\b(?:national insurance|n\.?i\.? n|nino\b)[^\d\n]{0,20}?"
        r"\b([a-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d])\b"
        r"|\b(?:aadhaar|steuer-?id|tax id|dni|nie|personal identity|social insurance|national id)"
        r"[^\d\n]{0,20}?\b([a-z]?\d[\d \-]{6,13}[\da-z])\b",
        0.9,
    ),
    Form(
        "zip_code",
        r"(?i)\b(?:zip|postal|post)(?: ?code)?(?: is)?[: ]+"
        r"((?:[a-z]{1,2})?\d[\w]{1,4}(?:[ \-][\dA-Z]{2,4})?)\b",
        0.9,
        marks=("ip", "IP", "ost", "OST"),
    ),
    Form("date", rf"(?i){DATE}", 0.9, alone=True),
)
AFTER = (
    Form(
        "url",
        r"(?i)\bhttps?://[^\s<>\"']*[^\s<>\"'.,;:!?)]"
        r"|\bwww\.[\w\-]+\.[^\s<>\"']*[^\s<>\"'.,;:!?)]"
        r"|\b(?:[a-z0-9][a-z0-9\-]{1,62}\.){1,3}(?:com|org|net|info|biz|edu|gov)\b(?:/[\w\-/.]*\w)?",
        0.9,
        marks=("http", "HTTP", "www", "Http", *ENDINGS),
    ),
    Form("phone", PHONE, 0.85, _is_phone, alone=True),
    Form(
        "phone", rf"(?i)\b{CALL}(\+?[\d(][\d\-. ()/]{{4,18}}\d(?:x\d{{1,6}})?)\b", 0.9, _is_called
    ),
    Form("phone", rf"(?i)\b(\d[\d\-. ()/]{{5,18}}\d){KEEPER}", 0.9, _is_phone),
    Form("phone", MAYBE_PHONE, 0.45, _is_phone, alone=True),
    Form(
        "age",
        r"(?i)\b(\d{1,3})(?:-| )years?(?:-| )old\b|\bage(?:d)?(?: of|:| is)? (\d{1,3})\b"
        r"|\b(?:turn|turned|turns|turning) (\d{1,3})\b|\b(\d{1,3}) years? of age\b"
        r"|\b(\d{1,3})(?:st|nd|rd|th) birthday\b"
        r"|\b(?:i'm|i am|he's|he is|she's|she is|who is) (\d{2})(?:[.,!?]|$| and\b| now\b)",
        0.85,
    ),
)  # fmt: skip
"""More certain kinds first: what one has taken, later ones leave alone."""

Step = Callable[[str], Iterator[Found]]


def _redacted(name: str) -> Step:
    """One of redaction's kinds."""
    kind: PersonalData = KINDS[name]
    pattern = compiled(kind.pattern)

    def find(text: str) -> Iterator[Found]:
        for match in pattern.finditer(text):
            start, end = match.span(match.lastindex or 0)
            for first, last in kind.parts(text[start:end]):
                one = Found(start + first, start + last, name, 0.99)
                if not _is_version(text, one):
                    yield one

    return find


VERSION = re.compile(
    r"(?:\bv|\bversions?|\bver\.?|\breleases?|\bbuild|\bto|\bchrome:?)[ :=]*$", re.IGNORECASE
)
DOTTED = re.compile(r"\d+(?:\.\d+)+")
USUAL = re.compile(r"(?:1\.)?\d{3}\.\d{3}\.\d{4}")


YEAR_FIRST = re.compile(r"(?:19|20)\d\d[\-/ ]\d{6}")


def _is_version(text: str, found: Found) -> bool:
    """Whether it numbers a release or an invoice: as a phone it stands in usual groups."""
    said = text[found.start : found.end]
    if found.kind == "phone":
        dotted = DOTTED.fullmatch(said) is not None and USUAL.fullmatch(said) is None
        return dotted or YEAR_FIRST.fullmatch(said) is not None
    before = text[max(0, found.start - 20) : found.start]
    return found.kind == "ip_address" and VERSION.search(before) is not None


def _form(form: Form) -> Step:
    pattern = compiled(form.pattern)

    def find(text: str) -> Iterator[Found]:
        if form.marks and not any(mark in text for mark in form.marks):
            return
        for match in pattern.finditer(text):
            start, end = match.span() if form.alone else match.span(match.lastindex or 0)
            if form.alone and _is_part(text, start, end):
                continue
            if form.is_real is None or form.is_real(text[start:end]):
                yield Found(start, end, form.kind, form.score)

    return find


def _is_part(text: str, start: int, end: int) -> bool:
    """Whether numbers go on before or after, as in a version or a range."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (
        before[-1:] == "+"
        or (len(before) == 2 and before[1] in _GLUE and before[0].isalnum())
        or (len(before) == 2 and before[1] == " " and before[0].isdigit())
        or (len(after) == 2 and after[0] in _GLUE_AFTER and after[1].isdigit())
    )


_ALWAYS = [_form(form) for form in SECRETS] + [_redacted("api_key")]
_WITH_DIGITS = [
    *(_redacted(name) for name in ("iban", "ip_address", "us_ssn")),
    *(_form(form) for form in NUMBERS[:-1] if not form.marks),
]
_MARKED = [_form(form) for form in NUMBERS[:-1] if form.marks]
_DATES = _form(NUMBERS[-1])
_PHONES = [_redacted("phone"), *(_form(form) for form in AFTER[1:])]
_EMAIL, _URL = _redacted("email"), _form(AFTER[0])
_DIGITS = compiled(r"\d[\d \-./:()]{4}")
_DIGIT = compiled(r"\d")


def structured(text: str) -> list[Found]:
    """What has a form of its own, in the order of the text; nothing overlaps."""
    taking = _Taking(text)
    taking.take(_ALWAYS)
    if "@" in text:
        taking.take([_EMAIL])
    taking.take([_URL])
    digits = _DIGIT.search(text) is not None
    if digits and _DIGITS.search(text) is not None:
        taking.take(_WITH_DIGITS)
    if digits:
        taking.take(_MARKED)
    taking.take([_DATES])
    if digits:
        taking.take(_PHONES)
    return sorted(taking.found, key=lambda one: one.start)


class _Taking:
    """Takes what lies where nothing was taken before."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Found] = []
        self._taken = bytearray(len(text))

    def take(self, steps: Sequence[Step]) -> None:
        for step in steps:
            for one in step(self.text):
                if self._taken.find(1, one.start, one.end) < 0:
                    self._taken[one.start : one.end] = b"\1" * (one.end - one.start)
                    self.found.append(one)
