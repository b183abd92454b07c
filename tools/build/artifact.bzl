"""What deploy rules take: the one provider that every packaging rule gives beside its files."""

ArtifactInfo = provider(
    doc = "Something that is deployed as it is: built once, named by what is in it.",
    fields = {
        "kind": "What it is: `lambda_zip`.",
        "file": "The artifact, a File.",
        "digest": "A File with the name of its content as the target system writes it, one line: for a zip " +
                  "the base64 of its SHA-256, which Lambda calls CodeSha256.",
        "settings": "A dict of strings that deploying needs to know: for a zip `architecture` (x86_64 or " +
                    "arm64, Lambda's names), `handler` and `runtime`.",
    },
)
