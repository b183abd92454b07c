"""Load-time checks of what typescript_lambda is given; see //tools/build/python:validate.bzl for the manner."""

load("//tools/build/lambdas:validate.bzl", "LOWER_CASE", _lambdas = "validate")

# What Lambda's Node.js runtime has: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
NODE_RUNTIME_HAS = ["@aws-sdk/*", "@smithy/*"]

_LETTERS = LOWER_CASE + LOWER_CASE.upper()

# Lambda takes no larger zip in a request.
_ZIPPED_LIMIT_KB = 50000

def _handler(handler):
    parts = handler.split(".") if type(handler) == "string" else []
    if len(parts) != 2 or not all([_lambdas.is_identifier(part, _LETTERS) for part in parts]):
        return "handler = {}: takes module.function, such as \"handler.handle\"".format(repr(handler))
    return None

def _typescript_lambda(name, handler, size_budget_kb, runtime_provides, package):
    """Checks the arguments of typescript_lambda.

    Args:
        name: the function's name.
        handler: its entry point.
        size_budget_kb: the size limit, zipped.
        runtime_provides: what is left to the runtime.
        package: the calling package.

    Returns:
        The first thing that is wrong, or None.
    """
    for problem in [
        _lambdas.name(name, package),
        _handler(handler),
        _lambdas.size_budget("size_budget_kb", size_budget_kb, _ZIPPED_LIMIT_KB),
        _lambdas.runtime_provides(runtime_provides, "Node.js", NODE_RUNTIME_HAS),
    ]:
        if problem:
            return "typescript_lambda in //{}: {}".format(package, problem)
    return None

validate = struct(typescript_lambda = _typescript_lambda)
