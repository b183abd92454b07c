"""JsInfo: what a target gives to those that depend on it."""

JsInfo = provider(
    doc = "The files of a target and of all that it depends on.",
    fields = {
        "npm_sources": "A depset: the npm packages.",
        "sources": "A depset: JavaScript and other files for run time.",
        "target": "The label of the target.",
        "transitive_sources": "A depset: sources, with those of dependencies.",
        "transitive_types": "A depset: types, with those of dependencies.",
        "types": "A depset: declarations (.d.ts).",
    },
)

def js_info(target, sources = depset(), types = depset(), npm_sources = depset(), deps = []):
    """Makes the JsInfo of a target.

    Args:
        target: its label.
        sources: a depset of its own sources.
        types: a depset of its own declarations.
        npm_sources: a depset of its own npm packages' files.
        deps: targets whose JsInfo, where they have one, it hands on.

    Returns:
        A JsInfo.
    """
    infos = [dep[JsInfo] for dep in deps if JsInfo in dep]
    return JsInfo(
        target = target,
        sources = sources,
        types = types,
        transitive_sources = depset(transitive = [sources] + [info.transitive_sources for info in infos]),
        transitive_types = depset(transitive = [types] + [info.transitive_types for info in infos]),
        npm_sources = depset(transitive = [npm_sources] + [info.npm_sources for info in infos]),
    )

def runtime_files(targets, types = False):
    """Returns a depset of the files that targets need when they run.

    Args:
        targets: targets with or without JsInfo; those of source files count for nothing, because
            whoever needs them takes their copies in the output tree.
        types: whether declarations are among them.

    Returns:
        A depset of files.
    """
    files = []
    for target in targets:
        own = target[DefaultInfo].files.to_list()
        if own and all([file.is_source for file in own]):
            continue
        if JsInfo in target:
            info = target[JsInfo]
            files += [info.transitive_sources, info.npm_sources]
            if types:
                files.append(info.transitive_types)
        files += [target[DefaultInfo].files, target[DefaultInfo].default_runfiles.files]
    return depset(transitive = files)
