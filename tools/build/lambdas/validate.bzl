"""Load-time checks of what macros for functions are given; see //tools/build/python:validate.bzl for the manner."""

LOWER_CASE = "abcdefghijklmnopqrstuvwxyz_"
_DIGITS = "0123456789"

# Lambda takes no zip that is larger unpacked.
UNPACKED_LIMIT_MB = 250

# What a managed runtime has beside the language: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
PYTHON_RUNTIME_HAS = ["@pip//boto3"]

def _is_identifier(text, letters = LOWER_CASE):
    return bool(text) and text[0] in letters.elems() and all([
        character in (letters + _DIGITS).elems()
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

def _size_budget(attribute, size, limit):
    if type(size) != "int" or size <= 0 or size > limit:
        return "{} = {}: takes a number from 1 to {}, Lambda's limit".format(attribute, repr(size), limit)
    return None

def _runtime_provides(provided, language, has):
    unknown = [one for one in provided if one not in has]
    if unknown:
        return "runtime_provides = {}: Lambda's {} runtime has no {}; it has: {}".format(
            repr(provided),
            language,
            ", ".join(unknown),
            ", ".join(has),
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
        _size_budget("size_budget_mb", size_budget_mb, UNPACKED_LIMIT_MB),
        _runtime_provides(runtime_provides, "Python", PYTHON_RUNTIME_HAS),
    ]:
        if problem:
            return "python_lambda in //{}: {}".format(package, problem)
    return None

validate = struct(
    is_identifier = _is_identifier,
    name = _name,
    python_lambda = _python_lambda,
    runtime_provides = _runtime_provides,
    size_budget = _size_budget,
)
