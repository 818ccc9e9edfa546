"""What programs and shared libraries ask of the system that they run on, as their ELF headers say it."""

import re
import subprocess

# Parts of glibc and of the loader: those of the machine where the programs run must be used.
SYSTEM = ("libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libresolv.so", "libutil.so", "ld-linux",
          "libanl.so", "libnss_")


def headers(path):
    """What objdump says of a file."""
    return subprocess.run(["objdump", "-p", str(path)], check=True, capture_output=True, text=True).stdout


def entries(text, key):
    """Values of the dynamic section under a key, such as NEEDED or RPATH."""
    return re.findall(r"^\s*%s\s+(\S+)" % key, text, flags=re.MULTILINE)


def is_system(name):
    """Whether a library must be the system's own."""
    return name.startswith(SYSTEM)


def needed(path):
    """Names of the libraries that a file asks for, those of the system left out."""
    return [name for name in entries(headers(path), "NEEDED") if not is_system(name)]


def glibc(path):
    """The newest version of glibc that a file asks for, as a pair of numbers."""
    versions = re.findall(r"\bGLIBC_(\d+)\.(\d+)", headers(path).partition("Version References:")[2])
    return max(((int(major), int(minor)) for major, minor in versions), default=(2, 0))
