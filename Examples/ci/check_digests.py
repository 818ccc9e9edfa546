#!/usr/bin/env python3
"""Checks that models and plans are what they were when they were written: a hook for pre-commit, or a step of a job.

    check_digests.py [--analysis FILE] [--model FOLDER] FILE...

    *.reuse.h5    every byte against the digests that the file carries (docs/format.md); a pointer of Git LFS against
                  the file that it stands for, where that is here
    *.json        a plan: its version, the form of its digests; with --analysis, that it was made from that analysis;
                  with --model, that it fits that model's layers and heads (`reuseformer validate`, on the PATH)

Other JSON files are passed over. The exit status is 0, 5 when something is damaged or does not belong together, or 6
when a file cannot be read. Only Python's own library is needed.
"""

import argparse
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import sys

HEAD, BLOCK = 512, 1 << 20
MAGIC = b"\x89REUSE\r\n"
VERSIONS = (1, 2)
DIGEST = re.compile("[0-9a-f]{64}")


class Damaged(Exception):
    """What is wrong with a file."""


def check_model(path):
    """Compares every byte of a .reuse.h5 with the digests that it carries."""
    length = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(HEAD)
        if head.startswith(b"version https://git-lfs.github.com/spec/"):
            return check_pointer(path, head.decode("utf-8", "replace"))
        if len(head) < HEAD or head[:8] != MAGIC:
            raise Damaged("is no .reuse.h5 file")
        if hashlib.sha256(head[:64]).digest() != head[64:96] or any(head[96:]):
            raise Damaged("its first 512 bytes were changed")
        version, size, written_length, table, digest = struct.unpack_from("<IIQQ32s", head, 8)
        if version not in VERSIONS or size != HEAD:
            raise Damaged("has version %d, which is not known here" % version)
        blocks = -(-(table - HEAD) // BLOCK)
        if written_length != length or not HEAD < table < length or length != table + 32 * blocks:
            raise Damaged("has %d bytes, and was written with %d" % (length, written_length))
        file.seek(table)
        digests = file.read(32 * blocks)
        if hashlib.sha256(digests).digest() != digest:
            raise Damaged("its table of digests was changed")
        file.seek(HEAD)
        for index in range(blocks):
            contents = file.read(min(BLOCK, table - HEAD - index * BLOCK))
            if hashlib.sha256(contents).digest() != digests[32 * index:32 * index + 32]:
                raise Damaged("was changed between bytes %d and %d" % (
                    HEAD + index * BLOCK, HEAD + index * BLOCK + len(contents)))
    return "%d blocks" % blocks


def check_pointer(path, text):
    """Compares the file that a pointer of Git LFS stands for, where it is here, with the pointer's digest."""
    oid = re.search("^oid sha256:([0-9a-f]{64})$", text, flags=re.MULTILINE)
    if oid is None:
        raise Damaged("is a pointer of Git LFS without a digest")
    folder = next((each for each in path.resolve().parents if (each / ".git").is_dir()), None)
    stored = folder / ".git" / "lfs" / "objects" / oid[1][:2] / oid[1][2:4] / oid[1] if folder else None
    if stored is None or not stored.is_file():
        return "a pointer of Git LFS to %s…, which is not here: not checked" % oid[1][:12]
    return check_model(stored)


def check_plan(path, analysis, model):
    """Checks a plan; another JSON document gives nothing."""
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Damaged("is no JSON: %s" % error) from None
    if not isinstance(plan, dict) or not {"version", "budget", "layers"} <= set(plan):
        return None
    if plan["version"] != 1:
        raise Damaged("is a plan of version %r, which is not known here" % plan["version"])
    for name in ("analysis", "model"):
        if not DIGEST.fullmatch(str(plan.get(name, "0" * 64))):
            raise Damaged("%s: %r is no SHA-256" % (name, plan[name]))
    if analysis:
        contents = analysis.read_bytes()
        found = hashlib.sha256(contents).hexdigest()
        if "analysis" in plan and plan["analysis"] != found:
            raise Damaged("was made from the analysis %s…, and %s is %s…" % (
                plan["analysis"][:12], analysis, found[:12]))
        analysed = json.loads(contents).get("model")
        if "model" in plan and plan["model"] != analysed:
            raise Damaged("is for the model %s…, and %s is of %s…" % (plan["model"][:12], analysis, analysed[:12]))
    if model:
        try:
            result = subprocess.run(["reuseformer", "validate", str(path), "--model", model], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
        except OSError as error:
            raise Damaged("cannot be compared with its model: reuseformer: %s" % error.strerror) from None
        if result.returncode:
            raise Damaged("does not fit %s: %s" % (model, result.stderr.strip()))
    return "a plan"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--analysis", type=pathlib.Path, help="the analysis that plans were made from")
    parser.add_argument("--model", help="the model that plans are for")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    status = 0
    for path in arguments.files:
        try:
            if path.name.endswith(".json"):
                found = check_plan(path, arguments.analysis, arguments.model)
            else:
                found = check_model(path)
            if found:
                print("%s: sound (%s)" % (path, found))
        except Damaged as problem:
            print("%s: %s" % (path, problem), file=sys.stderr)
            status = max(status, 5)
        except OSError as error:
            print("%s: %s" % (path, error.strerror or error), file=sys.stderr)
            status = 6
    return status


if __name__ == "__main__":
    sys.exit(main())
