"""The rule that makes an executable of DynamoDB Local."""

load("@rules_java//java/common:java_common.bzl", "java_common")

_RUNTIME_TOOLCHAIN = "@bazel_tools//tools/jdk:runtime_toolchain_type"

def _runfiles_path(file):
    """Returns a file's path under the root of a runfiles tree."""
    if file.short_path.startswith("../"):
        return file.short_path[len("../"):]
    return "_main/" + file.short_path

def _compile(ctx):
    """Compiles the server's few lines with the JDK itself: no Java rules, no toolchain of jars."""
    jdk = ctx.attr._jdk[java_common.JavaRuntimeInfo]
    classes = ctx.actions.declare_directory(ctx.label.name + "_classes")
    arguments = ctx.actions.args()
    arguments.add_all(["--release", "17", "-proc:none", "-Xlint:all,-path,-serial", "-Werror"])
    arguments.add_joined("-cp", ctx.files.jars, join_with = ":")
    arguments.add("-d", classes.path)
    arguments.add(ctx.file.src)
    ctx.actions.run(
        executable = jdk.java_home + "/bin/javac",
        arguments = [arguments],
        inputs = depset([ctx.file.src] + ctx.files.jars, transitive = [jdk.files]),
        outputs = [classes],
        mnemonic = "GranaryJavac",
        progress_message = "Compiling %{label}",
    )
    return classes

def _dynamodb_local_impl(ctx):
    runtime = ctx.toolchains[_RUNTIME_TOOLCHAIN].java_runtime
    classes = _compile(ctx)
    launcher = ctx.actions.declare_file(ctx.label.name)
    depth = len(("_main/" + launcher.short_path).split("/")) - 1
    ctx.actions.expand_template(
        template = ctx.file._template,
        output = launcher,
        is_executable = True,
        substitutions = {
            "{{CLASSES}}": _runfiles_path(classes),
            "{{JARS}}": "\n".join(["\t'%s'" % _runfiles_path(jar) for jar in ctx.files.jars]),
            "{{JAVA}}": _java_path(runtime),
            "{{TO_RUNFILES}}": "/".join([".."] * depth),
        },
    )
    return [DefaultInfo(
        executable = launcher,
        runfiles = ctx.runfiles(
            files = [classes] + ctx.files.jars,
            transitive_files = runtime.files,
        ),
    )]

def _java_path(runtime):
    """Returns the path of `java` under the root of a runfiles tree."""
    path = runtime.java_executable_runfiles_path
    return path[len("../"):] if path.startswith("../") else "_main/" + path

dynamodb_local = rule(
    implementation = _dynamodb_local_impl,
    attrs = {
        "jars": attr.label(
            doc = "The server's class path.",
            mandatory = True,
        ),
        "src": attr.label(
            doc = "The Java source with the main class `LoopbackServer`.",
            allow_single_file = [".java"],
            mandatory = True,
        ),
        "_jdk": attr.label(
            default = "@rules_java//toolchains:current_java_runtime",
            cfg = "exec",
            providers = [java_common.JavaRuntimeInfo],
        ),
        "_template": attr.label(
            default = ":launcher.sh.tpl",
            allow_single_file = True,
        ),
    },
    doc = "DynamoDB Local on the build's Java runtime, as an executable that listens on loopback only.",
    executable = True,
    toolchains = [_RUNTIME_TOOLCHAIN],
)
