"""The hook that checks digests of models and plans."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import deep_model
import pytest

import reuseformer
from reuseformer._commands import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "Examples" / "ci" / "check_digests.py"


@pytest.fixture(scope="module")
def made(fixtures, tmp_path_factory):
    """A model, the plan that it was made by, and the analysis that the plan was made from."""
    folder = tmp_path_factory.mktemp("digests")
    data = fixtures / "encoder" / "calibration.txt"
    subprocess.run([program(), "analyze", str(fixtures / "encoder"), "--calibration", str(data), "--calibration-tokens",
                    "3000", "-o", str(folder / "analysis.json"), "--quiet"], check=True)
    subprocess.run([program(), "plan", str(folder / "analysis.json"), "--budget", "1/6", "-o",
                    str(folder / "plan.json")], check=True, stdout=subprocess.DEVNULL)
    reuseformer.convert(fixtures / "encoder", folder / "small.reuse.h5", plan=folder / "plan.json",
                        options=["--heal", "none"])
    return folder


def check(*arguments, **more):
    result = subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, encoding="utf-8", **more)
    return result.returncode, result.stdout, result.stderr


def test_what_was_not_changed_is_sound(made):
    status, told, _ = check("--analysis", made / "analysis.json", made / "plan.json", made / "small.reuse.h5",
                            made / "analysis.json")
    assert status == 0 and told.count("sound") == 2


@pytest.mark.parametrize("place", [5, 20, 40, 100, 511, 512, 70_000, 1_100_000, -1])
def test_one_changed_byte_is_found(made, tmp_path, place):
    contents = bytearray((made / "small.reuse.h5").read_bytes())
    contents[place] ^= 1
    (tmp_path / "x.reuse.h5").write_bytes(contents)
    assert check(tmp_path / "x.reuse.h5")[0] == 5


@pytest.mark.parametrize("length", [0, 100, 512, 1_048_576 + 512, -1])
def test_a_cut_file_is_found(made, tmp_path, length):
    (tmp_path / "x.reuse.h5").write_bytes((made / "small.reuse.h5").read_bytes()[:length])
    assert check(tmp_path / "x.reuse.h5")[0] == 5


def test_a_plan_of_another_analysis_is_found(made, tmp_path):
    (tmp_path / "analysis.json").write_bytes((made / "analysis.json").read_bytes() + b"\n")
    status, _, message = check("--analysis", tmp_path / "analysis.json", made / "plan.json")
    assert status == 5 and "was made from the analysis" in message
    plan = json.loads((made / "plan.json").read_text(encoding="utf-8"))
    plan["model"] = "no digest"
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert check(tmp_path / "plan.json")[0] == 5
    (tmp_path / "plan.json").write_text("[" * 100_000)
    assert check(tmp_path / "plan.json")[0] == 5
    assert check(tmp_path / "not there.json")[0] == 6


def test_a_plan_for_another_model_is_found(made, fixtures, tmp_path):
    environment = dict(os.environ)
    environment["PATH"] = os.path.dirname(os.path.abspath(program())) + os.pathsep + environment["PATH"]
    assert check("--model", fixtures / "encoder", made / "plan.json", env=environment)[0] == 0
    other = deep_model.write(tmp_path / "other", fixtures / "encoder", layers=2)
    status, _, message = check("--model", other, made / "plan.json", env=environment)
    assert status == 5 and "does not fit" in message


def test_a_pointer_of_lfs_leads_to_its_file(made, tmp_path):
    contents = (made / "small.reuse.h5").read_bytes()
    oid = hashlib.sha256(contents).hexdigest()
    (tmp_path / "x.reuse.h5").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
        oid, len(contents)))
    status, told, _ = check(tmp_path / "x.reuse.h5")
    assert status == 0 and "not checked" in told
    stored = tmp_path / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4]
    stored.mkdir(parents=True)
    (stored / oid).write_bytes(contents[:-1])
    assert check(tmp_path / "x.reuse.h5")[0] == 5


def test_the_hook_names_the_script_and_takes_the_right_files():
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert (ROOT / re.search("entry: (.*)", text)[1]).samefile(SCRIPT)
    files = re.compile(re.search("files: '(.*)'", text)[1])
    assert all(map(files.search, ("a/small.reuse.h5", "plan.json", "plans/plan-third.json")))
    assert not any(map(files.search, ("package.json", "model.h5", "plans/readme.md")))
