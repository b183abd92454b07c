"""Load-time checks of the macros' arguments.

Each returns what is wrong as one sentence with the offending value, or None, so that tests can read
the sentence; the macros hand it to fail().
"""

_PORTS = (1024, 65535)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"

def _is_identifier(text):
    return bool(text) and text[0] in _LETTERS.elems() and all([
        character in (_LETTERS + _DIGITS + "_").elems()
        for character in text.elems()
    ])

def _name(name, package):
    folder = package.split("/")[-1]
    if not _is_identifier(name):
        return "name = {}: a service's name is lower-case letters, digits and _".format(repr(name))
    if name != folder:
        return "name = {}: a service has the name of its folder, here {}".format(repr(name), repr(folder))
    return None

def _app(app, package):
    module, colon, attribute = app.partition(":")
    inside = package.replace("/", ".") + "."
    well_formed = colon and all([_is_identifier(part) for part in module.split(".") + [attribute]])
    if not well_formed:
        return "app = {}: takes module.path:attribute, such as {}".format(repr(app), repr(inside + "app:app"))
    if not module.startswith(inside):
        return "app = {}: the module must be in this package, such as {}".format(repr(app), repr(inside + "app:app"))
    return None

def _port(port):
    if type(port) != "int" or port < _PORTS[0] or port > _PORTS[1]:
        return "port = {}: takes a number from {} to {}".format(repr(port), _PORTS[0], _PORTS[1])
    return None

def _description(description):
    if not description or "\n" in description or len(description) > 200:
        return "description = {}: takes one line of at most 200 characters".format(repr(description))
    return None

def _budget(megabytes):
    if type(megabytes) != "int" or megabytes <= 0:
        return "image_budget_mb = {}: takes a number above 0".format(repr(megabytes))
    return None

def _service(name, app, port, description, image_budget_mb, package):
    """Checks the arguments of python_service.

    Args:
        name: the service's name.
        app: where the ASGI application is.
        port: the port in development.
        description: one line.
        image_budget_mb: the size limit of the image.
        package: the calling package.

    Returns:
        The first thing that is wrong, or None.
    """
    for problem in [
        _name(name, package),
        _app(app, package),
        _port(port),
        _description(description),
        _budget(image_budget_mb),
    ]:
        if problem:
            return "python_service in //{}: {}".format(package, problem)
    return None

validate = struct(service = _service)
