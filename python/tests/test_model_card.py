"""`convert --model-card`: the metadata as an independent parser reads it, and figures as the report has them."""

import re
import subprocess

import pytest

import reuseformer
from reuseformer._commands import program

yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def written(fixtures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    report = reuseformer.convert(
        fixtures / "encoder", folder / "small model.reuse.h5", fixtures / "encoder/calibration.txt", budget="1/3",
        options=["--calibration-tokens", "3000", "--model-card", "--base-model", "some-owner/some_model.v2"])
    return folder, report, (folder / "README.md").read_text(encoding="utf-8")


def test_the_metadata_is_yaml_that_hubs_know(written):
    _, _, text = written
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["base_model"] == "some-owner/some_model.v2"
    assert head["base_model_relation"] == "quantized"
    assert head["library_name"] == "reuseformer"
    assert head["pipeline_tag"] == "fill-mask"
    assert {"reuseformer", "bert"} <= set(head["tags"])
    assert set(head) == {"base_model", "base_model_relation", "library_name", "pipeline_tag", "tags"}


def test_figures_are_those_of_the_report(written):
    folder, report, text = written
    rows = {cells[0].replace("\\", ""): cells[1:] for cells in (
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| "))}
    for metric in report["metrics"]:
        name = metric["metric"]
        if name.endswith(".saved"):
            continue
        shown = rows[name][0].split(" ")[0].replace("\u2212", "-")
        scale = 100 if "%" in rows[name][0].split("(")[0] else 1
        assert float(shown) == pytest.approx(metric["value"] * scale, rel=5e-3, abs=1e-5), name
    saved = report["savings"]["multiplyAdds"]
    change = next(cells for name, cells in rows.items() if name.startswith("multiply-adds"))[-1]
    expected = 100 * (saved["converted"] / saved["source"] - 1)
    assert float(change.replace("\u2212", "-").rstrip(" %")) == pytest.approx(expected, abs=0.006)
    digests = re.findall(r"\b[0-9a-f]{64}\b", text)
    assert report["circumstances"]["converted"][0]["sha256"] in digests
    size = (folder / "small model.reuse.h5").stat().st_size
    assert int(rows["small model.reuse.h5"][0]) == size


def test_the_command_stands_there_without_folders_of_the_machine(written, fixtures):
    _, _, text = written
    assert str(fixtures) not in text
    assert "--budget 1/3" in text and "'small model.reuse.h5'" in text


def test_an_existing_readme_is_kept_and_nothing_is_converted(fixtures, tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(reuseformer.FileProblem, match="README.md: exists already"):
        reuseformer.convert(fixtures / "encoder", tmp_path / "small.reuse.h5", fixtures / "encoder/calibration.txt",
                            budget="1/3", options=["--model-card"])
    assert (tmp_path / "README.md").read_text() == "mine"
    assert not (tmp_path / "small.reuse.h5").exists()


@pytest.mark.parametrize("options, words", [
    (["--base-model", "a/b"], "--model-card"), (["--model-card", "--base-model", "../x"], "OWNER/NAME"),
    (["--model-card", "--base-model", "a/b/c"], "OWNER/NAME")])
def test_what_makes_no_sense_is_a_mistake_of_usage(fixtures, tmp_path, options, words):
    with pytest.raises(reuseformer.UsageError, match=words):
        reuseformer.convert(fixtures / "encoder", tmp_path / "small.reuse.h5", fixtures / "encoder/calibration.txt",
                            budget="1/3", options=options)


def test_a_card_without_figures_is_refused(fixtures, tmp_path):
    done = subprocess.run([program(), "convert", str(fixtures / "encoder"), "--precision", "bf16", "--model-card", "-o",
                           str(tmp_path / "small.reuse.h5")], capture_output=True, text=True)
    assert done.returncode == 2 and "--calibration" in done.stderr
