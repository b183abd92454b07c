"""Unit tests of the load-time checks."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//tools/build/lambdas:validate.bzl", "validate")

_GOOD = {
    "name": "stock_alert",
    "handler": "functions.stock_alert.handler.handle",
    "package": "functions/stock_alert",
    "runtime_provides": ["@pip//boto3"],
    "size_budget_mb": 20,
}

_EXAMPLE = '"functions.stock_alert.handler.handle"'

_REFUSALS = [
    ({"name": "Stock"}, 'name = "Stock": a function\'s name is lower-case letters, digits and _'),
    ({"name": "alert"}, 'name = "alert": a function has the name of its folder, here "stock_alert"'),
    ({"handler": "functions.stock_alert.handler:handle"}, 'handler = "functions.stock_alert.handler:handle": takes module.path.function, such as ' + _EXAMPLE),
    ({"handler": ""}, 'handler = "": takes module.path.function, such as ' + _EXAMPLE),
    ({"handler": None}, "handler = None: takes module.path.function, such as " + _EXAMPLE),
    ({"handler": "functions.other.handler.handle"}, 'handler = "functions.other.handler.handle": must be a function of a module in this package, such as ' + _EXAMPLE),
    ({"handler": "functions.stock_alert.handle"}, 'handler = "functions.stock_alert.handle": must be a function of a module in this package, such as ' + _EXAMPLE),
    ({"size_budget_mb": 0}, "size_budget_mb = 0: takes a number from 1 to 250, Lambda's limit"),
    ({"size_budget_mb": 251}, "size_budget_mb = 251: takes a number from 1 to 250, Lambda's limit"),
    ({"size_budget_mb": "20"}, "size_budget_mb = \"20\": takes a number from 1 to 250, Lambda's limit"),
    ({"runtime_provides": ["@pip//pydantic"]}, "runtime_provides = [\"@pip//pydantic\"]: Lambda's Python runtime has no @pip//pydantic; it has: @pip//boto3"),
]

def _good_arguments_test_impl(ctx):
    env = unittest.begin(ctx)
    for change in [
        {},
        {"handler": "functions.stock_alert.inner.module._handle"},
        {"runtime_provides": []},
        {"size_budget_mb": 1},
        {"size_budget_mb": 250},
    ]:
        asserts.equals(env, None, validate.python_lambda(**(_GOOD | change)))
    return unittest.end(env)

_good_arguments_test = unittest.make(_good_arguments_test_impl)

def _refusals_test_impl(ctx):
    env = unittest.begin(ctx)
    for change, message in _REFUSALS:
        asserts.equals(
            env,
            "python_lambda in //functions/stock_alert: " + message,
            validate.python_lambda(**(_GOOD | change)),
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
