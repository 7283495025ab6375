"""The library that comes with plotly.py, and what of its own styles we serve in its place."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command

from dashboards.bundles import FOLDER, NAME, PlotlyFinder

STATIC = Path("dashboards/static/sightglass")
UNUSED = ("modebar", "data-title", "plotly-cloud", "notifier", "input", "button", "ease-bg", "Y")
"""Of parts that we switch off: the bar of buttons, its tips, its dialogs."""


def bundle() -> str:
    return (FOLDER / NAME).read_text()


def test_the_bundle_is_found_and_nothing_beside_it() -> None:
    assert finders.find("plotly/plotly.min.js") == str(FOLDER / NAME)
    assert finders.find("plotly/plotly.min.js", find_all=True) == [str(FOLDER / NAME)]
    assert finders.find("plotly/widgetbundle.js") is None
    assert finders.find("plotly/../plotly/plotly.min.js") is None
    assert [name for name, _ in PlotlyFinder().list(None)] == [NAME]


def test_plotly_leaves_its_styles_to_us() -> None:
    source = bundle()
    assert '"plotly.js-style-"' in source and '".no-inline-styles"' in source
    head = Path("templates/components/chart_styles.html").read_text()
    assert 'id="plotly.js-style-global" class="no-inline-styles"' in head


def test_our_rules_are_those_that_plotly_would_write() -> None:
    """Of a new release with new rules this fails: put them into plot.css or into UNUSED."""
    source = bundle()
    start = source.index('"X,X div":')
    rules = re.findall(
        r'"((?:X|Y)[^"]*)":(?:"([^"]*)"|\'([^\']*)\')', source[start : start + 9_000]
    )
    ours = (STATIC / "plot.css").read_text()
    assert len(rules) > 40
    missing = []
    for selector, *_ in rules:
        if any(word in selector for word in UNUSED):
            continue
        last = selector.rsplit(",", 1)[-1].removeprefix("X").strip()
        if last.endswith("resize") or "grab" in last or last in ("svg a", "svg a:hover", "a:hover"):
            continue
        if last.split(":")[0] not in ours:
            missing.append(selector)
    assert missing == []
    assert ".main-svg { position: absolute; top: 0; left: 0; pointer-events: none; }" in ours


def test_the_styles_of_maps_are_kept_out_by_the_id_that_the_bundle_looks_for() -> None:
    script = (STATIC / "charts.js").read_text()
    found = re.search(r'MAPS = "([0-9a-f]{64})"', script)
    assert found and f'getElementById("{found[1]}")' in bundle()


def test_the_packed_twin_is_the_same_script(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", interactive=False, verbosity=0)
    packed = tmp_path / "plotly" / f"{NAME}.gz"
    assert gzip.decompress(packed.read_bytes()) == (FOLDER / NAME).read_bytes()
    assert not (tmp_path / "sightglass" / "charts.js.gz").exists(), "too small to be worth it"
    before = packed.stat().st_mtime_ns
    call_command("collectstatic", interactive=False, verbosity=0)
    assert packed.stat().st_mtime_ns == before, "packed once"


@pytest.mark.parametrize("name", ["charts.js", "plot.css", "dashboards.css"])
def test_nothing_is_asked_of_others(name: str) -> None:
    assert "http" not in (STATIC / name).read_text().replace("http.server", "")
