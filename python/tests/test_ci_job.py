"""The script of the CI job, run with the variables that a hosted job sets."""

import hashlib
import importlib.util
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

import deep_model
import pytest

import reuseformer
from reuseformer._commands import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "Examples" / "ci" / "verify_job.py"


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
        os.environ, GITHUB_ACTIONS="true", RF_SOURCE=str(fixtures / "encoder"), RF_CONVERTED=str(converted),
        RF_GATES=gates, RF_DATA=str(fixtures / "encoder" / "heldout.txt"), RF_JUNIT=str(tmp_path / "verdict.xml"),
        **{name: str(path) for name, path in files.items()})
    environment["PATH"] = os.path.dirname(os.path.abspath(program())) + os.pathsep + environment["PATH"]
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


def test_more_failures_than_a_step_shows_are_told_in_the_last_annotation(fixtures, tmp_path, converted):
    gates = "\n".join("hidden.cosine.mean<0.99999%d" % digit for digit in range(10)) + "\nhidden.cosine.min<0.999999"
    status, printed, _, _ = job(fixtures, tmp_path, converted, gates)
    lines = [line for line in printed.splitlines() if line.startswith("::error")]
    assert status == 3 and len(lines) == 10
    assert "2 more gates failed" in lines[-1] and "hidden.cosine.min" in lines[-1] and "%0A" in lines[-1]


def test_a_model_of_300_layers_has_a_summary_within_the_limit(fixtures, tmp_path):
    deep = deep_model.write(tmp_path / "deep", fixtures / "encoder", layers=300)
    reuseformer.convert(deep, tmp_path / "deep.reuse.h5", options=["--precision", "int8"])
    texts = (fixtures / "encoder" / "heldout.txt").read_text(encoding="utf-8").splitlines()[:20]
    (tmp_path / "few.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    status, _, outputs, summary = job(fixtures, tmp_path, tmp_path / "deep.reuse.h5", "hidden.cosine.mean<0.5",
                                      RF_SOURCE=str(deep), RF_DATA=str(tmp_path / "few.txt"))
    assert status == 0 and outputs["verdict"] == "passed"
    assert 200 < len(summary.encode()) < 1 << 20


def test_elsewhere_than_on_github_the_table_is_in_the_log(fixtures, tmp_path, converted):
    status, printed, _, _ = job(fixtures, tmp_path, converted, "hidden.cosine.mean<0.99999999", GITHUB_ACTIONS="",
                                GITHUB_STEP_SUMMARY="", GITHUB_OUTPUT="")
    assert status == 3 and "::error" not in printed and "| hidden.cosine.mean" in printed


def test_the_action_hands_every_input_to_the_script():
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    given = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", action))
    asked = set(re.findall(r"^  ([\w-]+):$", action.partition("outputs:")[0], flags=re.MULTILINE))
    assert given == asked
    variables = set(re.findall(r"^ +(RF_\w+):", action, flags=re.MULTILINE))
    assert variables == set(re.findall(r'given\("(RF_\w+)"', SCRIPT.read_text(encoding="utf-8")))
    # What stands in an input is never part of a command line.
    assert "${{" not in action.partition("run: python3")[2]


def test_the_template_for_gitlab_runs_what_the_archive_carries(fixtures, tmp_path, converted):
    top = tmp_path / "reuseformer-1-linux"
    (top / "share" / "reuseformer" / "ci").mkdir(parents=True)
    (top / "bin").mkdir()
    (top / "bin" / "reuseformer").symlink_to(program())
    shutil.copy(SCRIPT, top / "share" / "reuseformer" / "ci")
    with tarfile.open(tmp_path / "programs.tar.gz", "w:gz") as file:
        file.add(top, top.name)
    text = (ROOT / "Examples" / "ci" / "gitlab.yml").read_text(encoding="utf-8")
    lines = re.findall(r"^    - (.*)$", text.partition("script:")[2].partition("artifacts:")[0], flags=re.MULTILINE)
    work = tmp_path / "work"
    work.mkdir()
    digest = hashlib.sha256((tmp_path / "programs.tar.gz").read_bytes()).hexdigest()
    for sum_, status in ((digest, 0), ("0" * 64, 1)):
        environment = dict(
            os.environ, RF_SOURCE=str(fixtures / "encoder"), RF_CONVERTED=str(converted),
            RF_DATA=str(fixtures / "encoder" / "heldout.txt"), RF_GATES="hidden.cosine.mean<0.5",
            RF_PROGRAMS=(tmp_path / "programs.tar.gz").as_uri(), RF_PROGRAMS_SHA256=sum_)
        result = subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=work, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, encoding="utf-8")
        assert result.returncode == status, result.stderr
        assert ("good enough" in result.stdout) == (status == 0)
    assert (work / "verdict.xml").exists()


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
