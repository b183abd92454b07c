"""Which files a job can read: regular ones below the root, by no link."""

import asyncio
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.collector.sites import Sites
from services.collector.sources.base import SourceError
from services.collector.sources.opening import check_config
from services.collector.sources.rooted import open_below
from services.collector.tests.sources.collecting_all import batches_of, values_of
from services.collector.tests.sources.files import Root
from services.collector.triggers import FileConfig

_PRIVATE = "id\nprivate\n"
_PUBLIC = "id\npublic\n"


@pytest.mark.parametrize(
    "path",
    [
        "../private.csv",
        "a/../../private.csv",
        "/etc/passwd.csv",
        "..",
        ".",
        "./a.csv",
        "a//b.csv",
        "a/",
        "",
        "a\0.csv",
        "a\n.csv",
        "x" * 1_001,
    ],
)
def test_a_path_out_of_the_root_is_no_path(path: str) -> None:
    with pytest.raises(ValidationError):
        FileConfig(root="exports", path=path)


@pytest.mark.parametrize("path", ["..\\private.csv", "%2e%2e/private.csv", "~/private.csv", "..a"])
async def test_what_other_systems_take_for_a_way_out_is_a_name(root: Root, path: str) -> None:
    (root.path.parent / "private.csv").write_text(_PRIVATE)

    assert "source-unavailable" == (await root.error(path, format="csv")).kind


async def test_a_file_in_a_folder_is_read(root: Root) -> None:
    root.write("2026/11/sales.csv", _PUBLIC)

    assert [{"id": "public"}] == values_of(await batches_of(root.source("2026/11/sales.csv")))


@pytest.mark.parametrize("inside", [False, True])
async def test_a_link_is_not_followed_wherever_it_leads(root: Root, inside: bool) -> None:
    target = root.write("a.csv", _PUBLIC) if inside else root.path.parent / "private.csv"
    target.write_text(_PRIVATE)
    (root.path / "link.csv").symlink_to(target)

    error = await root.error("link.csv")

    assert ("not-a-file", True) == (error.kind, error.permanent)


@pytest.mark.parametrize("inside", [False, True])
async def test_a_linked_folder_is_not_entered_wherever_it_is(root: Root, inside: bool) -> None:
    folder = root.path / "folder" if inside else root.path.parent / "private"
    folder.mkdir()
    (folder / "a.csv").write_text(_PRIVATE)
    (root.path / "link").symlink_to(folder)

    error = await root.error("link/a.csv")

    assert ("not-a-file", True) == (error.kind, error.permanent)


async def test_the_root_itself_may_be_a_link_of_the_operator(root: Root) -> None:
    root.write("a.csv", _PUBLIC)
    link = root.path.parent / "link"
    link.symlink_to(root.path)

    assert values_of(await batches_of(Root(link).source("a.csv")))


async def test_a_fifo_is_refused_without_waiting_for_a_writer(root: Root) -> None:
    os.mkfifo(root.path / "a.csv")

    async with asyncio.timeout(5):
        error = await root.error("a.csv")

    assert "this is no regular file" == error.detail


async def test_folders_and_sockets_are_no_files(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root.path / "folder.csv").mkdir()
    # The address of a socket has at most 107 characters, and folders of tests are deep.
    monkeypatch.chdir(root.path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.csv")

        for name in ("folder.csv", "socket.csv"):
            assert "not-a-file" == (await root.error(name)).kind


async def test_a_missing_file_may_still_come(root: Root) -> None:
    for path in ("a.csv", "folder/a.csv"):
        error = await root.error(path)
        assert ("source-unavailable", False) == (error.kind, error.permanent)
        assert str(root.path) not in error.detail


def _swap(path: Path, link: Path, until: threading.Event) -> None:
    """Let a path be now what it was and now a link, as fast as can be."""
    aside = path.with_name("aside")
    while not until.is_set():
        path.rename(aside)
        link.rename(path)
        path.rename(link)
        aside.rename(path)


@pytest.mark.parametrize("part", ["folder", "folder/sales.csv"])
def test_what_is_swapped_for_a_link_during_the_open_never_leads_out(root: Root, part: str) -> None:
    root.write("folder/sales.csv", _PUBLIC)
    private = root.path.parent / "private"
    private.mkdir()
    (private / "sales.csv").write_text(_PRIVATE)
    link = (root.path / part).with_name("link")
    link.symlink_to(private if part == "folder" else private / "sales.csv")
    end = threading.Event()
    swapping = threading.Thread(target=_swap, args=(root.path / part, link, end))
    swapping.start()
    read, refused = 0, 0
    try:
        begun = time.monotonic()
        # On a busy machine it takes longer until both were seen.
        while (past := time.monotonic() - begun) < 1.5 or (past < 30 and not (read and refused)):
            try:
                with open_below(root.path, "folder/sales.csv") as file:
                    assert _PUBLIC.encode() == file.read()
                read += 1
            except SourceError:
                refused += 1
    finally:
        end.set()
        swapping.join()

    assert read
    assert refused


def test_no_descriptor_stays_open_of_what_is_refused(root: Root) -> None:
    root.write("folder/sales.csv", _PUBLIC)
    (root.path / "folder/link.csv").symlink_to("sales.csv")
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for name in ("link.csv", "missing.csv"):
        with pytest.raises(SourceError):
            open_below(root.path, f"folder/{name}")

    assert before == set(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"root": "other", "path": "a.csv"}, "unknown-root"),
        ({"root": "exports", "path": "a.xlsx"}, "unknown-format"),
        ({"root": "exports", "path": "a"}, "unknown-format"),
        ({"root": "exports", "path": "a.gz"}, "unknown-format"),
        ({"root": "exports", "path": "a.parquet.gz"}, "unknown-format"),
    ],
)
def test_what_the_site_does_not_have_is_refused_at_once(
    root: Root, config: dict[str, str], kind: str
) -> None:
    with pytest.raises(SourceError) as caught:
        check_config(FileConfig.model_validate(config), Sites(files={"exports": root.path}))

    assert (kind, True) == (caught.value.kind, caught.value.permanent)
