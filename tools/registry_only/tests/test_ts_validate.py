"""A ts_project whose attributes differ from its tsconfig.json fails, and says in what."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

_SOURCE = Path("tools/registry_only/modules/aspect_rules_ts/ts/private/validate.py")
_spec = importlib.util.spec_from_file_location("validate", _SOURCE)
assert _spec is not None and _spec.loader is not None
validate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(validate)


def checked(folder: Path, config: str, **attributes: bool) -> None:
    """Check attributes against a tsconfig.json of this content."""
    (folder / "tsconfig.json").write_text(config)
    validate.main(
        "//:demo",
        str(folder / "tsconfig.json"),
        str(folder / "marker"),
        *(f"{name}={str(value).lower()}" for name, value in attributes.items()),
    )


def config(**options: Any) -> str:
    return json.dumps({"compilerOptions": options})


def test_attributes_that_agree_are_marked(tmp_path: Path) -> None:
    checked(tmp_path, config(declaration=True), declaration=True, sourceMap=False)
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize(("found", "wanted"), [(True, False), (False, True)])
def test_an_attribute_that_differs_is_named(tmp_path: Path, found: bool, wanted: bool) -> None:
    with pytest.raises(SystemExit, match=r"//:demo: sourceMap is .* in the tsconfig and .* here"):
        checked(tmp_path, config(sourceMap=found), sourceMap=wanted)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("option", ["outDir", "composite", "allowJs"])
def test_an_option_that_moves_or_adds_outputs_is_refused(tmp_path: Path, option: str) -> None:
    with pytest.raises(SystemExit, match=f"{option} is .*, which the stand-in does not know"):
        checked(tmp_path, config(**{option: True}))


def test_options_are_inherited_and_overridden(tmp_path: Path) -> None:
    (tmp_path / "base.json").write_text(config(declaration=True, sourceMap=True))
    extending = {"extends": "./base.json", "compilerOptions": {"sourceMap": False}}
    checked(tmp_path, json.dumps(extending), declaration=True, sourceMap=False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{ // comment\n}", "reads JSON without comments"),
        ('{"extends": "./missing.json"}', "missing.json is missing"),
        ('{"extends": "@tsconfig/node24"}', "follows relative paths only"),
    ],
)
def test_a_config_that_cannot_be_read_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(SystemExit, match=reason):
        checked(tmp_path, content)
