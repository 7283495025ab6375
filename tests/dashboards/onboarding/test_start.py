"""The first steps: what is offered to copy is true, and the page turns to the first trace."""

import base64
import re
import subprocess
from urllib.parse import unquote

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from dashboards.onboarding.snippets import snippets
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.traces.sending import decoded, llm, request
from traces.models import Trace
from traces.services.ingest import store_spans

URL = "/p/shop/start"
BASE = "http://sightglass.example"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def body(page: Client, url: str) -> str:
    answer = page.get(url)
    assert answer.status_code == 200, answer
    return answer.content.decode()


@pytest.mark.django_db
def test_every_client_has_its_text_with_this_address(page: Client) -> None:
    for one in snippets(BASE, "k"):
        text = body(page, f"{URL}?client={one.id}")
        assert "http://testserver" in text and "YOUR_API_KEY" in text, one.id
        assert one.label in text


@pytest.mark.django_db
def test_an_unknown_client_is_the_first(page: Client) -> None:
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in body(page, f"{URL}?client=%3Cscript%3E")


@pytest.mark.django_db
def test_the_address_is_never_a_stranger_s_text(page: Client) -> None:
    answer = page.get(URL, headers={"Host": "evil.example/<script>"})
    assert answer.status_code == 400


@pytest.mark.django_db
def test_the_page_waits_and_turns_to_the_first_trace(page: Client, access: Access) -> None:
    waiting = page.get(f"{URL}/waiting", headers=HTMX)
    assert "Waiting for the first trace" in waiting.content.decode()
    assert "no-store" in waiting["Cache-Control"]
    store_spans(access, decoded(llm(bytes([7] * 16))))
    answer = page.get(f"{URL}/waiting", headers=HTMX)
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == f"/p/shop/traces/{'07' * 16}"
    assert "Traces have arrived" in body(page, URL)


@pytest.mark.django_db
def test_another_project_s_trace_is_not_waited_for(
    client: Client, access: Access, stranger: User
) -> None:
    store_spans(access, decoded(llm()))
    client.force_login(stranger)
    assert client.get(URL).status_code == 404
    assert client.get("/p/rival/start/waiting", headers=HTMX).status_code == 200


def pointed_at(code: str) -> str:
    """Where a text sends spans, as its client reads it."""
    if found := re.search(rf"LANGFUSE_BASE_URL={BASE}$", code, re.MULTILINE):
        return "/api/public/otel/v1/traces"  # the path that this SDK puts behind its base
    found = re.search(rf"{BASE}(/[\w/.]*)?", code)
    assert found, code
    return found[1] or "/v1/traces"  # every other one puts this behind a bare address


def header(code: str) -> str:
    found = re.search(r"[Aa]uthorization[\"']?[=:]\s*[\"']?(Bearer(?:%20| )[\w-]+)", code)
    assert found, code
    return unquote(found[1])


@pytest.mark.django_db
@pytest.mark.parametrize("name", [one.id for one in snippets(BASE, "k") if one.id != "curl"])
def test_what_is_copied_is_let_in(client: Client, api_key: str, name: str) -> None:
    """Its address and its header, taken from the text, store a span."""
    code = next(one.code for one in snippets(BASE, api_key) if one.id == name)
    if name == "langfuse":
        client.defaults["HTTP_AUTHORIZATION"] = basic("public", api_key)
        assert f"LANGFUSE_SECRET_KEY={api_key}" in code and "LANGFUSE_PUBLIC_KEY=public" in code
    else:
        client.defaults["HTTP_AUTHORIZATION"] = header(code)
    sent = request(llm()).SerializeToString()
    answer = client.post(pointed_at(code), sent, content_type="application/x-protobuf")
    assert answer.status_code == 200, answer.content
    assert Trace.objects.count() == 1


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_clients_that_would_speak_grpc_are_told_not_to() -> None:
    for one in snippets(BASE, "k"):
        if "OTEL_EXPORTER_OTLP" in one.code:
            assert re.search(r"OTEL_EXPORTER_OTLP_(TRACES_)?PROTOCOL=http/protobuf", one.code)


@pytest.mark.django_db(transaction=True)
def test_the_curl_command_runs(
    page: Client, live_server: LiveServer, access: Access, api_key: str
) -> None:
    code = next(one.code for one in snippets(live_server.url, api_key) if one.id == "curl")
    done = subprocess.run(
        ["bash", "-c", code.replace("curl ", "curl -sf ", 1)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    trace = Trace.objects.get(project=access.project)
    assert "Hello!" in body(page, f"/p/shop/traces/{trace.trace_id.hex}")
