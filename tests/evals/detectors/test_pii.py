"""Personal data and secrets: what is found, where it stands, and what is left alone."""

import time
from itertools import pairwise

import pytest

from evals.detectors.base import Example, Verdict
from evals.detectors.pii import Detector

SECRETS = (
    ("Use the key sk-proj-Zk3v9QmXw2LbT7RyPf5HcD8s now.", "sk-proj-Zk3v9QmXw2LbT7RyPf5HcD8s"),
    ("AWS: AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    (f"token ghp_{'aB3dE6gH9' * 4}", f"ghp_{'aB3dE6gH9' * 4}"),
    ("slack xoxb-123456789012-abcdefGHIJKL", "xoxb-123456789012-abcdefGHIJKL"),
    (f"AIza{'Sy7_dK-q3' * 4}".removesuffix("3"), f"AIza{'Sy7_dK-q3' * 4}".removesuffix("3")),
    ("postgres://app:hunter2secret@db.internal:5432/app", "hunter2secret"),
    ("password: Tr0ub4dor&3", "Tr0ub4dor&3"),
    ("api_key=9f8e7d6c5b4a39281706", "9f8e7d6c5b4a39281706"),
    ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF", "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    ),
)
PERSONAL = (
    ("Write to maria.keller@posteo.de, please.", "email", "maria.keller@posteo.de"),
    ("Call me: +49 30 901820", "phone", "+49 30 901820"),
    ("My number is (212) 736-5000.", "phone", "(212) 736-5000"),
    ("IBAN DE89 3704 0044 0532 0130 00", "iban", "DE89 3704 0044 0532 0130 00"),
    ("It was paid with 4111 1111 1111 1111.", "credit_card", "4111 1111 1111 1111"),
    ("Amex 378282246310005", "credit_card", "378282246310005"),
    ("Rappelez-moi au 06 12 34 56 78.", "phone", "06 12 34 56 78"),
    ("My new number is 9469 9966.", "phone", "9469 9966"),
    ("Passport no. C01X00T47", "passport", "C01X00T47"),
    ("NI number: AB 12 34 56 C", "national_id", "AB 12 34 56 C"),
    ("SSN 536-90-4399", "us_ssn", "536-90-4399"),
    ("She logged in from 91.198.174.192 twice.", "ip_address", "91.198.174.192"),
    ("Send it to 48 Harcourt Street, Dublin.", "address", "48 Harcourt Street"),
)
HARMLESS = (
    "Upgrade to version 10.0.19045.3 or v2.4.1 before 2024-05-17.",
    "Order 482-1193-77 shipped; tracking 1Z999AA10123456784 arrives on 12/03/2024 at 14:30.",
    "for i in range(10):\n    total += prices[i] * 1.19\n    print(f'{total:.2f}')",
    "Error 0x80070057 at main.c:214, pid 48213, took 1700000000123456789 ns.",
    "The Battle of Hastings took place on 14 October 1066.",
    "Albert Einstein was born in Ulm in 1879 and received the Nobel Prize in 1921.",
    "Marie Curie worked in Paris. Angela Merkel studied physics in Leipzig.",
    "Call 1-800-222-1222 for poison control.",
    "Write to user@example.com, or open http://127.0.0.1:8000 and 192.168.1.20.",
    "The number 4111111111111112 fails the check, and so does DE00370400440532013000.",
    "commit 65c2a82f9e1b44d0a7c3 sha256:9f86d081884c7d659a2feaa0c55ad015",
    "It costs 1,299.00 dollars; 3 + 4 = 7; ISBN 978-3-16-148410-0.",
    "password = os.getenv('DB_PASSWORD2'); token = tokens[1]; secret_key = settings.SECRET_KEY_2",
    "api_key=YOUR_API_KEY_12345 password=${DB_PASS_1} password: ******** api_key: sk_x",
    "Call the function with 1234567 items and reach 9876543 rows. Invoice 2024-000123.",
    "Row 1: 12 34 56 78 90, row 2: 11 22 33 44 55. He is 45 and lives on the main road.",
    "Password: forgotten? Your password is required to sign in.",
)
ODD = (
    "!!!",
    "\x00\x01",
    "\ud83d",
    "👩‍👩‍👧‍👦" * 50,
    "ﬀ ẞ İ ı",
    "\u202eabc\u202c",
    "1",
    "\n\n.\n",
    "@" * 99,
)
MOST_SECONDS = 10.0
"""Far above what it takes, far below what a pattern that is not linear would."""
HOSTILE = (
    "1-" * 300_000,
    "1 " * 300_000,
    "a@" * 300_000,
    "+1 (" * 250_000,
    "-----BEGIN PRIVATE KEY-----" * 30_000,
    "password: " * 90_000,
    "http://a:" * 90_000,
    "Mr. Anna Main Street 12 " * 40_000,
    "card " + "4 " * 300_000,
    "x" * 1_000_000,
)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def judged(detector: Detector, text: str) -> Verdict:
    verdict = detector.detect([Example(output=text)])[0]
    assert verdict is not None
    return verdict


