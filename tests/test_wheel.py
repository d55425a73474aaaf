"""The wheel, built and installed into an empty environment, away from the working copy."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import monitor
from monitor.config import load
from tests.commands import Account

ROOT = Path(__file__).parent.parent
DATA = ("feeds.yaml", "py.typed", "demo/listings.csv", "demo/waypoints.csv", "demo/stories.yaml")


def call(*words: str | Path, **options: object) -> str:
    done = subprocess.run(
        list(map(str, words)),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed: str = done.stdout
    return printed


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with the wheel in it, and with the dependencies of this one in reach but not its packages'
    .pth files, one of which leads to the working copy.
    """
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--isolated", "--disable-pip-version-check")
    call(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel)
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    outer = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "dependencies.pth").write_text("\n".join(sorted(outer)) + "\n", encoding="utf-8")
    return folder


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        settings = archive.read("monitor/feeds.yaml")
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "monitor").rglob("*.py")}
    assert {name for name in held if name.endswith(".py")} == modules
    assert {f"monitor/{name}" for name in DATA} <= held
    assert settings == (ROOT / "feeds.yaml").read_bytes()
    others = {name.split("/")[0] for name in held} - {"monitor"}
    assert others == {f"monitor-{monitor.__version__}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_what_is_installed_runs_anywhere_with_its_own_settings(environment: Path, tmp_path: Path) -> None:
    account = Account(tmp_path / "home")
    command = environment / "bin" / "monitor"
    surroundings = {"cwd": account.home, "env": account.environment()}
    assert call(command, "--version", **surroundings) == f"monitor, version {monitor.__version__}\n"
    checked = call(command, "check", **surroundings)
    inside = Path(checked.partition(": good: ")[0])
    assert inside.name == "feeds.yaml"
    assert inside.parent.name == "monitor"
    assert inside.is_relative_to(environment)
    listed = call(command, "feeds", **surroundings).splitlines()
    assert len(listed) == len(load(ROOT / "feeds.yaml").feeds)


def test_the_installed_demo_finds_its_data(environment: Path, tmp_path: Path) -> None:
    account = Account(tmp_path / "home")
    code = "import monitor.demo.script as demo; print(len(demo.Script(27).symbols), demo.__file__)"
    symbols, file = call(
        environment / "bin" / "python", "-P", "-c", code, cwd=account.home, env=account.environment()
    ).split()
    assert int(symbols) > 40
    assert Path(file).is_relative_to(environment)
