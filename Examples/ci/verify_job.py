#!/usr/bin/env python3
"""Checks a converted model in a CI job: installs the programs by checksum, verifies, and tells the job what came out.

What is asked comes from the environment, as GitHub's and GitLab's jobs hand it over:

    RF_SOURCE, RF_CONVERTED, RF_DATA    paths of the models and of held-out texts
    RF_GATES                            conditions under which the model is not good enough, one a line
    RF_OPTIONS                          further options of `reuseformer verify`, as a shell would split them
    RF_ARCHIVE, RF_SHA256               path or address of the archive of programs, and its digest; none: PATH has them
    RF_JUNIT                            where the verdict goes as JUnit XML (verdict.xml)

Writes a table to GITHUB_STEP_SUMMARY (to the log where there is none), `verdict`, `score` and `saved` to GITHUB_OUTPUT,
and an annotation for each gate that failed. The exit status is that of `verify`. Only Python's own library is needed.
"""

import hashlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request

#: A job's summary may have a mebibyte; what does not fit is counted.
SUMMARY_LIMIT = 1 << 20
#: Of the errors of a step so many are shown.
ANNOTATION_LIMIT = 10


def annotate(message):
    """An error beside the job, where it is one of GitHub's; a line of its log elsewhere."""
    if os.environ.get("GITHUB_ACTIONS"):
        text = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print("::error title=reuseformer::" + text, flush=True)
    else:
        print("error: " + message, file=sys.stderr)


def fail(message, status):
    """Ends the job with an annotation."""
    annotate(message)
    sys.exit(status)


def installed(archive, digest, folder):
    """The command out of an archive whose digest is as it should be."""
    if not archive:
        command = shutil.which("reuseformer")
        return command or fail("reuseformer is not on the PATH; give an archive and its sha256", 6)
    if len(digest) != 64:
        fail("sha256 must be given with an archive: 64 hexadecimal digits", 2)
    path = pathlib.Path(archive)
    if "://" in archive:
        path = folder / "reuseformer.tar.gz"
        try:
            with urllib.request.urlopen(archive, timeout=60) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)
        except OSError as error:
            fail("%s: %s" % (archive, error), 6)
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        fail(str(error), 6)
    if found != digest.lower():
        fail("%s: its SHA-256 is %s, not %s; nothing of it was run" % (archive, found, digest), 5)
    with tarfile.open(path) as programs:
        # Members are checked by the library where it knows how; the digest has vouched for them in any case.
        programs.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    command = next(folder.glob("*/bin/reuseformer"), None)
    return str(command) if command else fail("%s: holds no bin/reuseformer" % archive, 5)


def number(value):
    """A number as people read it."""
    return "%.5g" % value if isinstance(value, (int, float)) else "not measured"


def cell(value):
    """A number, or a text that cannot leave its cell."""
    if value is None or isinstance(value, (int, float)):
        return number(value)
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def summary(report):
    """The verdict, the gates and the metrics as tables, within the limit."""
    names = [cell(report.get(side, {}).get("name", side)) for side in ("source", "converted")]
    verdict = "✅ good enough" if report.get("passed") else "❌ not good enough"
    lines = ["### %s: %s" % (names[1], verdict), "", "compared with %s on %s texts" % (
        names[0], report.get("data", {}).get("texts", "?")), ""]
    if report.get("gates"):
        lines += ["| fails when | value | |", "| --- | ---: | --- |"]
        lines += ["| %s | %s | %s |" % (cell(gate["condition"]), cell(gate.get("value")),
                                        "passed" if gate["passed"] else "**failed**") for gate in report["gates"]]
        lines.append("")
    savings = report.get("savings", {})
    lines += ["| | source | converted |", "| --- | ---: | ---: |"]
    lines += ["| %s | %s | %s |" % (name, savings[key]["source"], savings[key]["converted"])
              for name, key in (("bytes", "bytes"), ("multiply-adds", "multiplyAdds"), ("maps", "maps"))
              if key in savings]
    lines += ["", "| metric | value |", "| --- | ---: |"]
    lines += ["| %s | %s |" % (cell(row["metric"]), cell(row.get("value"))) for row in report.get("metrics", [])]
    kept, size = [], 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > SUMMARY_LIMIT - 200:
            break
        kept.append(line)
    if len(kept) < len(lines):
        kept += ["", "%d lines were left out." % (len(lines) - len(kept))]
    return "\n".join(kept) + "\n"


def append(variable, text):
    """Adds to a file that the job names, where it names one."""
    if os.environ.get(variable):
        with open(os.environ[variable], "a", encoding="utf-8") as file:
            file.write(text)


def main():
    def given(name, fallback=None):
        value = os.environ.get(name, "").strip() or fallback
        return value if value is not None else fail("%s is not set" % name, 2)

    with tempfile.TemporaryDirectory() as folder:
        command = installed(given("RF_ARCHIVE", ""), given("RF_SHA256", ""), pathlib.Path(folder))
        arguments = [command, "verify", given("RF_SOURCE"), given("RF_CONVERTED"), "--data", given("RF_DATA"), "--json",
                     "--junit", given("RF_JUNIT", "verdict.xml"), "--force"]
        for line in given("RF_GATES", "").splitlines():
            if line.strip():
                arguments += ["--fail-on", line.strip()]
        arguments += shlex.split(given("RF_OPTIONS", ""))
        try:
            result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                                    errors="replace")
        except OSError as error:
            fail("%s cannot be run on this machine: %s" % (command, error.strerror), 1)
    sys.stderr.write(result.stderr)
    if result.returncode not in (0, 3):
        append("GITHUB_OUTPUT", "verdict=error\n")
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        fail(lines[-1] if lines else "verify ended with status %d" % result.returncode, result.returncode)
    report = json.loads(result.stdout)
    metrics = {row["metric"]: row.get("value") for row in report.get("metrics", [])}
    failed = ["%s: %s is %s" % (gate["condition"], gate["metric"], number(gate.get("value")))
              for gate in report.get("gates", []) if not gate["passed"]]
    if len(failed) > ANNOTATION_LIMIT:
        rest = failed[ANNOTATION_LIMIT - 1:]
        failed[ANNOTATION_LIMIT - 1:] = ["%d more gates failed:\n%s" % (len(rest), "\n".join(rest))]
    for message in failed:
        annotate(message)
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        append("GITHUB_STEP_SUMMARY", summary(report))
    else:
        print(summary(report))
    score = next((metrics[name] for name in ("spearman", "accuracy", "pooled.cosine.mean", "top1.agreement",
                                             "hidden.cosine.mean", "output.r2") if metrics.get(name) is not None), "")
    append("GITHUB_OUTPUT", "verdict=%s\nscore=%s\nsaved=%s\n" % (
        "passed" if report.get("passed") else "failed", score, metrics.get("macs.saved", "")))
    sys.exit(result.returncode)


if __name__ == "__main__":
    main()
