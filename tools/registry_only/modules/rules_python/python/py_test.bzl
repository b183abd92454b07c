"""py_test over the rule that Bazel 7 still has built in, which refuses attributes it does not know."""

def py_test(name, **kwargs):
    """See https://rules-python.readthedocs.io.

    Args:
        name: the target's name.
        **kwargs: attributes of the built-in rule.
    """

    # buildifier: disable=native-python
    native.py_test(name = name, **kwargs)