def found(verdict: Verdict, text: str) -> list[tuple[str, str]]:
    return [(piece.label, text[piece.start : piece.end]) for piece in verdict.evidence]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_finds_secrets(detector: Detector, text: str, secret: str) -> None:
    verdict = judged(detector, text)

    assert verdict.value >= 0.85
    assert secret in [said for _, said in found(verdict, text)]


@pytest.mark.parametrize(("text", "kind", "said"), PERSONAL)
def test_finds_personal_data(detector: Detector, text: str, kind: str, said: str) -> None:
    verdict = judged(detector, text)

    assert verdict.value >= detector.threshold
    assert any(label == kind and said in piece for label, piece in found(verdict, text))
    assert kind in verdict.explanation


@pytest.mark.parametrize("text", HARMLESS)
def test_leaves_ordinary_text_alone(detector: Detector, text: str) -> None:
    assert judged(detector, text).value < detector.threshold


def test_a_name_is_evidence_but_no_finding(detector: Detector) -> None:
    text = "The theory was published by Albert Einstein in Berlin."

    verdict = judged(detector, text)

    assert ("person", "Albert Einstein") in found(verdict, text)
    assert 0.1 < verdict.value < detector.threshold


def test_a_name_beside_contact_data_is_a_finding(detector: Detector) -> None:
    text = "My name is Ingrid Halvorsen, ingrid@halvorsen.no, Storgata 14, Oslo."

    verdict = judged(detector, text)

    kinds = {label for label, _ in found(verdict, text)}
    assert {"person", "email"} <= kinds
    assert verdict.value >= detector.threshold


@pytest.mark.parametrize(
    "text",
    [
        "Grüße 👋 an jörg.müller@beispiel-firma.de und +49 30 901820, IBAN DE89370400440532013000",
        "\ud800 lone halves \udfff before jane.roe@posteo.de",
    ],
)
def test_ranges_are_exact_in_any_script(detector: Detector, text: str) -> None:
    said = dict(found(judged(detector, text), text))

    assert said["email"] in ("jörg.müller@beispiel-firma.de", "jane.roe@posteo.de")
    for label, expected in (("phone", "+49 30 901820"), ("iban", "DE89370400440532013000")):
        assert said.get(label, expected) == expected


def test_pieces_stand_in_order_and_apart(detector: Detector) -> None:
    text = (
        "Dear Ms. Olsen, your card 4111 1111 1111 1111 was charged on 3 May 2024. "
        "Reply to service@kaufhaus.de or call +49 30 901820. John Baker, 12 Mill Lane, Leeds."
    )

    evidence = judged(detector, text).evidence

    assert len(evidence) >= 5
    for first, second in pairwise(evidence):
        assert first.end <= second.start
    assert all(0.0 < (piece.score or 0) <= 1.0 for piece in evidence)


def test_reads_the_output_and_the_input_without_one(detector: Detector) -> None:
    mail = "jane.roe@posteo.de"

    both, asked = detector.detect(
        [Example(input=mail, output="Thank you."), Example(input=mail, output="  ")]
    )

    assert both is not None
    assert both.evidence == ()
    assert asked is not None
    assert [piece.field for piece in asked.evidence] == ["input"]


def test_says_nothing_about_nothing(detector: Detector) -> None:
    assert detector.detect([Example(), Example(output=""), Example(input=" \n")]) == [None] * 3
    assert detector.detect([]) == []


@pytest.mark.parametrize("text", ODD)
def test_bears_odd_text(detector: Detector, text: str) -> None:
    whole = text + " jane.roe@posteo.de " + text

    assert 0.0 <= judged(detector, text).value <= 1.0
    for piece in judged(detector, whole).evidence:
        assert 0 <= piece.start < piece.end <= len(whole)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:8])
def test_long_hostile_text_is_read_in_bounded_time(detector: Detector, text: str) -> None:
    began = time.process_time()

    assert 0.0 <= judged(detector, text).value <= 1.0
    assert time.process_time() - began < MOST_SECONDS


def test_finds_a_secret_far_behind(detector: Detector) -> None:
    text = "All is well so far. " * 15_000 + "ghp_" + "aB3dE6gH9" * 4

    (piece,) = [one for one in judged(detector, text).evidence if one.label == "api_key"]

    assert text[piece.start : piece.end].startswith("ghp_")


def test_a_batch_says_what_each_says_alone(detector: Detector) -> None:
    examples = [Example(output=text) for text in (*HARMLESS, *(one[0] for one in PERSONAL))]

    together = detector.detect(examples)

    assert together == [detector.detect([example])[0] for example in examples]
    assert together == Detector().detect(examples)
