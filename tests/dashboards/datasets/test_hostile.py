"""Whatever is sent to a page of datasets: an answer, no error of ours, and nothing unescaped."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from dashboards.datasets.urls import urlpatterns
from evals.datasets.content import Draft
from evals.datasets.models import Dataset, Import, Item
from evals.datasets.services import datasets, importing, tagging
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.evals.datasets import making
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"
ODD = [
    "", " ", "\0", "a\0b", "\ufffd", "-1", "0", "1", "99999999999999999999", "1e9", "٣", "None",
    "null", "[", "{}", "[[[[", '{"a": NaN}', "'", '"', "%s", "%(x)s", "{{ 7*7 }}", "../..", SCRIPT,
    "\u202e", "x" * 5_000, "golden", "latest", "v1", "cases", "tone", "redact", "keep", "json",
    "text", "input", "conversation",
]  # fmt: skip
NAMES = (
    "version", "split", "q", "cursor", "archived", "from", "to", "form", "item", "items", "queue",
    "dataset", "name", "slug", "description", "input", "expected", "metadata", "context",
    "input_kind", "expected_kind", "note", "seen", "personal", "alike", "known", "number", "move",
    "remove", "erase", "reason", "by", "value", "find", "begin", "discard", "column-0", "add",
    "all", "range", "anyway", "more", "archive", "restore",
)  # fmt: skip
ENDING = frozenset({"archive", "discard"})


@pytest.fixture
def dataset(access: Access) -> Dataset:
    """Every field of it says SCRIPT."""
    found = making.dataset(access, "cases", description=SCRIPT)
    datasets.update(access, found, datasets.Settings(SCRIPT, SCRIPT))
    talk = [{"role": SCRIPT[:40], "content": SCRIPT, "name": SCRIPT}]
    making.add(
        access, found,
        Draft(SCRIPT, SCRIPT, [SCRIPT], {SCRIPT: SCRIPT}, "test", "x-1", SCRIPT),
        Draft(talk, {SCRIPT: [SCRIPT]}), Draft({SCRIPT: SCRIPT}, [SCRIPT]),
        note=SCRIPT,
    )  # fmt: skip
    tagging.put(access, found, "golden", 1)
    return making.fresh(found)


def addresses(upload: Import) -> list[str]:
    """Every page of the area, for what is there."""
    values = {"project": "shop", "dataset": "cases", "pk": 1}
    made = []
    for one in urlpatterns:
        pattern = str(one.pattern)
        known = {name: value for name, value in values.items() if f":{name}>" in pattern}
        if one.name == "dataset_import":  # type: ignore[union-attr]
            known["pk"] = upload.pk
        made.append(reverse(one.name, kwargs=known))  # type: ignore[union-attr]
    return made


def test_no_page_fails_whatever_it_is_sent(
    access: Access, dataset: Dataset, owner: User, client: Client
) -> None:
    client.force_login(owner)
    desk.queue(access, "tone")
    chance = random.Random(17)
    failed: list[str] = []
    for round_ in range(6):
        upload = importing.upload(
            access, dataset, "a.csv", f"input,{SCRIPT}\n{SCRIPT},x\n".encode()
        )
        for address in addresses(upload):
            names = set(chance.sample(NAMES, 8)) - ENDING
            sent: dict[str, Any] = {name: chance.choice(ODD) for name in names}
            for method in ("get", "post"):
                answer = getattr(client, method)(address, sent)
                if answer.status_code >= 500:
                    failed.append(f"{method} {address} {sent}")
                elif not answer.streaming and SCRIPT.encode() in answer.content:
                    failed.append(f"unescaped: {method} {address} {sent}")
        Import.objects.all().delete()
        if not Item.objects.filter(dataset=dataset, number=1, removed_in=None).exists():
            making.add(access, dataset, Draft(SCRIPT, SCRIPT, key=f"again-{round_}"))
    assert failed == []


@pytest.mark.parametrize("htmx", [False, True])
def test_what_is_stored_is_escaped_on_every_page(
    access: Access, dataset: Dataset, owner: User, client: Client, htmx: bool
) -> None:
    client.force_login(owner)
    upload = importing.upload(access, dataset, f"{SCRIPT}.csv", f"a,{SCRIPT}\n{SCRIPT},x".encode())
    more: dict[str, Any] = {"headers": {"HX-Request": "true"}} if htmx else {}
    seen = 0
    for address in [*addresses(upload), *(f"/p/shop/datasets/cases/items/{n}" for n in (2, 3))]:
        answer = client.get(address, **more)
        if answer.status_code == 200 and not answer.streaming:
            assert SCRIPT.encode() not in answer.content, address
            seen += b"&lt;script&gt;" in answer.content
    assert seen >= 9


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0", b"\xff\xfe\x00", b"{" * 10_000, b'{"a": ' * 10_000, b"a\n" + b'"' * 9_999,
        b"[]\n[]", b"input\n=cmd|' /C calc'!A0", b"\xef\xbb\xbf", b"PK\x03\x04" + bytes(200),
        f"input,{SCRIPT}\n{SCRIPT},x".encode(), b"a" * 200_000, b"\n" * 50_000, b",,,\n,,,\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", f"{SCRIPT}\0/../x"])
def test_no_file_fails(
    dataset: Dataset, owner: User, client: Client, data: bytes, name: str
) -> None:
    client.force_login(owner)
    address = reverse("dataset_upload", args=["shop", "cases"])
    answer = client.post(address, {"file": SimpleUploadedFile(name, data)}, follow=True)
    assert answer.status_code == 200 and SCRIPT.encode() not in answer.content
    for row in Import.objects.all():
        mapped = reverse("dataset_import", args=["shop", "cases", row.pk])
        answer = client.post(mapped, {"column-0": "input", "begin": "1"}, follow=True)
        assert answer.status_code == 200 and SCRIPT.encode() not in answer.content


def test_a_page_takes_only_what_it_may(dataset: Dataset, owner: User, client: Client) -> None:
    client.force_login(owner)
    for method in ("put", "patch", "delete"):
        for name, more in (
            ("dataset", ("cases",)),
            ("datasets", ()),
            ("dataset_change", ("cases",)),
        ):
            answer = getattr(client, method)(reverse(name, args=["shop", *more]))
            assert answer.status_code == 405, (method, name)
    for name in ("dataset_change", "dataset_tag"):
        assert client.get(reverse(name, args=["shop", "cases"])).status_code == 405
    assert making.fresh(dataset).version == 1
