"""The one error that the launcher shows."""

# Bazel's own exit code for "a problem of the local environment"
# (https://bazel.build/run/scripts), so that CI can tell it from a failed build.
EXIT_LOCAL_ENVIRONMENT = 36


class LauncherError(Exception):
    """Bazel cannot be started; the message is one line that says why and what to do."""
