"""Where the build downloads from: the only file of the tree that makes addresses.

Locks pin files by coordinates and hash; which host serves them is a setting, because companies
use mirrors. Both settings are given as `--repo_env=NAME=ADDRESS` (or in the environment), and any
mirror will do, since what it serves is checked against the lock.

GRANARY_DEBIAN_MIRROR: a Debian archive, the folder that holds `pool/`; the security archive is beside
    it, under the same name with `-security`, as Debian's mirrors have it. Such an archive drops a
    package when a newer version replaces it. Default: Debian's snapshot archive, which drops nothing.
GRANARY_MAVEN_MIRROR: a Maven repository. Default: a public cloud mirror of Maven Central.
"""

_DEBIAN_SNAPSHOTS = "https://snapshot.debian.org/archive"
_MAVEN_DEFAULT = "https://maven-central.storage-download.googleapis.com/maven2"

def debian_urls(ctx, path, snapshot, archive = "debian"):
    """Returns the addresses to try for a file of Debian's pool.

    Args:
        ctx: the repository or module extension context.
        path: the file's path in the archive, such as `pool/main/t/tzdata/tzdata_2025b-4_all.deb`.
        snapshot: the time, as `20250801T000000Z`, at which the default archive is read.
        archive: `debian` or `debian-security`.

    Returns:
        A list of addresses, the best first.
    """
    mirror = _setting(ctx, "GRANARY_DEBIAN_MIRROR")
    if mirror:
        root = mirror + archive.removeprefix("debian")
    else:
        root = "%s/%s/%s" % (_DEBIAN_SNAPSHOTS, archive, snapshot)
    return ["%s/%s" % (root, path)]

def maven_urls(ctx, path):
    """Returns the addresses to try for a file of Maven Central.

    Args:
        ctx: the repository or module extension context.
        path: the file's path in the repository, such as `org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar`.

    Returns:
        A list of addresses, the best first.
    """
    return ["%s/%s" % (_setting(ctx, "GRANARY_MAVEN_MIRROR") or _MAVEN_DEFAULT, path)]

def _setting(ctx, name):
    """Returns an address from the settings without its last slash, or "" when it is unset."""
    address = ctx.getenv(name) or ""
    if address and "://" not in address:
        fail("%s is '%s': it takes an address, such as https://mirror.example/path" % (name, address))
    return address.rstrip("/")
