"""The page of a trace, in a browser."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Watched
from tests.browser.test_explorer import HOSTILE
from tests.traces.sending import SECOND, llm, span

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[..., Watched]
Send = Callable[..., None]
TRACE = bytes(range(16))
URL = f"/p/shop/traces/{TRACE.hex()}"
START = 1_790_000_000 * SECOND
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)


ANSWER = "Yes, within 30 days.\n\nTake the lamp along."


def sid(number: int) -> bytes:
    return number.to_bytes(8, "big")


def at(ms: int, length: int = 1000) -> dict[str, Any]:
    return {"start_ns": START + ms * 10**6, "end_ns": START + (ms + length) * 10**6}


def said(*messages: dict[str, Any]) -> str:
    return json.dumps(messages)


def text(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def step(number: int, parent: int | None, name: str, ms: int, length: int, **more: Any) -> Any:
    above = None if parent is None else sid(parent)
    return span(TRACE, span_id=sid(number), parent=above, name=name, **at(ms, length), **more)


def story() -> list[dict[str, Any]]:
    """An agent that looks up an order: fails once, retrieves, answers."""
    tools = json.dumps([{"type": "function", "name": "lookup_order", "description": "One order"}])
    asked = text(
        "user", "My sister bought me the lamp as a gift, can I swap it for the walnut one?"
    )
    call = {"type": "tool_call", "id": "c1", "name": "lookup_order", "arguments": {"sku": "LAMP"}}
    result = {"type": "tool_call_response", "id": "c1", "response": {"found": True, "gift": True}}
    picture = {"type": "blob", "mime_type": "image/png", "content": PNG.partition(",")[2]}
    elsewhere = {"type": "uri", "uri": "https://elsewhere.example/receipt.png"}
    history = [text("system", "Be kind and exact."), asked, {"role": "assistant", "parts": [call]}]
    history += [
        {"role": "tool", "parts": [result]},
        {"role": "user", "parts": [picture, elsewhere]},
    ]
    document = "retrieval__documents__{}__document"
    found: dict[str, Any] = {
        "openinference__span__kind": "RETRIEVER",
        "input__value": "gift receipt",
    }
    for i, (name, score) in enumerate((("gift-returns.md", 0.82), ("warranty.md", 0.41))):
        found[f"{document.format(i)}__id"] = name
        found[f"{document.format(i)}__content"] = "Store credit within 30 days of purchase. " * 3
        found[f"{document.format(i)}__score"] = score
    tool: dict[str, Any] = {"gen_ai__operation__name": "execute_tool"}
    tool["gen_ai__tool__name"] = "lookup_order"
    failing = step(4, 1, "lookup_order", 3000, 2000, error="timed out after 2 s", **tool)
    failing["events"] = [
        {
            "name": "exception",
            "time_unix_nano": START + 5 * SECOND,
            "attributes": [
                {"key": "exception.type", "value": {"string_value": "TimeoutError"}},
                {"key": "exception.message", "value": {"string_value": "no answer in 2 s"}},
                {
                    "key": "exception.stacktrace",
                    "value": {"string_value": "File app.py, line 7\n" * 9},
                },
            ],
        }
    ]
    answer = llm(
        TRACE,
        span_id=sid(6),
        parent=sid(1),
        name="compose_answer",
        **at(5900, 1970),
        gen_ai__response__model="claude-sonnet-4-5",
        gen_ai__provider__name="anthropic",
        gen_ai__request__temperature=0.2,
        gen_ai__usage__cache_read__input_tokens=400,
        gen_ai__server__time_to_first_token=0.58,
        gen_ai__input__messages=json.dumps(history),
        gen_ai__output__messages=said(text("assistant", ANSWER)),
        gen_ai__tool__definitions=tools,
        app__feature="returns",
    )
    return [
        step(1, None, "support_agent", 0, 7840, gen_ai__operation__name="invoke_agent",
             user__id="u_48213", session__id="sess_7fd1c0", input__value="Can I swap it?",
             metadata=json.dumps({"feature": "returns", "nested": {"a": 1}})),
        llm(TRACE, span_id=sid(2), parent=sid(1), name="classify_intent", **at(200, 640),
            gen_ai__input__messages=said(asked),
            gen_ai__output__messages=said(text("assistant", "returns"))),
        step(3, 1, "retrieve_policy", 900, 540, **found),
        failing,
        step(5, 3, "embed_query", 950, 80, openinference__span__kind="EMBEDDING"),
        answer,
        step(7, 999, "orphan_step", 7000, 300),
        span(TRACE, span_id=sid(8), parent=sid(1), name="still_running", running=True,
             start_ns=START + 7 * SECOND),
    ]  # fmt: skip


def lines(page: Page) -> Locator:
    return page.locator("[data-waterfall] .wf-a[data-span]:visible")


def current(page: Page) -> Locator:
    return page.locator("[data-waterfall] .wf-a[aria-current]")


def test_a_trace_in_every_light(page_check: Callable[..., None], sent: Send) -> None:
    sent(*story(), service__name="shop-api")
    page_check(URL, name="trace")
    page_check(f"{URL}?span={sid(6).hex()}", name="trace-call")
    page_check(f"{URL}?span={sid(4).hex()}", name="trace-error")
    page_check(f"{URL}?span={sid(3).hex()}", name="trace-documents")
    page_check(f"{URL}/conversation", name="trace-conversation")
    page_check(f"{URL}/errors", name="trace-errors")


def test_hostile_text_stays_text_and_fits(page_check: Callable[..., None], sent: Send) -> None:
    for i, one in enumerate(HOSTILE):
        sent(
            llm(
                TRACE,
                span_id=sid(i + 1),
                parent=sid(1) if i else None,
                **at(i * 100),
                name=one,
                error=one,
                user__id=one,
                gen_ai__request__model=one,
                gen_ai__input__messages=said(text("user", one), text(one, one)),
                gen_ai__output__messages=said(text("assistant", one)),
                **{one: one},
            )
        )
    page_check(URL, name="trace-hostile")
    page_check(f"{URL}?span={sid(2).hex()}", name="trace-hostile-span")
    page_check(f"{URL}/conversation")
    page_check(f"{URL}/errors")


def test_a_click_shows_a_span_and_its_link_leads_there(visit: Visit, sent: Send) -> None:
    sent(*story())
    watched = visit(URL)
    page = watched.page
    page.locator("[data-waterfall]").get_by_text("compose_answer").click()
    expect(page.locator("#span-h")).to_have_text("compose_answer")
    assert page.url.endswith(f"?span={sid(6).hex()}")
    expect(page.locator(".msg.is-out")).to_contain_text("Take the lamp along.")
    expect(current(page)).to_contain_text("compose_answer")
    watched.check()
    page.reload()
    expect(page.locator("#span-h")).to_have_text("compose_answer")


def test_nothing_is_fetched_from_elsewhere(visit: Visit, sent: Send) -> None:
    sent(*story())
    watched = visit("/p/shop/traces")
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    watched.page.goto(f"{URL}?span={sid(6).hex()}")
    expect(watched.page.get_by_role("img", name="Image of the message")).to_be_visible()
    expect(watched.page.get_by_role("link", name="https://elsewhere.example")).to_be_visible()
    assert not [url for url in asked if "elsewhere" in url]


def test_keys_walk_and_fold_the_tree(visit: Visit, sent: Send) -> None:
    sent(*story())
    watched = visit(URL)
    page = watched.page
    shown = lines(page).count()
    for key, name in (
        ("ArrowDown", "classify_intent"),
        ("ArrowDown", "retrieve_policy"),
        ("ArrowRight", "embed_query"),
        ("ArrowLeft", "retrieve_policy"),
        ("ArrowUp", "classify_intent"),
        ("ArrowLeft", "support_agent"),
    ):
        page.keyboard.press(key)
        expect(current(page)).to_contain_text(name)
        expect(page.locator("#span-h")).to_have_text(name)
    page.keyboard.press("ArrowLeft")
    expect(lines(page)).to_have_count(2)  # the agent, and the step whose parent is missing
    page.keyboard.press("ArrowRight")
    expect(lines(page)).to_have_count(shown)
    watched.check()


def test_a_toggle_folds_by_mouse_and_by_key(visit: Visit, sent: Send) -> None:
    sent(*story())
    watched = visit(URL)
    toggle = watched.page.get_by_role("button", name="below retrieve_policy")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    toggle.click()
    expect(watched.page.locator("[data-waterfall]").get_by_text("embed_query")).to_be_hidden()
    toggle.press("Space")
    expect(watched.page.locator("[data-waterfall]").get_by_text("embed_query")).to_be_visible()
    watched.check()


def test_a_wide_trace_loads_on_demand(visit: Visit, sent: Send) -> None:
    sent(step(1, None, "root", 0, 9000), *(step(i, 1, f"n{i}", i, 5) for i in range(2, 303)))
    watched = visit(URL)
    page = watched.page
    expect(lines(page)).to_have_count(101)
    page.get_by_role("link", name="Show more").click()
    expect(lines(page)).to_have_count(201)
    page.get_by_role("link", name="Show more").click()
    expect(lines(page)).to_have_count(301)
    watched.check()


def test_a_folded_part_is_loaded_once(visit: Visit, sent: Send) -> None:
    groups = [step(i, 1, f"group{i}", i, 5) for i in range(2, 60)]
    inner = [step(i * 1000 + j, i, f"i{i}-{j}", i, 2) for i in range(2, 60) for j in range(60)]
    sent(step(1, None, "root", 0, 9000), *groups, *inner)
    watched = visit(URL)
    page = watched.page
    before = lines(page).count()
    toggle = page.get_by_role("button", name="below group59")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    for _ in range(2):
        toggle.click()
        expect(lines(page)).to_have_count(before + 60)
        toggle.click()
        expect(lines(page)).to_have_count(before)
    watched.check()


def test_names_of_deep_spans_have_room(visit: Visit, sent: Send) -> None:
    sent(*(step(i, i - 1 or None, f"summarise_the_order_{i}", i, 200 - i) for i in range(1, 61)))
    watched = visit(URL)
    page = watched.page
    expect(lines(page)).to_have_count(60)
    for width in (1440, 1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        rooms = page.locator(".wf-a .n").evaluate_all("all => all.map(one => one.clientWidth)")
        assert min(rooms) >= 80, width
        inside = """all => all.every(one => one.getBoundingClientRect().right
            <= one.parentElement.querySelector(".n").getBoundingClientRect().left)"""
        assert page.locator(".wf-t").evaluate_all(inside), "folding is left of the name"
        watched.check()
    deepest = lines(page).last
    expect(deepest.locator(".lv")).to_have_text("60")
    expect(lines(page).nth(6).locator(".lv")).to_have_count(0)


def test_long_keys_of_metadata_leave_room_for_values(visit: Visit, sent: Send) -> None:
    key = "a_key_of_an_application_" * 4
    sent(step(1, None, "root", 0, 9000, metadata=json.dumps({key: "what it says", "tenant": "a"})))
    watched = visit(URL)
    page = watched.page
    for width in (1440, 1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        context = page.get_by_role("region", name="Context")
        value = context.get_by_text("what it says")
        assert value.evaluate("one => one.clientWidth >= one.parentElement.clientWidth / 2"), width
        expect(context.get_by_text(key)).to_be_visible()
        watched.check()


def test_five_thousand_spans_are_comfortable(visit: Visit, sent: Send) -> None:
    sent(*(step(i, i // 4 or None, f"n{i}", i, 9) for i in range(1, 5001)))
    watched = visit(f"{URL}?span={sid(4999).hex()}")
    page = watched.page
    expect(current(page)).to_contain_text("n4999")
    expect(current(page)).to_be_in_viewport()
    assert lines(page).count() < 500
    page.keyboard.press("ArrowUp")
    expect(page.locator("#span-h")).not_to_have_text("n4999")
    watched.check()


def test_attributes_are_filtered_and_text_is_copied(visit: Visit, sent: Send) -> None:
    sent(*story())
    watched = visit(f"{URL}?span={sid(6).hex()}")
    page = watched.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#span .tab", has_text="Attributes").click()
    page.locator("#attributes summary").click()
    page.get_by_label("Filter attributes").fill("app.feat")
    expect(page.locator("#attribute-list [data-row]:visible")).to_have_count(1)
    page.locator(".msg.is-out").get_by_role("button", name="Copy").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert "Take the lamp along." in page.evaluate("navigator.clipboard.readText()")
    watched.check()


def test_all_of_a_long_text_comes_on_demand(visit: Visit, sent: Send) -> None:
    long = "word " * 20_000 + "the very end"
    sent(llm(TRACE, span_id=sid(1), gen_ai__output__messages=said(text("assistant", long))))
    watched = visit(URL)
    page = watched.page
    answer = page.locator(".msg.is-out [data-text]")
    expect(answer).not_to_contain_text("the very end")
    page.get_by_role("link", name="Show all").first.click()
    expect(answer).to_contain_text("the very end")
    watched.check()


def test_a_trace_is_read_without_script(visit: Visit, sent: Send) -> None:
    sent(step(1, None, "root", 0, 9000), *(step(i, 1, f"n{i}", i, 5) for i in range(2, 150)))
    watched = visit(URL)
    browser = watched.page.context.browser
    assert browser is not None
    context = browser.new_context(
        java_script_enabled=False, storage_state=watched.page.context.storage_state()
    )
    page = context.new_page()
    page.goto(watched.page.url)
    page.get_by_role("link", name="Level 2. span n50").first.click()
    expect(page.locator("#span-h")).to_have_text("n50")
    context.close()
