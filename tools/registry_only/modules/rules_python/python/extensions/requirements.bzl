"""A reader of hashed requirements files (https://pip.pypa.io/en/stable/reference/requirements-file-format)."""

def parse_requirements(content, origin):
    """Return the pins of a hashed requirements file.

    Args:
        content: the file's text.
        origin: the file's name, for messages.

    Returns:
        Structs with name (normalized, "_" for "-"), version, extras and sha256 (a list).
    """
    requirements = []
    for line in content.replace("\\\n", " ").split("\n"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        requirements.append(_parse_line(line, origin))
    if not requirements:
        fail("{}: holds no requirement".format(origin))
    return requirements

def _parse_line(line, origin):
    words = line.split(" --hash=")
    sha256 = []
    for word in words[1:]:
        algorithm, _, value = word.strip().partition(":")
        if algorithm != "sha256" or len(value) != 64:
            fail("{}: {}: a hash is sha256 and 64 digits, not {}".format(origin, words[0], word))
        sha256.append(value)
    name_and_extras, equals, rest = words[0].partition("==")
    version = rest.partition(";")[0].strip()
    if not equals or not version or not sha256:
        fail("{}: \"{}\" is not pinned with == and --hash".format(origin, words[0].strip()))
    name, _, extras = name_and_extras.strip().partition("[")
    return struct(
        name = name.strip().lower().replace("-", "_").replace(".", "_"),
        version = version,
        extras = [extra.strip() for extra in extras.rstrip("]").split(",") if extra.strip()],
        sha256 = sha256,
    )
