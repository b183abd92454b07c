"""oci_push and oci_load: shell scripts that find their files in runfiles."""

def _rlocation_path(ctx, file):
    if file.short_path.startswith("../"):
        return file.short_path[3:]
    return "{}/{}".format(ctx.workspace_name, file.short_path)

def _script(ctx, substitutions, files, targets):
    executable = ctx.actions.declare_file("{}.sh".format(ctx.label.name))
    ctx.actions.expand_template(
        template = ctx.file._template,
        output = executable,
        is_executable = True,
        substitutions = substitutions,
    )
    runfiles = ctx.runfiles(files = files).merge_all([
        target[DefaultInfo].default_runfiles
        for target in targets
    ])
    return [DefaultInfo(executable = executable, runfiles = runfiles)]

def _oci_push_impl(ctx):
    return _script(
        ctx,
        {
            "{{image_dir}}": _rlocation_path(ctx, ctx.file.image),
            "{{tags_file}}": _rlocation_path(ctx, ctx.file.remote_tags) if ctx.file.remote_tags else "",
            "{{repository}}": ctx.attr.repository,
        },
        [ctx.file.image] + ctx.files.remote_tags,
        [],
    )

oci_push = rule(
    implementation = _oci_push_impl,
    attrs = {
        "image": attr.label(allow_single_file = True, mandatory = True),
        "remote_tags": attr.label(allow_single_file = True),
        "repository": attr.string(),
        "_template": attr.label(
            default = Label("//oci/private:push.sh.tpl"),
            allow_single_file = True,
        ),
    },
    executable = True,
)

def _oci_load_impl(ctx):
    return _script(
        ctx,
        {
            "{{archive}}": _rlocation_path(ctx, ctx.executable._archive),
            "{{image_dir}}": _rlocation_path(ctx, ctx.file.image),
            "{{loader}}": _rlocation_path(ctx, ctx.executable.loader),
            "{{repo_tags}}": " ".join(ctx.attr.repo_tags),
        },
        [ctx.file.image],
        [ctx.attr.loader, ctx.attr._archive],
    )

oci_load = rule(
    implementation = _oci_load_impl,
    attrs = {
        "image": attr.label(allow_single_file = True, mandatory = True),
        "loader": attr.label(executable = True, mandatory = True, cfg = "target"),
        "repo_tags": attr.string_list(mandatory = True),
        "_archive": attr.label(
            default = Label("//oci/private:archive"),
            executable = True,
            cfg = "target",
        ),
        "_template": attr.label(
            default = Label("//oci/private:load.sh.tpl"),
            allow_single_file = True,
        ),
    },
    executable = True,
)
