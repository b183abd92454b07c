"""The stand-ins for aspect_rules_js, aspect_rules_ts and rules_nodejs, seen through Bazel."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.registry_only.tests.nested import DEPENDENCIES, Workspace
from tools.registry_only.tests.npm_registry import Registry, lock

MODULE = (
    DEPENDENCIES
    + """
node = use_extension("@rules_nodejs//nodejs:extensions.bzl", "node")
node.toolchain(node_version = "24.1.0")
npm = use_extension("@aspect_rules_js//npm:extensions.bzl", "npm")
npm.npm_translate_lock(
    name = "npm",
    pnpm_lock = "//:pnpm-lock.yaml",
    verify_node_modules_ignored = "//:.bazelignore",
)
use_repo(npm, "npm")
typescript = use_extension("@aspect_rules_ts//ts:extensions.bzl", "typescript")
typescript.deps(version_from = "//:package.json")
use_repo(typescript, "npm_typescript")
"""
)

BUILD = """
load("@aspect_rules_js//js:defs.bzl", "js_binary", "js_library", "js_run_binary", "js_test")
load("@aspect_rules_ts//ts:defs.bzl", "ts_config", "ts_project")
load("@npm//:defs.bzl", "npm_link_all_packages")
load("@npm//:greeter/package_json.bzl", greeter = "bin")

npm_link_all_packages(name = "node_modules")

js_library(name = "package_json", srcs = ["package.json"])

ts_config(
    name = "tsconfig",
    src = "tsconfig.json",
    deps = [":node_modules/@types/node", ":package_json"],
)

ts_project(
    name = "demo",
    srcs = ["demo.ts", "demo.test.ts"],
    declaration = True,
    transpiler = "tsc",
    tsconfig = ":tsconfig",
    deps = [":node_modules/greeter"],
)

js_test(
    name = "demo_test",
    data = [":demo", ":package_json"],
    entry_point = "demo.test.js",
)

greeter.greet(
    name = "greeting",
    args = ["$(rootpath greeting.txt)"],
    outs = ["greeting.txt"],
)
"""

DEMO = """
import { greet } from "greeter";

export function greeting(name: string): string {
  return greet(name);
}
"""

DEMO_TEST = """
import assert from "node:assert/strict";
import { test } from "node:test";
import { greeting } from "./demo.js";

