"""The embedded Postgres' folders."""

import os
from pathlib import Path

import pytest

from sightglass import environment
from sightglass.operations import embedded_postgres
from sightglass.operations.embedded_postgres import PostgresError


def test_the_socket_lies_in_the_data_folder(tmp_path: Path) -> None:
    assert environment.socket_folder(Path("/srv/sightglass")) == Path("/srv/sightglass/postgres")


def test_a_long_home_has_its_socket_elsewhere() -> None:
    home = Path("/srv") / ("long" * 30)
    folder = environment.socket_folder(home)
    assert len(str(folder / ".s.PGSQL.5432.lock")) < environment.LONGEST_SOCKET_PATH
    assert folder != environment.socket_folder(home / "other")


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "socket"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(PostgresError, match="ours alone"):
        embedded_postgres.make_socket_folder(folder, tmp_path / "postgres")
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(PostgresError, match="ours alone"):
        embedded_postgres.make_socket_folder(link, tmp_path / "postgres")


def test_a_socket_folder_is_made_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "socket"
    embedded_postgres.make_socket_folder(folder, tmp_path / "postgres")
    embedded_postgres.make_socket_folder(folder, tmp_path / "postgres")
    assert folder.stat().st_mode & 0o777 == 0o700
    if os.geteuid() == 0:
        assert folder.owner() == embedded_postgres.SYSTEM_USER


def test_settings_never_trade_durability(tmp_path: Path) -> None:
    settings = embedded_postgres.server_settings(tmp_path)
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        assert settings[name] == "on"
    assert settings["listen_addresses"] == ""


def test_a_large_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "postgres.log"
    log.write_text("x" * 100)
    embedded_postgres.trim(log)
    assert log.exists()
    monkeypatch.setattr(embedded_postgres, "LOG_LIMIT", 10)
    embedded_postgres.trim(log)
    assert not log.exists()
    assert (tmp_path / "postgres.log.1").exists()
