"""Locking follows dependencies, and says in one line what it cannot follow."""

import pytest

from tools.build.debian import update
from tools.build.debian.control import Stanza, alternatives, parse_stanzas
from tools.build.debian.update import UpdateError, Wanted, resolve

INDEX = """\
Package: app
Version: 1.0
Pre-Depends: libc6 (>= 2.38)
Depends: libfoo:any (= 1.0) | libbar, debconf (>= 0.5) | debconf-2.0
Filename: pool/main/a/app/app_1.0_amd64.deb
Size: 10
SHA256: aa
Description: a program
 with a long text:
 of several lines

Package: libfoo
Version: 1.0
Depends: libc6
Filename: pool/main/libf/foo/libfoo_1.0_amd64.deb
Size: 10
SHA256: bb

Package: libc6
Version: 2.41
Filename: pool/main/g/glibc/libc6_2.41_amd64.deb
Size: 10
SHA256: cc
"""
STANZAS = {stanza.name: stanza for stanza in parse_stanzas(INDEX)}


def wanted(excluded: dict[str, str] | None = None, **groups: list[str]) -> Wanted:
    return Wanted("trixie", ["amd64"], groups, excluded or {}, "")


def names(groups: dict[str, list[Stanza]]) -> dict[str, list[str]]:
    return {group: [stanza.name for stanza in stanzas] for group, stanzas in groups.items()}


def test_dependencies_are_followed_and_excluded_ones_are_not() -> None:
    found = resolve(wanted({"debconf": "a reason"}, all=["app"]), STANZAS.get)
    assert names(found) == {"all": ["app", "libc6", "libfoo"]}


def test_a_package_belongs_to_the_first_group_that_reaches_it() -> None:
    found = resolve(wanted({"debconf": "a reason"}, base=["libc6"], app=["app"]), STANZAS.get)
    assert names(found) == {"base": ["libc6"], "app": ["app", "libfoo"]}


def test_a_wanted_name_without_a_package_is_named() -> None:
    with pytest.raises(UpdateError, match="no package 'gone' in trixie, wanted by 'base'"):
        resolve(wanted(base=["gone"]), STANZAS.get)


def test_a_dependency_without_a_package_is_named() -> None:
    with pytest.raises(UpdateError, match=r"app depends on 'debconf \(>= 0\.5\) \| debconf-2\.0'"):
        resolve(wanted(all=["app"]), STANZAS.get)


def test_alternatives_lose_versions_and_architectures() -> None:
    assert alternatives("a (>= 1) | b:any | c [amd64]") == ["a", "b", "c"]


def test_the_mirror_is_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRANARY_DEBIAN_MIRROR", "https://mirror.example/debian/")
    assert update.machine_mirror() == "https://mirror.example/debian"


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRANARY_DEBIAN_MIRROR", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UpdateError, match="apt-get is not on this machine"):
        update.machine_mirror()
