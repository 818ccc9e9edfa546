"""The script of the CI job, run with the variables that a hosted job sets."""

import hashlib
import importlib.util
import io
import os
import pathlib
import subprocess
import sys
import tarfile

import pytest

import reuseformer
from reuseformer._commands import program

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "Examples" / "ci" / "verify_job.py"


@pytest.fixture(scope="module")
def converted(fixtures, tmp_path_factory):
    output = tmp_path_factory.mktemp("ci") / "small.reuse.h5"
    reuseformer.convert(fixtures / "encoder", output, fixtures / "encoder" / "calibration.txt", budget="1/4",
                        options=["--calibration-tokens", "4000"])
    return output


def job(fixtures, tmp_path, converted, gates="", **more):
    """Runs the job; its status, what it printed, its outputs and its summary."""
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    environment = dict(
        os.environ, RF_SOURCE=str(fixtures / "encoder"), RF_CONVERTED=str(converted), RF_GATES=gates,
        RF_DATA=str(fixtures / "encoder" / "heldout.txt"), RF_JUNIT=str(tmp_path / "verdict.xml"),
        **{name: str(path) for name, path in files.items()})
    environment["PATH"] = os.path.dirname(program()) + os.pathsep + environment["PATH"]
    environment.update(more)
    result = subprocess.run([sys.executable, str(SCRIPT)], env=environment, stdout=subprocess.PIPE, encoding="utf-8")
    outputs, summary = [path.read_text(encoding="utf-8") if path.exists() else "" for path in files.values()]
    return result.returncode, result.stdout, dict(line.split("=", 1) for line in outputs.splitlines()), summary


def test_a_good_model_passes_with_outputs_and_summary(fixtures, tmp_path, converted):
    status, printed, outputs, summary = job(fixtures, tmp_path, converted, "hidden.cosine.mean<0.5\nmaps.saved<0.2")
    assert status == 0 and "::error" not in printed
    assert outputs["verdict"] == "passed" and float(outputs["score"]) > 0.9 and float(outputs["saved"]) > 0
    assert "good enough" in summary and "| hidden.cosine.mean &lt; 0.5 |" in summary
    assert (tmp_path / "verdict.xml").exists()


def test_a_bad_model_fails_the_job_with_an_annotation(fixtures, tmp_path, converted):
    status, printed, outputs, summary = job(fixtures, tmp_path, converted, "hidden.cosine.mean<0.99999999")
    assert status == 3 and printed.count("::error") == 1 and "hidden.cosine.mean" in printed
    assert outputs["verdict"] == "failed" and "**failed**" in summary


def test_a_missing_file_ends_with_the_commands_status(fixtures, tmp_path, converted):
    status, printed, outputs, _ = job(fixtures, tmp_path, tmp_path / "nothing.reuse.h5")
    assert status == 6 and "nothing.reuse.h5" in printed and outputs["verdict"] == "error"


def test_an_archive_with_another_digest_is_not_run(fixtures, tmp_path, converted):
    archive = tmp_path / "programs.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        member = tarfile.TarInfo("reuseformer-1/bin/reuseformer")
        script = b"#!/bin/sh\ntouch %s\n" % str(tmp_path / "was-run").encode()
        member.size, member.mode = len(script), 0o755
        file.addfile(member, io.BytesIO(script))
    status, printed, _, _ = job(fixtures, tmp_path, converted, RF_ARCHIVE=str(archive), RF_SHA256="0" * 64)
    assert status == 5 and "nothing of it was run" in printed
    assert not (tmp_path / "was-run").exists()
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    job(fixtures, tmp_path, converted, RF_ARCHIVE=str(archive), RF_SHA256=digest)
    assert (tmp_path / "was-run").exists()


def test_a_summary_stays_within_its_limit():
    spec = importlib.util.spec_from_file_location("verify_job", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    report = {"passed": True, "metrics": [{"metric": "m%d | <b>" % index + "x" * 200, "value": 1.0}
                                          for index in range(20_000)]}
    text = module.summary(report)
    assert len(text.encode()) <= module.SUMMARY_LIMIT and "lines were left out" in text
    assert "<b>" not in text
