"""What all tests of drift take for granted."""

from __future__ import annotations

import pytest

from traces.services import resting


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The spans of a test came long ago."""
    monkeypatch.setattr(resting, "is_busy", lambda: False)
