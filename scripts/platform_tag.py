"""Checks that programs carry what they need, and prints the platform that a wheel of them is for.

    python3 scripts/platform_tag.py FOLDER        prints, for example, manylinux_2_34_x86_64

Every library that a file in FOLDER/bin or FOLDER/lib asks for has to lie in FOLDER/lib or be a part of glibc; programs
have to look for them beside themselves, and nothing may look into a folder of the machine that built it. The platform
is that of the newest symbol of glibc that any of the files asks for (PEP 600).
"""

import pathlib
import platform
import sys

from shared_objects import entries, glibc, headers, needed


def problems(folder):
    """What would fail elsewhere, a sentence each."""
    present = {path.name for path in (folder / "lib").iterdir()}
    for path in sorted([*(folder / "bin").iterdir(), *(folder / "lib").iterdir()]):
        for name in needed(path):
            if name not in present:
                yield "%s needs %s, which is not in the package" % (path.name, name)
        text = headers(path)
        paths = [each for key in ("RPATH", "RUNPATH") for value in entries(text, key) for each in value.split(":")]
        for each in paths:
            if each.startswith("$ORIGIN"):
                continue
            yield "%s looks for libraries in %s" % (path.name, each)
        # RUNPATH of a program does not hold for what its libraries need, and RPATH is ignored beside it.
        if path.parent.name == "bin" and (entries(text, "RUNPATH") or "$ORIGIN/../lib" not in paths):
            yield "%s does not look for its libraries in ../lib" % path.name


def main():
    folder = pathlib.Path(sys.argv[1])
    found = list(problems(folder))
    if found:
        sys.exit("\n".join("platform_tag: " + problem for problem in found))
    newest = max(glibc(path) for part in ("bin", "lib") for path in (folder / part).iterdir())
    # Tags begin with glibc 2.17 where wheels of today do.
    print("manylinux_%d_%d_%s" % (*max(newest, (2, 17)), platform.machine()))


if __name__ == "__main__":
    main()
