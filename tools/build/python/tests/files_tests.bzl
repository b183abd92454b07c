"""Unit tests of the engine that sorts a Python target's files."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//tools/build/python:files.bzl", "LEFT_OUT", "LIBS", "OWN", "THIRD_PARTY", "UNKNOWN", "files")

_OWN = "services/order_api"

_KINDS = {
    "../rules_python++pip+pip_313_six/bin/tool": LEFT_OUT,
    "../rules_python++pip+pip_313_six/site-packages/six.py": THIRD_PARTY,
    "../rules_python++pip+pip_313_six/site-packages/six-1.17.0.dist-info/METADATA": THIRD_PARTY,
    "../rules_python++pip+pip_313_six/site-packages/six-1.17.0.dist-info/RECORD": LEFT_OUT,
    "../rules_python++pip+pip_313_six/site-packages/six.pyi": LEFT_OUT,
    "../rules_python++pip+pip_313_pandas/site-packages/pandas/tests/test_api.py": LEFT_OUT,
    # A module, not a folder of tests.
    "../rules_python++pip+pip_313_pandas/site-packages/pandas/tests.py": THIRD_PARTY,
    "../some_rules+/python/module.py": UNKNOWN,
    "libs/dynamo/client.py": LIBS,
    "services/order_api/app.py": OWN,
    # Begins alike, is another folder.
    "services/order_api_client/client.py": LIBS,
}

def _kinds_test_impl(ctx):
    env = unittest.begin(ctx)
    for path, kind in _KINDS.items():
        asserts.equals(env, kind, files.classify(path, _OWN).kind, path)
    return unittest.end(env)

_kinds_test = unittest.make(_kinds_test_impl)

def _paths_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(
        env,
        "pydantic_core/_pydantic_core.cpython-313-x86_64-linux-gnu.so",
        files.classify(
            "../pip_pydantic_core/site-packages/pydantic_core/_pydantic_core.cpython-313-x86_64-linux-gnu.so",
            _OWN,
        ).path,
    )
    asserts.equals(env, "libs/dynamo/client.py", files.classify("libs/dynamo/client.py", _OWN).path)
    return unittest.end(env)

_paths_test = unittest.make(_paths_test_impl)

def _namespace_package_test_impl(ctx):
    env = unittest.begin(ctx)
    path = "../pip_opentelemetry_api/site-packages/opentelemetry/__init__.py"
    asserts.equals(env, LEFT_OUT, files.classify(path, _OWN, is_source = False).kind, "generated")
    asserts.equals(env, THIRD_PARTY, files.classify(path, _OWN, is_source = True).kind, "in the wheel")
    return unittest.end(env)

_namespace_package_test = unittest.make(_namespace_package_test_impl)

def _conflict_test_impl(ctx):
    env = unittest.begin(ctx)
    destinations = {}
    first = struct(short_path = "../a/site-packages/LICENSE")
    second = struct(short_path = "../b/site-packages/LICENSE")
    asserts.equals(env, None, files.merge(destinations, "app/LICENSE", first))
    asserts.equals(env, None, files.merge(destinations, "app/LICENSE", first), "the same file twice")
    asserts.equals(
        env,
        "app/LICENSE would come from both ../a/site-packages/LICENSE and ../b/site-packages/LICENSE",
        files.merge(destinations, "app/LICENSE", second),
    )
    return unittest.end(env)

_conflict_test = unittest.make(_conflict_test_impl)

def files_test_suite(name):
    """Makes the tests.

    Args:
        name: the suite's name.
    """
    unittest.suite(
        name,
        _conflict_test,
        _kinds_test,
        _namespace_package_test,
        _paths_test,
    )
