"""Unit tests of python_service's refusals: each names the argument, the value and what is right."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//tools/build/python:validate.bzl", "validate")

_GOOD = {
    "app": "services.order_api.app:app",
    "description": "Takes orders",
    "image_budget_mb": 120,
    "name": "order_api",
    "package": "services/order_api",
    "port": 8080,
}

_REFUSALS = [
    ({"name": "order-api"}, 'name = "order-api": a service\'s name is lower-case letters, digits and _'),
    ({"name": "1order"}, 'name = "1order": a service\'s name is lower-case letters, digits and _'),
    ({"name": "orders"}, 'name = "orders": a service has the name of its folder, here "order_api"'),
    ({"app": "app"}, 'app = "app": takes module.path:attribute, such as "services.order_api.app:app"'),
    ({"app": "services.order_api.app:"}, 'app = "services.order_api.app:": takes module.path:attribute, such as "services.order_api.app:app"'),
    ({"app": "services.other.app:app"}, 'app = "services.other.app:app": the module must be in this package, such as "services.order_api.app:app"'),
    ({"port": 80}, "port = 80: takes a number from 1024 to 65535"),
    ({"port": 65536}, "port = 65536: takes a number from 1024 to 65535"),
    ({"port": "8080"}, 'port = "8080": takes a number from 1024 to 65535'),
    ({"description": ""}, 'description = "": takes one line of at most 200 characters'),
    ({"description": "a\nb"}, 'description = "a\\nb": takes one line of at most 200 characters'),
    ({"image_budget_mb": 0}, "image_budget_mb = 0: takes a number above 0"),
]

def _good_arguments_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, validate.service(**_GOOD))
    asserts.equals(env, None, validate.service(**(_GOOD | {"port": 1024})))
    asserts.equals(env, None, validate.service(**(_GOOD | {"port": 65535})))
    return unittest.end(env)

_good_arguments_test = unittest.make(_good_arguments_test_impl)

def _refusals_test_impl(ctx):
    env = unittest.begin(ctx)
    for change, message in _REFUSALS:
        asserts.equals(
            env,
            "python_service in //services/order_api: " + message,
            validate.service(**(_GOOD | change)),
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
