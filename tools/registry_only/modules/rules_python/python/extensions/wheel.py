"""Choose and unpack one distribution, for the pip extension.

Usage:
    wheel.py choose PAGE_URL NAME==VERSION CPU SHA256...
    wheel.py unpack FILE NAME==VERSION CPU EXTRA,...

`choose` prints the address and hash of the best wheel among those that the lock names, or of the
source distribution where there is none; `unpack` lays it out as rules_python does and prints the
names that it depends on. Both print JSON.
"""

import compileall
import json
import py_compile
import sys
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import Request, urlopen

import sdist
from packaging.metadata import Metadata
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

PYTHON = (3, 13)
# Debian 13, which the images are made of, has glibc 2.41.
NEWEST_GLIBC_MINOR = 41
OLDEST_GLIBC_MINOR = 5
LEGACY_PLATFORMS = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}

# Where the parts of `*.data` go (the binary distribution format's "installed paths").
DATA_FOLDERS = {
    "data": "data",
    "headers": "include",
    "platlib": "site-packages",
    "purelib": "site-packages",
    "scripts": "bin",
}


class _Links(HTMLParser):
    """Collects the links of a page of the simple repository API (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def fetch(page_url: str) -> str:
    """Return a page of the index. Its hashes are not trusted: the lock's are."""
    request = Request(page_url, headers={"Accept": "text/html"})  # noqa: S310
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.read().decode("utf-8")
    except OSError as error:
        sys.exit(f"{page_url}: {error}")


def choose(page: str, page_url: str, cpu: str, locked: set[str]) -> dict[str, str] | None:
    """Return url and sha256 of the best file for `cpu` whose hash is in `locked`, if any.

    That is a wheel; where no wheel fits, the source distribution.
    """
    links = _Links()
    links.feed(page)
    rank = {tag: number for number, tag in enumerate(supported_tags(cpu))}
    best: tuple[int, dict[str, str]] | None = None
    for link in links.found:
        url, fragment = urldefrag(urljoin(page_url, link))
        sha256 = fragment.removeprefix("sha256=")
        if sha256 not in locked:
            continue
        name = unquote(PurePosixPath(urlsplit(url).path).name)
        if sdist.is_sdist(name):
            ranks = [len(rank)]
        else:
            try:
                tags = parse_wheel_filename(name)[3]
            except InvalidWheelFilename:
                continue  # a form of old
            ranks = [rank[tag] for tag in tags if tag in rank]
        if ranks and (best is None or min(ranks) < best[0]):
            best = (min(ranks), {"url": url, "sha256": sha256})
    return best[1] if best else None


def supported_tags(cpu: str) -> list[Tag]:
    """Return the wheel tags that CPython 3.13 on Linux takes, the best first."""
    platforms = []
    for minor in range(NEWEST_GLIBC_MINOR, OLDEST_GLIBC_MINOR - 1, -1):
        platforms.append(f"manylinux_2_{minor}_{cpu}")
        if minor in LEGACY_PLATFORMS:
            platforms.append(f"{LEGACY_PLATFORMS[minor]}_{cpu}")
    platforms.append(f"linux_{cpu}")
    return [
        *cpython_tags(PYTHON, abis=["cp313"], platforms=platforms),
        *compatible_tags(PYTHON, interpreter="cp313", platforms=platforms),
    ]


def unpack(wheel: Path, target: Path) -> None:
    """Unpack a wheel below `target`.

    Raises:
        ValueError: an entry would land outside of `target`.
    """
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            destination = target / _destination(PurePosixPath(entry.filename))
            if not destination.resolve().is_relative_to(target.resolve()):
                raise ValueError(f"{wheel}: {entry.filename} leaves the folder")
            destination.parent.mkdir(parents=True, exist_ok=True)
            destination.write_bytes(archive.read(entry))
            is_executable = destination.parts[-2] == "bin" or (entry.external_attr >> 16) & 0o100
            destination.chmod(0o755 if is_executable else 0o644)


def _destination(entry: PurePosixPath) -> PurePosixPath:
    top, *rest = entry.parts
    if top.endswith(".data") and len(rest) > 1:
        return PurePosixPath(DATA_FOLDERS[rest[0]], *rest[1:])
    return PurePosixPath("site-packages", entry)


def precompile(folder: Path) -> None:
    """Compile a folder's modules, so that not every test compiles them again for itself.

    A program that imports a web framework starts in half the time. Sources do not change here, so
    the bytecode need not look at them (PEP 552).
    """
    compileall.compile_dir(
        folder,
        quiet=2,
        # No path of this machine in the bytecode.
        stripdir=str(Path.cwd()),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def dependencies(metadata: bytes, cpu: str, extras: list[str]) -> Iterator[str]:
    """Yield the packages that a wheel with `extras` needs on Linux, named as the hub names them."""
    environment = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": cpu,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": "3.13.0",
        "python_version": "3.13",
        "sys_platform": "linux",
    }
    parsed = Metadata.from_email(metadata, validate=False)
    for requirement in parsed.requires_dist or ():
        marker = requirement.marker
        wanted = marker is None or any(
            marker.evaluate({**environment, "extra": extra}) for extra in ["", *extras]
        )
        if wanted and canonicalize_name(requirement.name) != canonicalize_name(parsed.name):
            yield canonicalize_name(requirement.name).replace("-", "_")


def main(command: str, *arguments: str) -> None:
    if command == "choose":
        page_url, requirement, cpu, *locked = arguments
        wheel = choose(fetch(page_url), page_url, cpu, set(locked))
        if wheel is None:
            sys.exit(f"{requirement}: {page_url} has no wheel for Linux {cpu} that the lock names")
        print(json.dumps(wheel))
    else:
        archive, requirement, cpu, extras = arguments
        if zipfile.is_zipfile(archive):
            unpack(Path(archive), Path())
        else:
            name, _, version = requirement.partition("==")
            try:
                sdist.unpack(Path(archive).read_bytes(), name, version, Path("site-packages"))
            except sdist.SdistError as error:
                sys.exit(f"{requirement} {error}")
        precompile(Path("site-packages"))
        metadata = next(Path("site-packages").glob("*.dist-info/METADATA")).read_bytes()
        print(json.dumps(sorted(set(dependencies(metadata, cpu, extras.split(","))))))


if __name__ == "__main__":
    main(*sys.argv[1:])
