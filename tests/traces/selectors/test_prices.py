"""Prices of models, found as those of their calls were."""

from __future__ import annotations

import time

import pytest

from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm
from traces.models import PriceOverride, Span
from traces.rollups.dimensions import OTHER
from traces.selectors.prices import models_in_use, prices_now
from traces.services.ingest import store_spans
from traces.services.prices import forget

pytestmark = pytest.mark.django_db

DATED = "gpt-5.4-mini-2036-10-28"
"""As the provider answers; no list has it."""


def send(access: Access, ago: int, answered: str, asked: str, provider: str = "openai") -> None:
    store_spans(
        access,
        decoded(
            llm(
                start_ns=time.time_ns() - ago * SECOND,
                gen_ai__provider__name=provider,
                gen_ai__request__model=asked,
                gen_ai__response__model=answered,
            )
        ),
    )


def test_a_model_has_the_price_that_its_calls_had(access: Access) -> None:
    send(access, 60, DATED, "gpt-5.4-mini")
    stored = Span.objects.get()
    assert stored.cost_total and stored.price_ref
    prices = prices_now(access.project.pk, [DATED, "never-called", None, "\x00"])
    for provider in ("openai", None, OTHER):
        assert prices.of(provider, DATED).ref == stored.price_ref, provider
    assert prices.of("azure", DATED).source == "listed", "whoever else sells what was asked for"
    assert prices.of("openai", "never-called").source == "none"
    assert prices.of("openai", None).source == prices.of(None, "\x00").source == "none"
    assert prices_now(access.project.pk, ["gpt-4o"]).of("openai", "gpt-4o").source == "listed"
    [used] = models_in_use(access.project.pk)
    assert used.price.ref == stored.price_ref


def test_an_own_price_of_what_was_asked_for_wins_over_the_list(access: Access) -> None:
    row = PriceOverride.objects.create(project=access.project, model="fast", input=5, output=20)
    forget(access.project.pk)
    send(access, 60, "gpt-4o", "fast")
    assert Span.objects.get().price_ref == f"override:{row.pk}"
    assert prices_now(access.project.pk, ["gpt-4o"]).of("openai", "gpt-4o").source == "own"


def test_a_provider_has_its_own_calls_before_those_of_others(access: Access) -> None:
    for provider, price in (("east", 5), ("west", 7)):
        PriceOverride.objects.create(
            project=access.project, model="fast", provider=provider, input=price, output=20
        )
    forget(access.project.pk)
    send(access, 90, "ours-1", "fast", "east")
    send(access, 60, "ours-1", "fast", "west")
    prices = prices_now(access.project.pk, ["ours-1"])

    def of_input(provider: str | None) -> int:
        rates = prices.of(provider, "ours-1").rates
        assert rates is not None
        return rates.values["input"] // 10**12

    assert [of_input(one) for one in ("east", "west", None)] == [5, 7, 7]


def test_calls_that_do_not_say_what_they_asked_for_do_not_hide_those_that_do(
    access: Access,
) -> None:
    send(access, 90, DATED, "gpt-5.4-mini")
    send(access, 60, DATED, DATED)
    assert prices_now(access.project.pk, [DATED]).of("openai", DATED).source == "listed"
    [used] = models_in_use(access.project.pk)
    assert used.price.source == "listed"
