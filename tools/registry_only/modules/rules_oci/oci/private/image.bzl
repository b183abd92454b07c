"""oci_image: layers that exist already, described and put together."""

def _descriptor(ctx, index, layer):
    descriptor = ctx.actions.declare_file("{}.{}.descriptor.json".format(ctx.label.name, index))
    args = ctx.actions.args()
    args.add("describe")
    args.add(layer)
    args.add(descriptor)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [layer],
        outputs = [descriptor],
        mnemonic = "OCIDescriptor",
        progress_message = "OCI Descriptor %{input}",
    )
    return descriptor

def _oci_image_impl(ctx):
    descriptors = [
        _descriptor(ctx, index, layer)
        for index, layer in enumerate(ctx.files.tars)
    ]
    config = ctx.actions.declare_file(ctx.label.name + ".config.json")
    ctx.actions.write(config, json.encode({
        "architecture": ctx.attr.architecture,
        "os": ctx.attr.os,
        "config": {
            "Entrypoint": ctx.attr.entrypoint,
            "Env": ["{}={}".format(name, value) for name, value in ctx.attr.env.items()],
            "ExposedPorts": {port: {} for port in ctx.attr.exposed_ports},
            "User": ctx.attr.user,
            "WorkingDir": ctx.attr.workdir,
        },
    }))

    output = ctx.actions.declare_directory(ctx.label.name)
    digest = ctx.actions.declare_file(ctx.label.name + ".json.sha256")
    args = ctx.actions.args()
    args.add("assemble")
    args.add("--config", config)
    if ctx.file.labels:
        args.add("--labels", ctx.file.labels)
    args.add_all(ctx.files.tars, before_each = "--layer")
    args.add_all(descriptors, before_each = "--descriptor")
    args.add("--digest", digest)
    args.add_all([output], before_each = "--output", expand_directories = False)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = ctx.files.tars + ctx.files.labels + descriptors + [config],
        outputs = [output, digest],
        mnemonic = "OCIImage",
        progress_message = "OCI Image %{label}",
    )
    return [
        DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output])),
        OutputGroupInfo(digest = depset([digest])),
    ]

oci_image = rule(
    implementation = _oci_image_impl,
    attrs = {
        "architecture": attr.string(mandatory = True),
        "entrypoint": attr.string_list(mandatory = True),
        "env": attr.string_dict(),
        "exposed_ports": attr.string_list(),
        "labels": attr.label(allow_single_file = True),
        "os": attr.string(mandatory = True, values = ["linux"]),
        "tars": attr.label_list(allow_files = [".tar", ".tar.gz", ".tgz"]),
        "user": attr.string(),
        "workdir": attr.string(),
        "_tool": attr.label(
            default = Label("//oci/private:assemble"),
            executable = True,
            cfg = "exec",
        ),
    },
)