test("a name is greeted", () => assert.equal("Hello, world", greeting("world")));
"""

TSCONFIG = {
    "compilerOptions": {
        "declaration": True,
        "module": "nodenext",
        "strict": True,
        "target": "es2023",
        "types": ["node"],
    }
}

# `greeter` takes its word from a package of its own; `nowhere` is in the lock and in no registry.
GREETER = {
    "package.json": json.dumps({"name": "greeter", "bin": {"greet": "./bin.js"}}),
    "index.js": 'exports.greet = (name) => `${require("word")}, ${name}`;',
    "index.d.ts": "export function greet(name: string): string;",
    "bin.js": (
        "#!/usr/bin/env node\n"
        'console.log("noise");\n'
        'require("node:fs").writeFileSync(process.argv[2], require(".").greet("you"));\n'
    ),
}
DEPENDS_ON = {"greeter": ["word"], "@types/node": ["undici-types"]}
WORD = {"package.json": '{"name": "word"}', "index.js": 'module.exports = "Hello";'}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Registry]]:
    folder = tmp_path_factory.mktemp("aspect_rules")
    with Workspace(folder, "NPM_CONFIG_REGISTRY") as workspace:
        registry = Registry(workspace.served)
        modules = Path("node_modules").resolve(strict=True)
        registry.publish_installed("typescript", modules / "typescript")
        types = (modules / "@types/node").resolve(strict=True)
        registry.publish_installed("@types/node", types)
        registry.publish_installed("undici-types", types.parents[1] / "undici-types")
        registry.publish("greeter", "1.0.0", GREETER)
        registry.publish("word", "1.0.0", WORD)
        registry.integrities["nowhere@1.0.0"] = f"sha512-{'A' * 86}=="
        yield workspace, registry


@pytest.fixture
def workspace(shared: tuple[Workspace, Registry]) -> Workspace:
    """The workspace as it is when nothing is wrong with it."""
    workspace, registry = shared
    compiler = next(key for key in registry.integrities if key.startswith("typescript@"))
    package = {"type": "module", "devDependencies": {"typescript": compiler.rpartition("@")[2]}}
    workspace.write(".bazelignore", "tools\nnode_modules\n")
    workspace.write("BUILD.bazel", BUILD)
    workspace.write("MODULE.bazel", MODULE)
    workspace.write("demo.test.ts", DEMO_TEST)
    workspace.write("demo.ts", DEMO)
    workspace.write("package.json", json.dumps(package))
    workspace.write("pnpm-lock.yaml", lock(registry.integrities, DEPENDS_ON, "greeter"))
    workspace.write("pnpm-workspace.yaml", "onlyBuiltDependencies: []\n")
    workspace.write("tsconfig.json", json.dumps(TSCONFIG))
    return workspace


def outcome(workspace: Workspace) -> subprocess.CompletedProcess[str]:
    return workspace.bazel("test", "//:all", "--test_output=errors")


def test_a_project_is_compiled_and_tested_and_brings_only_what_it_needs(
    workspace: Workspace,
) -> None:
    done = outcome(workspace)
    assert done.returncode == 0, done.stderr
    assert (workspace.folder / "bazel-bin/greeting.txt").read_text() == "Hello, you"
    assert "noise" not in done.stderr
    store = workspace.folder / "bazel-bin/node_modules/.aspect_rules_js"
    assert (store / "greeter@1.0.0/node_modules/word/index.js").exists()
    assert not (workspace.folder / "bazel-bin/node_modules/word").exists()


def test_a_type_error_fails_the_build_and_names_file_and_line(workspace: Workspace) -> None:
    workspace.write("demo.ts", DEMO.replace("greet(name)", "1"))
    done = outcome(workspace)
    assert done.returncode != 0
    assert "demo.ts(5,3): error TS2322: Type 'number' is not assignable" in done.stderr


def test_a_failing_test_fails(workspace: Workspace) -> None:
    workspace.write("demo.test.ts", DEMO_TEST.replace("Hello", "Bye"))
    done = outcome(workspace)
    assert done.returncode == 3  # the build succeeded, a test failed
    assert "a name is greeted" in done.stdout + done.stderr


def test_a_module_that_the_test_does_not_declare_is_not_found(workspace: Workspace) -> None:
    data = '    data = [":demo", ":package_json"],'
    workspace.write("BUILD.bazel", BUILD.replace(data, '    data = ["demo.test.js"],'))
    done = outcome(workspace)
    assert done.returncode == 3
    assert "Cannot find module" in done.stdout + done.stderr


def test_a_package_that_the_importer_does_not_name_is_not_found(workspace: Workspace) -> None:
    workspace.write("demo.ts", DEMO.replace('"greeter"', '"word"'))
    done = outcome(workspace)
    assert done.returncode != 0
    assert "TS2307: Cannot find module 'word'" in done.stderr


def test_a_program_that_fails_says_why(workspace: Workspace) -> None:
    workspace.write("BUILD.bazel", BUILD.replace("$(rootpath greeting.txt)", "no/folder/x"))
    done = outcome(workspace)
    assert done.returncode != 0
    assert "noise" in done.stderr
    assert "ENOENT" in done.stderr


def test_a_package_with_other_content_than_its_hash_is_refused(
    shared: tuple[Workspace, Registry], workspace: Workspace
) -> None:
    integrities = shared[1].integrities
    other = {"word@1.0.0": integrities["greeter@1.0.0"]}
    workspace.write("pnpm-lock.yaml", lock(integrities | other, DEPENDS_ON, "greeter"))
    done = workspace.bazel("build", "//:greeting", "--repository_cache=")
    assert done.returncode != 0
    assert "Checksum was" in done.stderr


def test_an_attribute_that_differs_from_the_tsconfig_is_refused(workspace: Workspace) -> None:
    workspace.write("BUILD.bazel", BUILD.replace("declaration = True", "declaration = False"))
    done = outcome(workspace)
    assert done.returncode != 0
    assert "declaration is true in the tsconfig and false here" in done.stderr


@pytest.mark.parametrize(
    ("known", "unknown", "reason"),
    [
        ("declaration = True", "composite = True", "no such attribute 'composite'"),
        ('transpiler = "tsc"', 'transpiler = "swc"', 'it knows "tsc" only'),
        ("entry_point =", "copy_data_to_bin = False, entry_point =", "'copy_data_to_bin'"),
        ("outs = [", "copy_srcs_to_bin = False, outs = [", "'copy_srcs_to_bin'"),
        ('name = "node_modules"', 'name = "modules"', "customizing 'name' is not supported"),
    ],
)
def test_an_unknown_attribute_of_a_rule_is_refused(
    workspace: Workspace, known: str, unknown: str, reason: str
) -> None:
    workspace.write("BUILD.bazel", BUILD.replace(known, unknown))
    done = outcome(workspace)
    assert done.returncode != 0
    assert reason in done.stderr


@pytest.mark.parametrize(
    ("known", "unknown", "reason"),
    [
        ("24.1.0", "22.1.0", 'node_version is "22.1.0"; this stand-in has 24'),
        ('"24.1.0"', '"24.1.0", include_headers = True', "include_headers"),
        ('name = "npm",', 'name = "npm", npmrc = "//:.npmrc",', "npmrc"),
        ("version_from =", 'name = "other", version_from =', "unknown attribute name"),
    ],
)
def test_an_unknown_attribute_of_an_extension_is_refused(
    workspace: Workspace, known: str, unknown: str, reason: str
) -> None:
    workspace.write("MODULE.bazel", MODULE.replace(known, unknown))
    done = outcome(workspace)
    assert done.returncode != 0
    assert reason in done.stderr


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        (".bazelignore", "tools\n", ".bazelignore lacks: node_modules"),
        ("package.json", "{}", "not an exact version"),
        ("pnpm-lock.yaml", '{"lockfileVersion": "6.0"}', "lockfileVersion is '6.0', not '9.0'"),
        ("pnpm-workspace.yaml", "catalog: {word: 1.0.0}\n", "pnpm-workspace.yaml has catalog"),
    ],
)
def test_files_that_the_stand_in_does_not_understand_are_refused(
    workspace: Workspace, file: str, content: str, reason: str
) -> None:
    workspace.write(file, content)
    done = outcome(workspace)
    assert done.returncode != 0
    assert reason in done.stderr


def test_packages_are_linked_where_the_lock_has_an_importer_only(workspace: Workspace) -> None:
    load = 'load("@npm//:defs.bzl", "npm_link_all_packages")\n'
    workspace.write("other/BUILD.bazel", load + 'npm_link_all_packages(name = "node_modules")\n')
    done = workspace.bazel("build", "//other:all")
    (workspace.folder / "other/BUILD.bazel").unlink()
    assert done.returncode != 0
    assert '"other" is no importer of pnpm-lock.yaml' in done.stderr
