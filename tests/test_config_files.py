"""Which settings file is read, and what is said of one that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.config import load, locate, read_text, user_file
from monitor.errors import ConfigError

OWN = "feeds: [{url: https://a.example/, name: Mine}]\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def written(path: Path, content: str | bytes = OWN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def said(path: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert len(raised.value.mistakes) == 1
    assert str(raised.value).startswith(str(path))
    return str(raised.value)


def test_the_named_file_comes_before_the_environments_and_that_before_the_users(home: Path) -> None:
    assert locate(environ={}).name == "feeds.yaml"
    packaged = locate(environ={})
    assert packaged.is_file()
    own = written(user_file())
    assert home in own.parents
    assert locate(environ={}) == own
    assert locate(environ={"MONITOR_CONFIG": ""}) == own
    assert locate(environ={"MONITOR_CONFIG": "~/other.yaml"}) == home / "other.yaml"
    assert locate(Path("given.yaml"), environ={"MONITOR_CONFIG": "~/other.yaml"}) == Path("given.yaml")


def test_the_settings_know_the_file_they_are_from(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.yaml")
    read = load(path)
    assert read.file == str(path)
    assert [feed.name for feed in read.feeds] == ["Mine"]
    assert load(environ={"MONITOR_CONFIG": str(path)}) == read


def test_a_broken_link_in_the_configuration_folder_is_said_and_not_passed_over(home: Path) -> None:
    user_file().parent.mkdir(parents=True)
    user_file().symlink_to(home / "gone.yaml")
    with pytest.raises(ConfigError, match="there is no such file"):
        load(environ={})


def test_a_file_that_is_missing_a_folder_or_a_pipe_is_said(tmp_path: Path) -> None:
    assert "there is no such file" in said(tmp_path / "missing.yaml")
    assert "it is a folder" in said(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "it is not a regular file" in said(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "it cannot be read" in said(tmp_path / "loop")
    assert "it cannot be read" in said(written(tmp_path / "file") / "under" / "a-file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "secret.yaml")
    path.chmod(0)
    assert "it cannot be read: Permission denied" in said(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("feeds: []\nname: 삼성전자".encode("euc-kr"), ":2: it is not UTF-8 (byte 0xBB)"),
        (OWN.encode("utf-16"), "it is UTF-16"),
        (b"SQLite format 3\0\x10\0", ":1: it is a binary file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "it is a binary file"),
    ],
)
def test_a_file_that_is_not_text_in_utf_8_is_said(tmp_path: Path, content: bytes, why: str) -> None:
    assert why in said(written(tmp_path / "odd.yaml", content))


def test_a_file_of_100_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    assert "larger than 1 MiB" in said(path)


def test_a_byte_order_mark_is_taken_off(tmp_path: Path) -> None:
    assert read_text(written(tmp_path / "bom.yaml", b"\xef\xbb\xbf" + OWN.encode())) == OWN


def test_a_name_that_could_forge_a_line_is_made_visible(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "a\nfeeds.yaml:1: all is well")
    assert "\n" not in str(raised.value)
