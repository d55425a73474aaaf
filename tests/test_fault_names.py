"""Names that cannot be looked up, by a name server of our own that the system's resolver asks (Linux, as root)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Account
from tests.watching import rows

SECONDS = 2  # poll.timeout

# In a network and a file system of its own, where nothing but this name server can be reached: it answers each question
# with an error, or never, which the resolver would wait minutes for.
ALONE = """
import fcntl, socket, struct, subprocess, sys, threading
folder, code, *command = sys.argv[1:]
for name, text in (
    ("resolv.conf", "nameserver 127.0.0.1\\noptions timeout:30 attempts:5\\n"),
    ("nsswitch.conf", "hosts: files dns\\n"),
):
    with open(f"{folder}/{name}", "w") as file:
        file.write(text)
    subprocess.run(["mount", "--bind", f"{folder}/{name}", f"/etc/{name}"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
UP_AND_RUNNING, SIOCSIFFLAGS = 0x41, 0x8914
fcntl.ioctl(server, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))
server.bind(("127.0.0.1", 53))

def serve():
    while True:
        question, asker = server.recvfrom(512)
        if code != "none":
            answer = question[:2] + bytes([0x81, 0x80 | int(code)]) + question[4:6] + bytes(6) + question[12:]
            server.sendto(answer, asker)

threading.Thread(target=serve, daemon=True).start()
sys.exit(subprocess.run(command).returncode)
"""


def own_network() -> bool:
    """Whether this system lets us have one: root, and no container that forbids it."""
    if os.geteuid() != 0 or (unshare := shutil.which("unshare")) is None:
        return False
    return subprocess.run([unshare, "--mount", "--net", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not own_network(), reason="only root can try, and not in every container")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("3", "the name news.example cannot be looked up: Name or service not known"),
        ("2", "the name news.example cannot be looked up: Temporary failure in name resolution"),
        ("none", f"no whole answer from news.example within {SECONDS} s"),
    ],
    ids=["no such name", "a name server that fails", "a name server that is silent"],
)
def test_a_name_that_the_resolver_does_not_find_fails_its_feed_and_holds_up_no_end(
    tmp_path: Path, code: str, words: str
) -> None:
    account = Account(tmp_path / "home")
    settings = {"feeds": [{"name": "news", "url": "http://news.example/feed"}], "watchlist": [], "topics": []}
    account.configure(json.dumps(settings | {"rules": [], "poll": {"timeout": f"{SECONDS}s"}}))
    command = account.command(["collect", "--once", "--db", account.database])
    alone = ["unshare", "--mount", "--net", sys.executable, "-c", ALONE, str(tmp_path), code, *command]
    done = subprocess.run(
        alone, env=account.environment(), cwd=account.home, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert rows(account.database, "SELECT error FROM feeds") == [(words,)]
    assert f" news: {words}; next try" in done.stderr
