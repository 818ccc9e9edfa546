"""Puts the shared libraries that programs need beside them, with their licences.

    python3 scripts/collect_libraries.py FOLDER

FOLDER/bin holds the programs; libraries go to FOLDER/lib, licences to FOLDER/share/doc. The C library stays the
system's own.
"""

import os
import pathlib
import shutil
import subprocess
import sys

# Parts of glibc and of the loader: those of the machine where the programs run must be used.
SYSTEM = ("libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libresolv.so", "libutil.so", "ld-linux",
          "libanl.so", "libnss_")
# Loaded by name when it is first needed, so that no table lists it.
LOADED_LATER = ("libopenblas.so.0",)


def needed(path):
    """Names of the libraries that a file asks for."""
    text = subprocess.run(["objdump", "-p", str(path)], check=True, capture_output=True, text=True).stdout
    return [line.split()[1] for line in text.splitlines() if line.strip().startswith("NEEDED")]


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
        if name in done or name.startswith(SYSTEM):
            continue
        done.add(name)
        if name not in known:
            sys.exit("collect_libraries: %s is not on this machine" % name)
        target = stage / "lib" / name
        shutil.copy(os.path.realpath(known[name]), target)
        subprocess.run(["strip", "--strip-unneeded", str(target)], check=True)
        copy_licence(known[name], licences)
        waiting += needed(target)
    swift = shutil.which("swift")
    if swift:
        text = pathlib.Path(os.path.realpath(swift)).parent.parent / "share" / "swift" / "LICENSE.txt"
        if text.is_file():
            shutil.copy(text, licences / "swift.txt")
    print("collect_libraries: %d libraries" % len(done))


if __name__ == "__main__":
    main()
