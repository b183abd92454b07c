"""Merges Debian packages into one image layer: a tar that depends on its inputs' bytes only.

Entries are sorted, owned by root and dated 1970; maintainer scripts never run. What a maintainer
script would have done and an image needs is an explicit option: the bundle of certificates, links,
accounts. The packages' dpkg status is kept in /var/lib/dpkg/status.d, where vulnerability scanners
look in images without a package manager.

Exit codes: 0 written, 1 failed (one line on stderr says why).
"""

import argparse
import io
import sys
import tarfile
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from tools.build.debian.control import parse_fields
from tools.build.debian.deb import Deb, DebError, Entry

# Of no use to a running program; the licence texts (doc/*/copyright) stay.
_DOCUMENTATION = (
    "usr/share/bug",
    "usr/share/doc-base",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
)
_MERGED = ("bin", "lib", "lib64", "sbin")
_CERTIFICATES = "usr/share/ca-certificates"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_STATUS = "var/lib/dpkg/status.d"
_OTHERS_WRITE = 0o002


class LayerError(Exception):
    """The layer cannot be made; the message is the one line that the user sees."""


class Layer:
    """The entries of a layer by path."""

    def __init__(self, drop: Iterable[str]) -> None:
        self._drop = [*_DOCUMENTATION, *drop]
        self._entries: dict[str, Entry] = {}
        self._origins: dict[str, str] = {}

    def add(self, entry: Entry, origin: str) -> None:
        """Add an entry; folders may come more than once.

        Raises:
            LayerError: Two origins have the same path.
        """
        present = self._entries.get(entry.path)
        if present is not None and not present.kind == entry.kind == tarfile.DIRTYPE:
            raise LayerError(f"/{entry.path} comes from {self._origins[entry.path]} and {origin}")
        if present is None:
            self._entries[entry.path] = entry
            self._origins[entry.path] = origin

    def add_package(self, deb: Deb) -> None:
        """Add a package's content, without what is dropped, and its dpkg status."""
        control = deb.control()
        name = parse_fields(control["control"])["Package"]
        kept = set()
        for entry in deb.entries():
            merged = _merge_usr(entry)
            # Folders come back as the parents of what is kept, so that none is left empty.
            if merged.kind == tarfile.DIRTYPE or self._dropped(merged.path):
                continue
            self.add(merged, name)
            kept.add(entry.path)
        sums = [
            line
            for line in control.get("md5sums", "").splitlines(keepends=True)
            if line.split(maxsplit=1)[1].strip() in kept
        ]
        self.add(_text(f"{_STATUS}/{name}", control["control"]), name)
        self.add(_text(f"{_STATUS}/{name}.md5sums", "".join(sums)), name)

    def bundle_certificates(self) -> None:
        """Replace the certificates of ca-certificates by the one file that TLS libraries read."""
        paths = sorted(p for p in self._entries if p.startswith(_CERTIFICATES + "/"))
        if not paths:
            raise LayerError("no certificates to bundle: ca-certificates is not among the packages")
        blocks = [self._entries.pop(path).content.strip() + b"\n" for path in paths]
        self.add(Entry(_BUNDLE, 0o644, tarfile.REGTYPE, b"".join(blocks)), "the bundle")

    def write(self, output: Path) -> None:
        """Write the tar.

        Raises:
            LayerError: Something but /tmp could be written by any user.
        """
        for path in list(self._entries):
            for parent in list(PurePosixPath(path).parents)[:-1]:
                self.add(Entry(str(parent), 0o755, tarfile.DIRTYPE), "parent")
        with tarfile.open(output, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(self._entries):
                entry = self._entries[path]
                writable = entry.mode & _OTHERS_WRITE and entry.kind != tarfile.SYMTYPE
                if writable and path != "tmp":
                    raise LayerError(f"/{path} could be written by any user: drop it")
                info = tarfile.TarInfo(path)
                info.type, info.mode, info.linkname = entry.kind, entry.mode, entry.target
                info.size = len(entry.content)
                tar.addfile(info, io.BytesIO(entry.content))

    def _dropped(self, path: str) -> bool:
        if fnmatchcase(path, "usr/share/doc/*") and not path.endswith("/copyright"):
            return True
        parts = path.split("/")
        prefixes = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        return any(fnmatchcase(prefix, pattern) for pattern in self._drop for prefix in prefixes)


def _merge_usr(entry: Entry) -> Entry:
    # Debian's /bin, /lib, /lib64 and /sbin are links into /usr: a file there would hide the link.
    first = entry.path.split("/", maxsplit=1)[0]
    if first not in _MERGED or entry.path == first:
        return entry
    return Entry(f"usr/{entry.path}", entry.mode, entry.kind, entry.content, entry.target)


def _text(path: str, content: str) -> Entry:
    return Entry(path, 0o644, tarfile.REGTYPE, content.encode())


def _pair(text: str) -> tuple[str, str]:
    left, separator, right = text.partition("=")
    if not separator or left.startswith("/"):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not path=value with a path without leading /"
        )
    return left, right


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(fromfile_prefix_chars="@", description="Make an image layer.")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--deb", type=Path, action="append", default=[])
    parser.add_argument("--drop", action="append", default=[], help="shell pattern of a path")
    parser.add_argument("--file", type=_pair, action="append", default=[], help="path=source")
    parser.add_argument("--symlink", type=_pair, action="append", default=[], help="path=target")
    parser.add_argument("--directory", type=_pair, action="append", default=[], help="path=mode")
    parser.add_argument("--bundle-certificates", action="store_true")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Make the layer that the arguments describe."""
    arguments = _arguments(argv)
    layer = Layer(arguments.drop)
    try:
        for path in arguments.deb:
            layer.add_package(Deb(path))
        if arguments.bundle_certificates:
            layer.bundle_certificates()
        for path, source in arguments.file:
            layer.add(_text(path, Path(source).read_text()), "--file")
        for path, target in arguments.symlink:
            layer.add(Entry(path, 0o777, tarfile.SYMTYPE, target=target), "--symlink")
        for path, mode in arguments.directory:
            layer.add(Entry(path, int(mode, 8), tarfile.DIRTYPE), "--directory")
        layer.write(arguments.output)
    except (DebError, LayerError) as error:
        sys.stderr.write(f"layer: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
