"""What must not ship is named; what the function needs passes."""

from typing import Any

import pytest

from tools.build.typescript.inputs import LockError, runtime_packages, strangers

LOCK: dict[str, Any] = {
    "importers": {
        ".": {"devDependencies": {"esbuild": {"version": "1.0.0"}}},
        "functions/f": {
            "dependencies": {
                "@scope/direct": {"version": "1.0.0"},
                "beside": {"version": "3.0.1(direct@1.0.0)"},
            },
            "devDependencies": {"tester": {"version": "1.0.0"}},
        },
        "functions/bare": {},
    },
    "snapshots": {
        "@scope/direct@1.0.0": {"dependencies": {"below": "2.0.0"}},
        "beside@3.0.1(direct@1.0.0)": {"optionalDependencies": {"loop": "1.0.0"}},
        "below@2.0.0": {"dependencies": {"loop": "1.0.0"}},
        "loop@1.0.0": {"dependencies": {"below": "2.0.0"}},
        "tester@1.0.0": {},
        "esbuild@1.0.0": None,
    },
}
ALLOWED = {"@scope/direct@1.0.0", "beside@3.0.1", "below@2.0.0", "loop@1.0.0"}
STORE = "node_modules/.aspect_rules_js"


def test_runtime_packages_are_the_dependencies_and_what_they_need() -> None:
    assert runtime_packages(LOCK, "functions/f") == ALLOWED
    assert runtime_packages(LOCK, "functions/bare") == set()


def test_an_unknown_importer_is_an_error() -> None:
    with pytest.raises(LockError, match=r"no importer 'functions/g': run //:pnpm\.update"):
        runtime_packages(LOCK, "functions/g")


def test_a_lock_with_a_hole_is_an_error() -> None:
    holed = LOCK | {"snapshots": {}}
    with pytest.raises(LockError, match="lacks"):
        runtime_packages(holed, "functions/f")


def findings(*paths: str) -> list[str]:
    return list(strangers({path: {"bytes": 1} for path in paths}, ALLOWED))


def test_own_modules_and_runtime_packages_may_ship() -> None:
    assert not findings(
        "functions/f/handler.js",
        "libs/contracts/order_events.js",
        f"{STORE}/@scope+direct@1.0.0/node_modules/@scope/direct/index.js",
        f"{STORE}/beside@3.0.1_direct@1.0.0/node_modules/beside/tests/index.js",
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"{STORE}/tester@1.0.0/node_modules/tester/index.js", "tester@1.0.0 is not among"),
        (f"{STORE}/below@1.9.0/node_modules/below/index.js", "below@1.9.0 is not among"),
        ("functions/f/tests/fixtures.js", "is a test's"),
        ("functions/f/handler.test.js", "is a test's"),
        ("../elsewhere/handler.js", "comes from outside the build"),
        ("/root/handler.js", "comes from outside the build"),
        ("functions/f/node_modules/tester/index.js", "comes from outside the build"),
    ],
)
def test_what_must_not_ship_is_named(path: str, message: str) -> None:
    (finding,) = findings("functions/f/handler.js", path)
    assert message in finding
    assert path in finding or "@" in message
