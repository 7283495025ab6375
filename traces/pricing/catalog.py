"""The shipped price list:

the package `genai-prices`, by provider, model, date and mode of processing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import TieredPrices, TimeOfDateConstraint

from traces.pricing.rates import Rates, scaled

PACKAGE = f"genai-prices/{version('genai-prices')}"
DAY_NS = 86_400 * 10**9
BUCKET_NS = 15 * 60 * 10**9
"""How finely a model's price is looked up that changes in the course of a day."""

PROVIDERS = {
    "aws.bedrock": "aws",
    "aws_bedrock": "aws",
    "bedrock": "aws",
    "amazon": "aws",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure_openai": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "google_genai": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
    "xai": "x-ai",
    "fireworks_ai": "fireworks",
    "together_ai": "together",
    "togetherai": "together",
}
"""Names that conventions use, as the list names them."""

SELF_HOSTED = frozenset(
    {"ollama", "vllm", "lmstudio", "lm_studio", "llamafile", "llama_cpp", "huggingface_tgi", "tgi"}
)
"""Whose models cost what their machine costs: only an own price can know."""

PARTS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
    "output_reasoning_mtok": "reasoning",
}
STANDARD_TIERS = frozenset({"", "default", "auto", "standard", "standard_only", "on_demand"})
LONGEST_NAME = 200

Context = tuple[tuple[str, str], ...]


@dataclass(slots=True, frozen=True)
class Listed:
    """The rates of a listed model and where they stand;

    `rates` is None if its mode has no price.
    """

    ref: str
    rates: Rates | None


def context(*, batch: bool, service_tier: str | None) -> Context:
    """How the call was processed, where that changes the price."""
    tier = (service_tier or "").lower()
    if batch or tier == "batch":
        return (("processing", "batch"),)
    return () if tier in STANDARD_TIERS else (("service_tier", tier),)


def suffix(how: Context) -> str:
    """How a price row's name tells the mode, so that it can be priced again."""
    return "".join(f";{name}={value[:50]}" for name, value in how)


def rates(
    provider: str | None, model: str | None, asked: str | None, start_ns: int, how: Context
) -> Listed | None:
    """The price in force at that time for the model that answered, else the one asked for."""
    for name in (model, asked):
        if not name:
            continue
        found = _model(provider, name)
        if found is not None:
            step = BUCKET_NS if found.changes_daily else DAY_NS
            return _rates(found, start_ns // step * step, how)
    return None


@dataclass(slots=True, frozen=True, eq=False)
class Found:
    """A model of the list."""

    provider: Any
    model: Any
    changes_daily: bool


@lru_cache(maxsize=65_536)
def _rates(found: Found, moment_ns: int, how: Context) -> Listed:
    moment = datetime.fromtimestamp(moment_ns // 10**9, UTC)
    ref = f"{PACKAGE} {found.provider.id}/{found.model.id}{suffix(how)}"
    if how and not _has_variant(found.model, moment, dict(how)):
        return Listed(ref, None)
    return Listed(ref, _from_list(found.model.get_prices(moment, dict(how) or None)))


@lru_cache(maxsize=16_384)
def _model(provider: str | None, model: str) -> Found | None:
    """The listed model, of this provider or of a maker whose models it sells."""
    name = (provider or "").lower()
    if name in SELF_HOSTED or len(model) > LONGEST_NAME:
        return None
    snapshot = get_snapshot()
    known = PROVIDERS.get(name, name)
    ids = {one.id for one in snapshot.providers}
    if known in ids:
        found = _find(snapshot, model, known)
        if found is not None or known not in RESELLERS:
            return found
    return _find(snapshot, model, None)


def names(providers: Iterable[str]) -> list[str]:
    """The listed models of these providers, or of all if none of them is listed, sorted."""
    wanted = {PROVIDERS.get(name.lower(), name.lower()) for name in providers}
    sellers = get_snapshot().providers
    known = [one for one in sellers if one.id in wanted] or sellers
    return sorted({model.id for one in known for model in one.models})


def knows_seller(provider: str | None, model: str) -> bool:
    """Whether somebody of the list sells this, so that a price which is missing is a gap of it."""
    name = (provider or "").lower()
    if name in SELF_HOSTED:
        return False
    snapshot = get_snapshot()
    if PROVIDERS.get(name, name) in {one.id for one in snapshot.providers}:
        return True
    return _seller(snapshot, model.lower(), None) is not None


RESELLERS = frozenset({"azure", "aws", "openrouter", "databricks", "cloudflare", "github-copilot"})
"""Who sell others' models, mostly at their price:

the maker's price holds where the list has none.
"""


def _find(snapshot: DataSnapshot, model: str, provider: str | None) -> Found | None:
    # Not by the snapshot's own search: it remembers every name that it did not find, for ever.
    for name in (model, model.rpartition("/")[2]):
        seller = _seller(snapshot, name.lower(), provider)
        if seller is None:
            continue
        listed = seller.find_model(name, all_providers=snapshot.providers)
        if listed is not None:
            return Found(seller, listed, _changes_daily(listed))
    return None


def _seller(snapshot: DataSnapshot, model: str, provider: str | None) -> Any:
    """Who sells the model: the provider named, else the maker whose names look like it."""
    if provider is not None:
        return next(one for one in snapshot.providers if one.id == provider)
    return next(
        (one for one in snapshot.providers if one.model_match and one.model_match.is_match(model)),
        None,
    )


def _changes_daily(listed: Any) -> bool:
    conditional = listed.prices if isinstance(listed.prices, list) else []
    constraints = [one.constraint for one in (*conditional, *(listed.price_variants or ()))]
    return any(isinstance(one, TimeOfDateConstraint) for one in constraints)


def _has_variant(listed: Any, moment: datetime, how: dict[str, str]) -> bool:
    """Whether the list has a price for this mode;

    where it has none it would give the standard one.
    """
    return any(
        (variant.constraint is None or variant.constraint.active(moment))
        and all(how.get(key) == value for key, value in variant.when.items())
        for variant in listed.price_variants or ()
    )


def _from_list(prices: Any) -> Rates:
    values: dict[str, int] = {}
    tiers: dict[int, dict[str, int]] = {}
    for key, part in PARTS.items():
        price = getattr(prices, key, None)
        if isinstance(price, Decimal):
            values[part] = scaled(price)
        elif isinstance(price, TieredPrices):
            values[part] = scaled(price.base)
            for tier in price.tiers:
                tiers.setdefault(tier.start, {})[part] = scaled(tier.price)
    fee = prices.requests_kcount
    if isinstance(fee, Decimal):
        values["request"] = scaled(fee * 1000)
    return Rates(values, tuple(_cumulated(tiers)))


def _cumulated(tiers: dict[int, dict[str, int]]) -> list[tuple[int, dict[str, int]]]:
    """Tiers in rising order;

    a part that a tier does not name keeps the price of the tier before.
    """
    so_far: dict[str, int] = {}
    made = []
    for start in sorted(tiers):
        so_far = so_far | tiers[start]
        made.append((start, so_far))
    return made
