"""Load-time checks of what macros for functions are given; see //tools/build/python:validate.bzl for the manner."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"

# Lambda takes no zip that is larger unpacked.
UNPACKED_LIMIT_MB = 250

# What a managed runtime has beside the language: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
PYTHON_RUNTIME_HAS = ["@pip//boto3"]

def _is_identifier(text):
    return bool(text) and text[0] in (_LETTERS + "_").elems() and all([
        character in (_LETTERS + _DIGITS + "_").elems()
        for character in text.elems()
    ])

def _name(name, package):
    folder = package.split("/")[-1]
    if not _is_identifier(name):
        return "name = {}: a function's name is lower-case letters, digits and _".format(repr(name))
    if name != folder:
        return "name = {}: a function has the name of its folder, here {}".format(repr(name), repr(folder))
    return None

def _python_handler(handler, package):
    inside = package.replace("/", ".") + "."
    example = repr(inside + "handler.handle")
    if type(handler) != "string" or not all([_is_identifier(part) for part in handler.split(".")]):
        return "handler = {}: takes module.path.function, such as {}".format(repr(handler), example)
    if not handler.startswith(inside) or len(handler[len(inside):].split(".")) < 2:
        return "handler = {}: must be a function of a module in this package, such as {}".format(repr(handler), example)
    return None

def _size_budget(megabytes):
    if type(megabytes) != "int" or megabytes <= 0 or megabytes > UNPACKED_LIMIT_MB:
        return "size_budget_mb = {}: takes a number from 1 to {}, Lambda's limit".format(repr(megabytes), UNPACKED_LIMIT_MB)
    return None

def _runtime_provides(labels):
    unknown = [label for label in labels if label not in PYTHON_RUNTIME_HAS]
    if unknown:
        return "runtime_provides = {}: Lambda's Python runtime has no {}; it has: {}".format(
            repr(labels),
            ", ".join(unknown),
            ", ".join(PYTHON_RUNTIME_HAS),
        )
    return None

def _python_lambda(name, handler, size_budget_mb, runtime_provides, package):
    """Checks the arguments of python_lambda.

    Args:
        name: the function's name.
        handler: its entry point.
        size_budget_mb: the size limit, unpacked.
        runtime_provides: what is left to the runtime.
        package: the calling package.

    Returns:
        The first thing that is wrong, or None.
    """
    for problem in [
        _name(name, package),
        _python_handler(handler, package),
        _size_budget(size_budget_mb),
        _runtime_provides(runtime_provides),
    ]:
        if problem:
            return "python_lambda in //{}: {}".format(package, problem)
    return None

validate = struct(
    name = _name,
    python_lambda = _python_lambda,
    size_budget = _size_budget,
)
