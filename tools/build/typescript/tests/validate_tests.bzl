"""Unit tests of typescript_lambda's refusals: each names the argument, the value and what is right."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//tools/build/typescript:validate.bzl", "validate")

_GOOD = {
    "handler": "handler.handle",
    "name": "order_webhook",
    "package": "functions/order_webhook",
    "runtime_provides": ["@aws-sdk/*"],
    "size_budget_kb": 100,
}

_REFUSALS = [
    ({"name": "webhook"}, 'name = "webhook": a function has the name of its folder, here "order_webhook"'),
    ({"handler": "handle"}, 'handler = "handle": takes module.function, such as "handler.handle"'),
    ({"handler": "src/handler.handle"}, 'handler = "src/handler.handle": takes module.function, such as "handler.handle"'),
    ({"handler": "handler.handle.more"}, 'handler = "handler.handle.more": takes module.function, such as "handler.handle"'),
    ({"handler": 1}, 'handler = 1: takes module.function, such as "handler.handle"'),
    ({"size_budget_kb": 0}, "size_budget_kb = 0: takes a number from 1 to 50000, Lambda's limit"),
    ({"size_budget_kb": "1"}, "size_budget_kb = \"1\": takes a number from 1 to 50000, Lambda's limit"),
    ({"runtime_provides": ["ajv"]}, 'runtime_provides = ["ajv"]: Lambda\'s Node.js runtime has no ajv; it has: @aws-sdk/*, @smithy/*'),
]

def _good_arguments_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, validate.typescript_lambda(**_GOOD))
    asserts.equals(env, None, validate.typescript_lambda(**(_GOOD | {"runtime_provides": []})))
    return unittest.end(env)

_good_arguments_test = unittest.make(_good_arguments_test_impl)

def _refusals_test_impl(ctx):
    env = unittest.begin(ctx)
    for change, message in _REFUSALS:
        asserts.equals(
            env,
            "typescript_lambda in //functions/order_webhook: " + message,
            validate.typescript_lambda(**(_GOOD | change)),
        )
    return unittest.end(env)

_refusals_test = unittest.make(_refusals_test_impl)

def validate_test_suite(name):
    """Makes the tests.

    Args:
        name: the suite's name.
    """
    unittest.suite(
        name,
        _good_arguments_test,
        _refusals_test,
    )
