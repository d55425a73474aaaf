"""Where the settings file is, and its text."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from monitor.errors import ConfigError, Mistake

FILE = "feeds.yaml"
MIB = 1024 * 1024
LARGEST = MIB  # bytes: five thousand feeds fit


def locate(path: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Path:
    """`path`, else $MONITOR_CONFIG, else the user's own file where there is one, else the packaged one."""
    if path is not None:
        return path
    if named := environ.get("MONITOR_CONFIG"):
        return Path(os.path.expanduser(named))  # noqa: PTH111 # the Path method raises for an unknown ~user
    own = user_file()
    try:
        own.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return packaged()
    except OSError:  # there, perhaps, and out of reach: reading it will say so, where silence would use other settings
        return own
    return own


def user_file() -> Path:
    """feeds.yaml in the platform's configuration folder, whether it exists or not."""
    import platformdirs  # costs about 5 ms

    return platformdirs.user_config_path("monitor", appauthor=False) / FILE


def packaged() -> Path:
    """The file that comes with the program: inside the package when installed, beside it in a working copy."""
    package = Path(__file__).parent.parent
    inside = package / FILE
    return inside if inside.is_file() else package.parent / FILE


def read_text(path: Path) -> str:
    """Raises ConfigError when there is no such file, when it cannot be read, or when it is not text in UTF-8."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _unusable(path, "it is a folder, not a file")
        if not stat.S_ISREG(mode):
            raise _unusable(path, "it is not a regular file")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _unusable(path, "there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _unusable(path, f"it cannot be read: {reason}") from None
    if len(data) > LARGEST:
        raise _unusable(path, f"it is larger than {LARGEST // MIB} MiB, too large for settings")
    return decoded(data, path)


def decoded(data: bytes, path: Path) -> str:
    """What `path` holds as text. Raises ConfigError, naming it, when that is no text in UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unusable(path, "it is UTF-16; save it as UTF-8")
    if (nul := data.find(b"\0")) >= 0:
        raise _unusable(path, "it is a binary file, not text", data.count(b"\n", 0, nul) + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unusable(path, f"it is not UTF-8 (byte 0x{data[error.start]:02X}); save it as UTF-8", line) from None


def _unusable(path: Path, why: str, line: int | None = None) -> ConfigError:
    from monitor.config.document import printable

    return ConfigError([Mistake(printable(str(path)), line, "", why)])
