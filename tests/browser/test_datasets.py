"""Datasets in a browser: from traces in, changed, compared and out, by keyboard and on a phone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from evals.datasets.content import Draft
from evals.datasets.models import Dataset, Import, Item
from evals.datasets.services import editing, importing, tagging
from evals.datasets.services.adding import Choices, Personal
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.evals.datasets import making
from tests.traces import sending

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)> \u202e ' \" & {{ 7 * 7 }} " + "x" * 300
TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "You answer for the shop, briefly."},
    {"role": "user", "content": "My parcel is late, and the tracking says nothing."},
    {"role": "assistant", "content": None,
     "tool_calls": [{"id": "c1", "name": "track", "arguments": {"order": 4711}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "{\"state\": \"lost\"}"},
    {"role": "user", "content": "So what happens now?"},
]  # fmt: skip


@pytest.fixture
def dataset(access: Access, live_server: Any) -> Dataset:
    """Six items in four versions, one of them tagged."""
    found = making.dataset(
        access, "hard-cases", description="Questions that went wrong once, with what is right."
    )
    making.add(
        access, found,
        *(making.draft(text, f"Answer {n}.", split=("train", "train", "test")[n % 3])
          for n, text in enumerate(making.QUESTIONS[:4])),
        note="From the first week",
    )  # fmt: skip
    making.add(access, found, Draft(
        TALK, "We send another one today, at no cost. It arrives on Thursday.",
        ["Lost parcels are replaced within a day.", "Replacements are free of charge."],
        {"language": "en", "response": "Please wait."}, "test", "case-talk", "user-7",
    ), Draft(HOSTILE, HOSTILE, [HOSTILE], {"k": HOSTILE}))  # fmt: skip
    editing.edit(access, found, 1, {"expected": "It is with the carrier and arrives on Monday."})
    editing.remove(access, found, [2], note="Asked of another shop")
    tagging.put(access, found, "golden", 3)
    return making.fresh(found)


def shot(watched: Watched, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        watched.page.screenshot(path=f"{folder}/ds-{name}.png", full_page=True)


def test_every_page_in_light_dark_and_on_a_phone(
    dataset: Dataset, access: Access, page_check: Callable[..., None]
) -> None:
    base = "/p/shop/datasets"
    row = importing.upload(
        access, dataset, "cases.csv",
        b"question,answer,lang\nWhere is my order?,On its way,de\nMail jo@example.org,Yes,en\n",
    )  # fmt: skip
    for url, name in (
        (base, "list"),
        (f"{base}/hard-cases", "items"),
        (f"{base}/hard-cases?version=golden", "old"),
        (f"{base}/hard-cases/items/5", "talk"),
        (f"{base}/hard-cases/items/1", "edited"),
        (f"{base}/hard-cases/items/6/edit", "edit"),
        (f"{base}/hard-cases/versions", "versions"),
        (f"{base}/hard-cases/diff?from=1", "diff"),
        (f"{base}/hard-cases/import/{row.pk}", "mapping"),
        (f"{base}/erase", "erase"),
    ):
        page_check(url, name=f"ds-{name}")


def test_what_a_failing_look_says_is_shown(
    access: Access, visit: Callable[..., Watched], sent: Callable[..., None]
) -> None:
    sent(sending.llm(bytes(range(16)), **{"gen_ai.prompt": "Where is my order?"}))
    page = visit(f"/p/shop/datasets/add?item={bytes(range(16)).hex()}").page
    told = "<h1>Somebody was faster</h1><p>Look again.</p><script>document.title = 'run'</script>"
    answers = [(409, told), (502, "no page")]

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            status, said = answers.pop(0)
            route.fulfill(content_type="text/html", status=status, body=said)
        else:
            route.continue_()

    page.route("**/datasets/add*", answer)
    page.locator("[name=personal][value=keep]").check()
    toast = page.locator("#lost")
    expect(toast).to_have_text("Somebody was faster. Look again. What you see may be old.")
    page.locator("[name=personal][value=drop]").check()
    expect(toast).to_have_text("The server answered with an error (502). What you see may be old.")
    assert page.title() != "run", "nothing of it runs"


def test_from_traces_into_a_new_dataset_and_out_again(
    access: Access, visit: Callable[..., Watched], sent: Callable[..., None], tmp_path: Path
) -> None:
    said = '[{"role": "user", "parts": [{"type": "text", "content": "%s"}]}]'
    ids = [bytes([n] * 16) for n in (1, 2, 3)]
    texts = ("Where is my order 4711?", "Where is my order 4712?", "I am jo@example.org, call me.")
    for one, text in zip(ids, texts, strict=True):
        answer = said.replace("user", "assistant") % "On its way."
        attributes = {"gen_ai.input.messages": said % text, "gen_ai.output.messages": answer}
        sent(sending.llm(one, **attributes))
    watched = visit("/p/shop/datasets")
    page = watched.page
    expect(page.locator("main")).to_contain_text("No datasets yet")
    watched.check()
    shot(watched, "empty")
    page.goto("/p/shop/datasets/add?" + "&".join(f"item={one.hex()}" for one in ids))
    expect(page.locator("h1")).to_have_text("Add 3 to a dataset")
    expect(page.locator("#looks .ds-look")).to_have_count(3)
    expect(page.locator("#looks")).to_contain_text("1 with personal data")
    expect(page.locator("#looks mark")).to_have_text("jo@example.org")
    expect(page.locator("#looks")).to_contain_text("alike")
    shot(watched, "add")
    page.get_by_text("Nothing", exact=True).click()  # no expected output where nobody corrected
    expect(page.locator("#looks .ds-none").first).to_be_visible()
    page.get_by_text("What was answered, always").click()
    expect(page.locator("#looks .ds-none")).to_have_count(0)
    watched.check()
    page.get_by_label("Name of the new one").fill("Orders")
    page.get_by_role("button", name="Add 3").click()
    expect(page.locator("h1")).to_have_text("Orders")
    expect(page.locator(".toast")).to_contain_text("3 added to Orders, version 1.")
    expect(page.locator(".ds-items")).to_contain_text("I am [email], call me.")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="OpenAI fine-tuning").click()
    download.value.save_as(tmp_path / "out.jsonl")
    assert download.value.suggested_filename == "orders-v1.openai-chat.jsonl"
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3
    assert watched.complaints == []


def tab_to(page: Page, label: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(label):
            return
    raise AssertionError(f"{label} is not reached by Tab")


def test_an_item_is_changed_by_keyboard_and_compared(
    dataset: Dataset, visit: Callable[..., Watched]
) -> None:
    watched = visit("/p/shop/datasets/hard-cases")
    page = watched.page
    page.keyboard.press("/")
    page.keyboard.type("parcel")
    page.keyboard.press("Enter")
    expect(page.locator(".ds-items tbody tr")).to_have_count(1)
    tab_to(page, "So what happens now?")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Item 5")
    page.wait_for_load_state("networkidle")  # keys work once the script is there
    page.keyboard.press("e")
    expect(page.locator("h1")).to_have_text("Edit item 5")
    page.get_by_role("textbox", name="Expected output").fill("A new one is on its way to you.")
    page.get_by_role("button", name="One more").click()
    expect(page.locator("#context textarea")).to_have_count(4)
    page.keyboard.type("A fourth text.")
    page.get_by_role("button", name="Save as version 5").click()
    expect(page.locator(".toast")).to_contain_text("Saved as version 5")
    expect(page.locator(".ds-history")).to_contain_text("is on its way to you")
    watched.check()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    expect(page.locator("h1")).to_have_text("Item 6")
    expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)>")
    page.goto("/p/shop/datasets/hard-cases/diff")
    expect(page.locator("main")).to_contain_text("1 edited")
    expect(page.locator(".ds-diff ins").first).to_be_visible()
    page.goto("/p/shop/datasets/hard-cases")
    page.get_by_label("Item 1", exact=True).check()
    page.get_by_label("Item 3", exact=True).check()
    expect(page.locator("[data-ticked]")).to_have_text("2 ticked:")
    page.locator("#to-split").fill("dev")
    page.get_by_role("button", name="Move to split").click()
    expect(page.locator(".toast")).to_contain_text("Now in dev. This is version 6.")
    assert watched.complaints == []
    assert Item.objects.filter(dataset=dataset, removed_in=None, split="dev").count() == 2


def test_a_file_is_mapped_seen_and_added_with_progress(
    access: Access, dataset: Dataset, visit: Callable[..., Watched], tmp_path: Path
) -> None:
    file = tmp_path / "cases.csv"
    rows = "".join(f"Question number {n} about {n * 7919},Answer {n}\n" for n in range(400))
    file.write_text("frage,antwort\n" + rows)
    watched = visit("/p/shop/datasets/hard-cases/import")
    page = watched.page
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#preview")).to_contain_text("Say which column is the input.")
    page.wait_for_load_state("networkidle")  # the script hears of changes from then on
    page.get_by_label("frage").select_option("input")
    expect(page.locator("#preview tbody tr")).to_have_count(20)
    page.get_by_label("antwort").select_option("expected")
    expect(page.locator("#preview tbody tr").first).to_contain_text("Answer 0")
    shot(watched, "mapped")
    watched.check()
    page.get_by_role("button", name="Add 400 rows").click()
    expect(page.locator("#progress")).to_contain_text("Waiting for a worker")
    shot(watched, "waiting")
    watched.check()
    assert importing.work_off() == 1  # what a worker does
    expect(page.locator("#progress")).to_contain_text("400 added: version 5.")
    watched.check()
    assert Import.objects.get().data is None and making.fresh(dataset).items_count == 405
    assert watched.complaints == []


def test_a_persons_data_is_found_and_erased(
    access: Access, dataset: Dataset, visit: Callable[..., Watched]
) -> None:
    making.add(access, dataset, "jo@example.org asks for it", choices=Choices(Personal.KEEP))
    watched = visit("/p/shop/datasets/erase")
    page = watched.page
    page.get_by_text("A text in the items").click()
    page.get_by_label("The id, or the text").fill("JO@example.org")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("main")).to_contain_text("1 item, 1 in the newest version")
    page.get_by_label("Why").fill("Ticket 12")
    watched.check()
    page.get_by_role("button", name="Erase 1 item for good").click()
    expect(page.locator(".toast")).to_contain_text("1 item erased in 1 dataset")
    page.goto("/p/shop/datasets/hard-cases/items/7")
    expect(page.locator("main")).to_contain_text("was erased on")
    watched.check()
    assert "jo@" not in str(list(Item.objects.values()))
