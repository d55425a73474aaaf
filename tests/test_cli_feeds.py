"""`monitor feeds`, `monitor check`, and the command line as a whole."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

import monitor
from monitor.cli import COMMANDS
from monitor.config.files import packaged
from tests.commands import SETTINGS, Account
from tests.store_samples import as_root

OPML = """<?xml version="1.0"?>
<opml version="2.0"><body>
  <outline text="Chips"><outline text="Wafer Weekly" xmlUrl="https://wafer.example/rss" language="ko"/></outline>
  <outline text="Known" xmlUrl="https://news.example/rss"/>
  <outline text="Elsewhere" xmlUrl="ftp://files.example/rss"/>
</body></opml>
"""


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path / "home")


@pytest.fixture
def opml(account: Account) -> Path:
    path = account.home / "mine.opml"
    path.write_text(OPML, encoding="utf-8")
    return path


def test_feeds_are_listed_in_columns_whatever_their_script(account: Account) -> None:
    account.configure(SETTINGS.replace("language: ko}", "language: ko, enabled: false}"))
    assert account.run("feeds").lines == [
        "Example News  en     https://news.example/rss",
        "한국 뉴스     ko     https://korea.example/rss  (off)",
    ]


def test_an_import_adds_what_is_new_and_says_what_it_left_out(account: Account, opml: Path) -> None:
    settings = account.configure(f"# mine\n{SETTINGS}")
    settings.chmod(0o640)
    answer = account.run("feeds", "import", opml)
    assert answer.status == 0
    assert answer.lines == [
        "added: Wafer Weekly  https://wafer.example/rss",
        f"1 feed added to {settings}",
    ]
    assert "Known: 'Example News' has this address already" in answer.err
    assert "mine.opml:5: Elsewhere: expected" in answer.err
    assert "Wafer Weekly  ko     https://wafer.example/rss" in account.run("feeds").out
    assert settings.read_text(encoding="utf-8").startswith("# mine\n")
    assert stat.S_IMODE(settings.stat().st_mode) == 0o640
    assert [path.name for path in settings.parent.iterdir()] == ["feeds.yaml"]
    assert account.run("feeds", "import", opml).lines == ["nothing to add"]


def test_a_dry_run_writes_nothing(account: Account, opml: Path) -> None:
    settings = account.configure()
    assert account.run("feeds", "import", "--dry-run", opml).lines == [
        "would add: Wafer Weekly  https://wafer.example/rss",
        f"1 feed would be added to {settings}",
    ]
    assert settings.read_text(encoding="utf-8") == SETTINGS


def test_without_settings_of_one_s_own_they_are_made_from_the_packaged_ones(account: Account, opml: Path) -> None:
    before = packaged().read_bytes()
    answer = account.feed(opml.read_bytes(), "feeds", "import", "-")
    assert answer.status == 0
    assert packaged().read_bytes() == before
    assert account.settings.read_text(encoding="utf-8").startswith(before.decode()[:100])
    assert stat.S_IMODE(account.settings.stat().st_mode) == 0o600
    assert stat.S_IMODE(account.settings.parent.stat().st_mode) == 0o700
    assert "Wafer Weekly" in account.run("feeds").out


def test_a_link_is_followed_and_stays_a_link(account: Account, opml: Path) -> None:
    real = account.home / "dotfiles" / "feeds.yaml"
    real.parent.mkdir()
    real.write_text(SETTINGS, encoding="utf-8")
    account.settings.parent.mkdir(parents=True)
    account.settings.symlink_to(real)
    assert account.run("feeds", "import", opml).status == 0
    assert account.settings.is_symlink()
    assert "Wafer Weekly" in real.read_text(encoding="utf-8")


@pytest.mark.parametrize("before", [True, False])
def test_the_settings_file_may_be_named_before_and_after_the_subcommand(
    account: Account, opml: Path, before: bool
) -> None:
    mine = account.home / "mine.yaml"
    mine.write_text(SETTINGS, encoding="utf-8")
    words = ("feeds", "-c", mine, "import", opml) if before else ("feeds", "import", opml, "--config", mine)
    assert account.run(*words).status == 0
    assert "Wafer Weekly" in mine.read_text(encoding="utf-8")


def test_an_export_comes_back_as_the_same_feeds(account: Account) -> None:
    account.configure()
    exported = account.run("feeds", "export")
    assert exported.out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    file = account.home / "out.opml"
    assert account.run("feeds", "export", file).out == ""
    assert file.read_text(encoding="utf-8") == exported.out
    assert account.run_bytes("feeds", "export", PYTHONIOENCODING="euc-kr").stdout.decode() == exported.out
    other = account.home / "other.yaml"
    other.write_text("feeds: []\n", encoding="utf-8")
    assert account.run("feeds", "import", file, "-c", other).lines[-1] == f"2 feeds added to {other}"
    assert account.run("feeds", "-c", other).out == account.run("feeds").out


def test_settings_that_cannot_be_used_leave_the_exported_file_alone(account: Account) -> None:
    account.configure("feeds: 3\n")
    file = account.home / "out.opml"
    file.write_text("as it was", encoding="utf-8")
    assert account.run("feeds", "export", file).status == 2
    assert file.read_text(encoding="utf-8") == "as it was"


@as_root
def test_what_cannot_be_written_stays_as_it_was_and_is_one_sentence() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        account = Account(Path(folder) / "home")
        settings = account.configure()
        for place in (settings.parent.parent, settings.parent):
            place.chmod(0o755)
        opml = account.home / "mine.opml"
        opml.write_text(OPML, encoding="utf-8")
        imported = account.run_as_a_stranger("feeds", "import", opml)
        assert imported.status == 1
        assert imported.err.splitlines()[-1] == f"{settings}: cannot be written, nothing was changed: Permission denied"
        exported = account.run_as_a_stranger("feeds", "export", account.home / "out.opml")
        assert exported.status == 1
        assert exported.err == f"{account.home / 'out.opml'}: cannot be written: Permission denied\n"
        assert settings.read_text(encoding="utf-8") == SETTINGS
        assert [path.name for path in settings.parent.iterdir()] == ["feeds.yaml"]


@pytest.mark.parametrize("data", [b"<html></html>", b"\xff" * 100])
def test_what_is_no_opml_is_refused(account: Account, data: bytes) -> None:
    settings = account.configure()
    answer = account.feed(data, "feeds", "import", "-")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert settings.read_text(encoding="utf-8") == SETTINGS


def test_check_counts_what_the_settings_hold(account: Account) -> None:
    path = account.configure()
    assert account.run("check").lines == [
        f"{path}: good: 2 of 2 feeds enabled, 4 tickers in 2 groups, 1 topics, 1 rules"
    ]


def test_check_says_every_mistake_with_its_place_and_ends_with_2(account: Account) -> None:
    path = account.configure(SETTINGS.replace("https://news", "gopher://news").replace("severity", "severtiy"))
    answer = account.run("check")
    assert (answer.status, answer.out) == (2, "")
    places = [line.split(": ")[0] for line in answer.err.splitlines()]
    assert set(places) == {f"{path}:4", f"{path}:14"}
    assert account.run("check", "-c", account.home / "none.yaml").err.endswith("none.yaml: there is no such file\n")


def test_the_version_the_help_and_wrong_usage(account: Account) -> None:
    assert account.run("-V").out == f"monitor, version {monitor.__version__}\n"
    helped = account.run("-h")
    assert helped.status == 0
    for name in COMMANDS:
        assert f"\n  {name} " in helped.out
    assert account.run("colect").status == 2


def test_headless_as_the_first_word_is_collect(account: Account) -> None:
    assert account.run("--headless", "--help").out == account.run("collect", "--help").out
    answer = account.run("--headless", "--config", account.home / "none.yaml")
    assert answer.status == 2
    assert answer.err.endswith("none.yaml: there is no such file\n")
