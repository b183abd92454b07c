"""The rule that makes an executable of a server from a few lines of Java and a class path of jars.

It needs no Java rules and no toolchain of jars: the JDK of the build compiles and runs.
"""

load("@rules_java//java/common:java_common.bzl", "java_common")

_RUNTIME_TOOLCHAIN = "@bazel_tools//tools/jdk:runtime_toolchain_type"

def _runfiles_path(file):
    """Returns a file's path under the root of a runfiles tree."""
    if file.short_path.startswith("../"):
        return file.short_path[len("../"):]
    return "_main/" + file.short_path

def _compile(ctx):
    jdk = ctx.attr._jdk[java_common.JavaRuntimeInfo]
    sources = [ctx.file._program, ctx.file.src]
    classes = ctx.actions.declare_directory(ctx.label.name + "_classes")
    arguments = ctx.actions.args()
    arguments.add_all(["--release", "17", "-proc:none", "-Xlint:all,-path,-serial", "-Werror"])
    arguments.add_joined("-cp", ctx.files.jars, join_with = ":")
    arguments.add("-d", classes.path)
    arguments.add_all(sources)
    ctx.actions.run(
        executable = jdk.java_home + "/bin/javac",
        arguments = [arguments],
        inputs = depset(sources + ctx.files.jars, transitive = [jdk.files]),
        outputs = [classes],
        mnemonic = "GranaryJavac",
        progress_message = "Compiling %{label}",
    )
    return classes

def _java_server_impl(ctx):
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
            "{{FLAGS}}": _lines(ctx.attr.jvm_flags),
            "{{JARS}}": _lines([_runfiles_path(jar) for jar in ctx.files.jars]),
            "{{JAVA}}": _java_path(runtime),
            "{{MAIN_CLASS}}": ctx.file.src.basename.removesuffix(".java"),
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

def _lines(words):
    """Returns the elements of a Bash array, quoted, one a line."""
    return "\n".join(["\t'%s'" % word for word in words])

def _java_path(runtime):
    """Returns the path of `java` under the root of a runfiles tree."""
    path = runtime.java_executable_runfiles_path
    return path[len("../"):] if path.startswith("../") else "_main/" + path

java_server = rule(
    implementation = _java_server_impl,
    attrs = {
        "jars": attr.label(
            doc = "The server's class path.",
            mandatory = True,
        ),
        "jvm_flags": attr.string_list(
            doc = "Flags for `java`, besides those for a quick start.",
        ),
        "src": attr.label(
            doc = "The Java source with the main class, a LoopbackProgram named like the file.",
            allow_single_file = [".java"],
            mandatory = True,
        ),
        "_jdk": attr.label(
            default = "@rules_java//toolchains:current_java_runtime",
            cfg = "exec",
            providers = [java_common.JavaRuntimeInfo],
        ),
        "_program": attr.label(
            default = ":LoopbackProgram.java",
            allow_single_file = True,
        ),
        "_template": attr.label(
            default = ":launcher.sh.tpl",
            allow_single_file = True,
        ),
    },
    doc = "A server on the build's Java runtime, as an executable that listens on loopback only.",
    executable = True,
    toolchains = [_RUNTIME_TOOLCHAIN],
)
