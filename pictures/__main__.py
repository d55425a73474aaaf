"""Replay the morning of 27 January 2025, stop it, and take a picture of each screen into docs/pictures."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

os.environ.update(LC_ALL="C.UTF-8", TEXTUAL_ANIMATIONS="none")

from monitor import lock, mailbox
from monitor.config import files, load
from monitor.demo.settings import demo_settings
from monitor.store.personal import Personal
from monitor.store.reader import Reader
from monitor.store.writer import Writer
from monitor.tui import app
from monitor.tui.app import MonitorApp
from pictures.svg import portable

TO = Path(__file__).parent.parent / "docs" / "pictures"
UNTIL = 183  # minutes of the replayed day, which begins at 07:00 in New York
SPEED = 60
READY = 2  # seconds before the first minute of it
STANDS_STILL = 1e-9
QUIET = 1.0  # seconds without a change, after which a screen is complete


@dataclass(frozen=True)
class Shot:
    """A picture: the keys that lead to what it shows."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 40)


SHOTS = (
    Shot("overview"),
    Shot("overview-80x24", size=(80, 24)),
    Shot("ticker", ("1", "j", "j", "enter")),
    Shot("headline", ("slash", *"opening bell", "enter", "j", "enter")),
    Shot("baseline", ("4", "4")),
)


class StandingApp(MonitorApp):
    """Seen from Seoul, whoever makes the pictures."""

    CSS_PATH = str(Path(app.__file__).with_name("monitor.tcss"))
    zone = ZoneInfo("Asia/Seoul")


def main() -> None:
    """`python -m pictures [DATABASE]`: of a replay that was made before, if it is given."""
    TO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(sys.argv[1]) if sys.argv[1:] else replayed(Path(folder) / "day.db")
        with lock.collecting(database):
            stand_still(database)
            for shot in SHOTS:
                picture = portable(asyncio.run(taken(database, shot, Path(folder) / f"{shot.name}.db")))
                (TO / f"{shot.name}.svg").write_text(picture, encoding="utf-8")
                print(f"{shot.name}.svg  {len(picture) // 1024} KiB")


def replayed(database: Path) -> Path:
    seconds = UNTIL * 60 / SPEED + READY
    print(f"the morning of 27 January 2025, replayed in {seconds / 60:.1f} minutes ...")
    words = ["demo", "--headless", "--speed", str(SPEED), "--seconds", str(seconds), "--db", str(database)]
    log = database.with_name("day.log")
    subprocess.run([sys.executable, "-m", "monitor", *words, "--log", str(log)], stdout=subprocess.DEVNULL, check=True)
    return database


def stand_still(database: Path) -> None:
    """The clock of whoever looks at it from now on is at the last thing that happened."""
    with closing(Reader.open(database)) as reader:
        info = reader.collector()
        asked = [reader.quote_source().last_checked_at, *(stored.state.last_checked_at for stored in reader.feeds())]
    assert info is not None
    now = max(at for at in (info.heartbeat_at, *asked) if at is not None)
    with Writer.open(database) as writer:
        writer.heartbeat(
            replace(
                info,
                pid=os.getpid(),
                heartbeat_at=now,
                replay_starts_at=now,
                replay_wall_start=time.time(),
                replay_speed=STANDS_STILL,
            )
        )


async def taken(database: Path, shot: Shot, state: Path) -> str:
    """The SVG of it, as Textual makes it."""
    settings = demo_settings("", "", base=load(files.packaged()), speed=SPEED)
    shown = StandingApp(database, personal=Personal(state), read_settings=lambda _: settings)
    async with shown.run_test(size=shot.size) as pilot:
        await quiet(shown)
        for key in shot.keys:
            await pilot.press(key)
            await quiet(shown)
        return shown.export_screenshot(title="monitor", simplify=True)


async def quiet(shown: MonitorApp) -> None:
    """Until nothing changes any more. What it asks of the collector is taken away, as by one that has nothing."""
    before = ""
    while before != (before := shown.export_screenshot()):
        for letter in mailbox.take(shown.follower.path):
            letter.done()
        await asyncio.sleep(QUIET)


if __name__ == "__main__":
    main()
