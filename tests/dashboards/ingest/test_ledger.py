"""The page of the ledger, and harmless looks at refused payloads."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboards.ingest.look import bars, dumped, look_at
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project, Role, User
from tests.conftest import member
from tests.traces.sending import decoded, llm, request
from traces.models import Receipt, RejectedPayload, Span, UnmappedKey
from traces.services.ingest import note_refused, store_spans
from traces.services.ledger import Line
from traces.spans import Rejection

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/ingest"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def refuse(access: Access, body: bytes, content_type: str = "application/x-protobuf") -> str:
    note_refused(
        access,
        signal="traces",
        reason="malformed",
        detail="<i>at byte 3</i>",
        content_type=content_type,
        body=body,
    )
    return f"{PAGE}/refused/{RejectedPayload.objects.latest('pk').pk}"


def test_what_became_of_records_stands_beside_their_key(
    page: Client, project: Project, access: Access
) -> None:
    key, _ = create_key(project=project, name="checkout", scopes=["ingest"])
    spans = decoded(llm(), llm())
    spans.rejections.append(Rejection(2, "invalid_trace_id", "d"))
    spans.received = 3
    store_spans(Access(project, access.permissions, key=key), spans)
    text = page.get(PAGE).content.decode()
    assert "3 records received, 2 stored" in text
    assert '<span class="bad">1 rejected</span>' in text
    assert "checkout" in text
    assert "invalid_trace_id" in text
    assert "3 received, 1 rejected</title>" in text


@pytest.mark.parametrize("name", ["7d", "30d", "nonsense"])
def test_other_ranges(page: Client, access: Access, name: str) -> None:
    store_spans(access, decoded(llm()))
    Receipt.objects.update(at=timezone.now() - timedelta(days=6))
    text = page.get(PAGE, {"range": name}).content.decode()
    assert ("1 records received" in text) == (name != "nonsense")


def test_an_empty_ledger_says_how_to_begin(page: Client) -> None:
    text = page.get(PAGE).content.decode()
    assert "Nothing has arrived in this range." in text
    assert "None in the last day." in text


def test_a_refused_payload_is_shown_harmless_and_replayed(page: Client, access: Access) -> None:
    url = refuse(access, request(llm()).SerializeToString())
    assert "&lt;i&gt;at byte 3" in page.get(PAGE).content.decode()
    text = page.get(url).content.decode()
    assert "000000  0a " in text
    answer = page.post(f"{url}/replay", follow=True)
    assert "Replayed: 1 stored, 0 known already" in answer.content.decode()
    assert Span.objects.count() == 1
    assert "replayed" in page.get(PAGE).content.decode()


def test_a_payload_that_is_wrong_is_refused_again(page: Client, access: Access) -> None:
    url = refuse(access, b'{"a": "<script>alert(1)</script>', "application/json")
    text = page.get(url).content.decode()
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    assert "Refused again" in page.post(f"{url}/replay", follow=True).content.decode()


def test_nothing_can_be_replayed_of_which_nothing_was_kept(page: Client, access: Access) -> None:
    url = refuse(access, b"")
    assert "No content was kept" in page.get(url).content.decode()
    assert "Replay payload" not in page.get(url).content.decode()
    assert "Refused again" in page.post(f"{url}/replay", follow=True).content.decode()


def test_who_may_only_read_sees_counts_and_no_payload(
    client: Client, project: Project, access: Access
) -> None:
    url = refuse(access, b"secret")
    client.force_login(member(project, "viewer@example.org", Role.VIEWER))
    text = client.get(PAGE).content.decode()
    assert "malformed" in text
    assert url not in text
    assert client.get(url).status_code == 403
    assert client.post(f"{url}/replay").status_code == 403


def test_another_project_s_payloads_are_not_there(
    page: Client, other_project: Project, access: Access
) -> None:
    url = refuse(Access(other_project, access.permissions), b"secret")
    assert page.get(url).status_code == 404
    assert page.post(f"{url}/replay").status_code == 404
    assert "malformed" not in page.get(PAGE).content.decode()
    assert page.get("/p/rival/ingest").status_code == 404


def test_unmapped_attributes_are_listed(page: Client, project: Project) -> None:
    UnmappedKey.objects.create(
        project=project, scope="app", key="my.key", count=3, example="<b>x</b>"
    )
    text = page.get("/p/shop/settings/attributes").content.decode()
    assert "my.key" in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text


# ── Looks ────────────────────────────────────────────────────────────────────────────────────────


def test_text_is_shown_as_text() -> None:
    look = look_at("ä\u202e{}\n".encode())
    assert (look.text, look.is_dump, look.is_cut) == ("ä·{}\n", False, False)


def test_a_long_text_may_be_cut_within_a_character() -> None:
    look = look_at(("x" * 4095 + "ä" * 10).encode())
    assert (look.text, look.is_dump, look.is_cut) == ("x" * 4095, False, True)


@pytest.mark.parametrize("body", [b"\xff\xfeabc", b"\x00abc", b"abc\x1b[31m"])
def test_other_bytes_are_dumped(body: bytes) -> None:
    assert look_at(body).is_dump


def test_a_dump_has_sixteen_bytes_a_line() -> None:
    first, second = dumped(bytes(range(60, 77))).split("\n")
    assert first.startswith("000000  3c 3d")
    assert first.endswith(" <=>?@ABCDEFGHIJK")
    assert second.split() == ["000010", "4c", "L"]


def test_bars_have_a_place_for_every_hour() -> None:
    until = datetime(2026, 11, 2, 12, 30, tzinfo=UTC)
    since = until - timedelta(days=1)
    line = Line(received=10, stored=8)
    line.rejected["x"] = 2
    made = bars({until.replace(minute=0): line}, since, until, 1)
    assert len(made) == 25
    assert (made[-1].good, made[-1].bad, made[-1].bad_top) == ("80.00", "20.00", "0.00")
    assert made[-1].label == "02 Nov 12:00 UTC: 10 received, 2 rejected"
    assert made[0].good == "0.00"
