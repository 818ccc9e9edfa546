"""Puts the shared libraries that programs need beside them, with the licences of all that is inside.

    python3 scripts/collect_libraries.py FOLDER [ARCHIVES]

FOLDER/bin holds the programs; libraries go to FOLDER/lib, licences to FOLDER/share/doc. ARCHIVES is a folder with the
libraries (.a) that were linked statically. The C library stays the system's own.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from shared_objects import needed

# Loaded by name when it is first needed, so that no table lists it.
LOADED_LATER = ("libopenblas.so.0",)
# What the static Swift library holds besides what is Swift's own: a package whose licence is the same text.
INSIDE_SWIFT = (("icu", ("libicu-dev", "libicu72", "libicu76", "libicu74")),)


def places():
    """Where the loader finds each name."""
    found = {}
    listing = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        name, arrow, path = line.strip().partition(" => ")
        if arrow and ("x86-64" in name or "AArch64" in name):
            found.setdefault(name.split()[0], path)
    return found


def copy_licence(library, folder):
    """The licence text of the package that a library came from."""
    for path in (str(library), os.path.realpath(library)):
        for candidate in {path, path.replace("/lib/", "/usr/lib/", 1), path.replace("/usr/lib/", "/lib/", 1)}:
            owner = subprocess.run(["dpkg", "-S", candidate], capture_output=True, text=True)
            if owner.returncode == 0:
                package = owner.stdout.split(":")[0]
                text = pathlib.Path("/usr/share/doc", package, "copyright")
                if text.is_file():
                    shutil.copy(text, folder / (package + ".txt"))
                    return
    sys.exit("collect_libraries: no licence found for %s" % library)


def copy_licences_of_swift(folder):
    """The licences of the Swift library and of what is inside it."""
    compiler = shutil.which("swift") or sys.exit("collect_libraries: there is no swift whose licence could be copied")
    text = pathlib.Path(os.path.realpath(compiler)).parent.parent / "share" / "swift" / "LICENSE.txt"
    if not text.is_file():
        sys.exit("collect_libraries: no licence found for Swift (%s)" % text)
    shutil.copy(text, folder / "swift.txt")
    for name, packages in INSIDE_SWIFT:
        texts = [pathlib.Path("/usr/share/doc", package, "copyright") for package in packages]
        text = next((each for each in texts if each.is_file()), None)
        if text is None:
            sys.exit("collect_libraries: no licence found for %s; install %s" % (name, packages[0]))
        shutil.copy(text, folder / (name + ".txt"))


def main():
    stage = pathlib.Path(sys.argv[1])
    licences = stage / "share" / "doc" / "reuseformer" / "licences"
    licences.mkdir(parents=True, exist_ok=True)
    known = places()
    waiting = list(LOADED_LATER)
    for program in sorted((stage / "bin").iterdir()):
        waiting += needed(program)
    done = set()
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        if name not in known:
            sys.exit("collect_libraries: %s is not on this machine" % name)
        target = stage / "lib" / name
        shutil.copy(os.path.realpath(known[name]), target)
        subprocess.run(["strip", "--strip-unneeded", str(target)], check=True)
        target.chmod(0o644)
        copy_licence(known[name], licences)
        waiting += needed(target)
    for archive in sorted(pathlib.Path(sys.argv[2]).glob("*.a")) if len(sys.argv) > 2 else []:
        copy_licence(os.path.realpath(archive), licences)
    copy_licences_of_swift(licences)
    print("collect_libraries: %d libraries, %d licences" % (len(done), len(list(licences.iterdir()))))


if __name__ == "__main__":
    main()
