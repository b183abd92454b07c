"""Refuses what the stand-in does not know, instead of building something else than asked for."""

def check_attributes(rule_name, given, required, known):
    """Fails on attributes that are missing or unknown.

    Args:
        rule_name: the macro's name.
        given: the attributes of the call, a dict.
        required: names that must be given.
        known: names that may be given.
    """
    unknown = sorted([name for name in given if name not in required and name not in known])
    if unknown:
        fail("the stand-in of rules_oci: {} does not know {}; see its README.md".format(rule_name, ", ".join(unknown)))
    missing = sorted([name for name in required if name not in given])
    if missing:
        fail("the stand-in of rules_oci: {} needs {}".format(rule_name, ", ".join(missing)))
