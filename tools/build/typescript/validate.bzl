"""Load-time checks of what typescript_lambda is given; see //tools/build/python:validate.bzl for the manner."""

load("//tools/build/lambdas:validate.bzl", _lambdas = "validate")

# What Lambda's Node.js runtime has: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
NODE_RUNTIME_HAS = ["@aws-sdk/*", "@smithy/*"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_DIGITS = "0123456789"

# Lambda takes no larger zip in a request.
_ZIPPED_LIMIT_KB = 50000

def _is_name(text):
    return bool(text) and text[0] in _LETTERS.elems() and all([
        character in (_LETTERS + _DIGITS).elems()
        for character in text.elems()
    ])

def _handler(handler):
    parts = handler.split(".") if type(handler) == "string" else []
    if len(parts) != 2 or not all([_is_name(part) for part in parts]):
        return "handler = {}: takes module.function, such as \"handler.handle\"".format(repr(handler))
    return None

def _size_budget(kilobytes):
    if type(kilobytes) != "int" or kilobytes <= 0 or kilobytes > _ZIPPED_LIMIT_KB:
        return "size_budget_kb = {}: takes a number from 1 to {}, Lambda's limit".format(
            repr(kilobytes),
            _ZIPPED_LIMIT_KB,
        )
    return None

def _runtime_provides(packages):
    unknown = [package for package in packages if package not in NODE_RUNTIME_HAS]
    if unknown:
        return "runtime_provides = {}: Lambda's Node.js runtime has no {}; it has: {}".format(
            repr(packages),
            ", ".join(unknown),
            ", ".join(NODE_RUNTIME_HAS),
        )
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
        _size_budget(size_budget_kb),
        _runtime_provides(runtime_provides),
    ]:
        if problem:
            return "typescript_lambda in //{}: {}".format(package, problem)
    return None

validate = struct(typescript_lambda = _typescript_lambda)
