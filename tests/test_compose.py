"""docker-compose.yml and Dockerfile against what the code reads."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_configuration import variables_read

ROOT = Path(__file__).resolve().parents[1]
OWN_IMAGE = "sightglass:0.1.0"
REQUIRED = {
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "SIGHTGLASS_SECRET_KEY",
    "SIGHTGLASS_ALLOWED_HOSTS",
    "SIGHTGLASS_ADMIN_EMAIL",
    "SIGHTGLASS_ADMIN_PASSWORD",
}
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == OWN_IMAGE]


def dockerfile_environment() -> set[str]:
    return set(re.findall(r"\b([A-Z_]+)=", (ROOT / "Dockerfile").read_text()))


def test_the_services_are_the_documented_ones() -> None:
    assert set(SERVICES) == {"postgres", "redis", "prepare", "web", "worker", "judges", "beat"}
    assert set(OURS) == {"prepare", "web", "worker", "judges", "beat"}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_that_the_code_reads(name: str) -> None:
    assert set(SERVICES[name]["environment"]) <= variables_read()


def test_the_image_sets_only_variables_that_the_code_reads() -> None:
    ours = {name for name in dockerfile_environment() if name.startswith("SIGHTGLASS_")}
    assert ours
    assert ours <= variables_read()


def test_web_worker_and_beat_are_one_installation() -> None:
    environments = [SERVICES[name]["environment"] for name in ("web", "worker", "judges", "beat")]
    assert all(one == environments[0] for one in environments)
    assert {"DATABASE_URL", "CELERY_BROKER_URL", "SIGHTGLASS_SECRET_KEY"} <= set(environments[0])


def test_no_secret_has_a_default() -> None:
    required = set(re.findall(r"\$\{([A-Z_]+):\?", TEXT))
    assert required == REQUIRED
    for name, default in re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", TEXT):
        secret = any(word in name for word in ("PASSWORD", "SECRET", "KEY", "TOKEN"))
        assert not (secret and default), name


@pytest.mark.parametrize("name", ["postgres", "redis", "web", "worker", "judges", "beat"])
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "test" in SERVICES[name].get("healthcheck", {}) or "HEALTHCHECK" in dockerfile
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_images_are_pinned() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for image in images:
        assert re.search(r":[\d.]*\d+\.\d+", image), image


@pytest.mark.parametrize("name", OURS)
def test_our_containers_have_no_more_rights_than_they_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_the_image_runs_as_its_own_user() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER sightglass"]


def test_only_the_web_server_is_published_and_only_here_by_default() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert SERVICES["web"]["ports"] == ["${SIGHTGLASS_PUBLISH:-127.0.0.1:8000}:8000"]


def test_the_image_leaves_out_what_is_not_listed() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in kept)
    assert not kept & {".env", ".sightglass", ".git", "tests"}
