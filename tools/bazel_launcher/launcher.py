"""Start Bazel one of two ways: from the registries that Bazel knows, or registry-only.

`GRANARY_BAZEL=registry|registry-only` chooses. Unset, the registry way is taken when the Bazel
Central Registry answers; the answer is remembered for half a day in the cache folder.
Runs on any Python from 3.9 with nothing installed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent
# -I leaves the script's own folder off the path.
sys.path.insert(0, str(TOOLS))

from bazel_launcher import registry  # noqa: E402
from bazel_launcher.errors import EXIT_LOCAL_ENVIRONMENT, LauncherError  # noqa: E402

WAYS = ("registry", "registry-only")


def cache_folder() -> Path:
    """Return the folder of everything that Granary keeps between calls for this user."""
    chosen = os.environ.get("GRANARY_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "granary"


def chosen_way(cache: Path) -> str:
    """Return which of `WAYS` to take, probing the network at most once in half a day.

    Raises:
        LauncherError: `GRANARY_BAZEL` holds something else.
    """
    forced = os.environ.get("GRANARY_BAZEL", "")
    if forced in WAYS:
        return forced
    if forced:
        raise LauncherError(f"GRANARY_BAZEL is {forced!r}; it takes one of: {', '.join(WAYS)}")
    if not (TOOLS / "registry_only").is_dir():
        return "registry"
    return "registry" if registry.answers(cache) else "registry-only"


def main(arguments: list[str]) -> None:
    """Replace this process by Bazel; return only by raising."""
    cache = cache_folder()
    if chosen_way(cache) == "registry":
        version = (TOOLS.parent / ".bazelversion").read_text(encoding="utf-8").strip()
        registry.execute(arguments, version, cache)
    try:
        from registry_only import start
    except ModuleNotFoundError:
        raise LauncherError("tools/registry_only is gone; GRANARY_BAZEL=registry is left") from None
    start.execute(arguments, TOOLS.parent, cache)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LauncherError as error:
        print(f"tools/bazel: {error}", file=sys.stderr)
        sys.exit(EXIT_LOCAL_ENVIRONMENT)
    except KeyboardInterrupt:
        print("tools/bazel: interrupted", file=sys.stderr)
        sys.exit(130)
