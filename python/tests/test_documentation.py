"""What docs/python.md and the docstrings say works as it stands there, with fixtures in the place of the models."""

import pathlib
import re
import shutil

import pytest

import reuseformer

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACES = {"all-MiniLM-L6-v2": "encoder", "sentiment": "sentences/cross_encoder", "reranker": "sentences/cross_encoder",
          "gpt": "gpt", "texts.txt": "encoder/calibration.txt", "heldout.txt": "encoder/heldout.txt"}


def test_the_examples_run_in_order(fixtures, tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8").partition("## Exports")[0]
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 2
    for name, place in PLACES.items():
        source = fixtures / place
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            # A few lines are enough to learn from.
            (tmp_path / name).write_text("".join(source.open(encoding="utf-8").readlines()[:400]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    for model in [value for value in names.values() if hasattr(value, "close")]:
        model.close()
    assert (tmp_path / "small.reuse.h5").exists() and capsys.readouterr().out


def test_everything_public_is_documented():
    for name in reuseformer.__all__:
        value = getattr(reuseformer, name)
        if not callable(value):
            continue
        assert value.__doc__, name
        for member, what in vars(value).items() if isinstance(value, type) else ():
            if not member.startswith("_") and (callable(what) or isinstance(what, property)):
                assert what.__doc__, "%s.%s" % (name, member)
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    kinds = [name for name in reuseformer.__all__ if isinstance(getattr(reuseformer, name), type)
             and issubclass(getattr(reuseformer, name), (Exception, Warning))]
    assert not [name for name in kinds if "`%s`" % name not in text]


def test_a_report_is_a_table():
    pandas = pytest.importorskip("pandas")
    report = reuseformer.Report({"metrics": [{"metric": "a", "value": 1.5}, {"metric": "b", "value": "not a number"}]})
    frame = pandas.DataFrame(report.table())
    assert list(frame["metric"]) == ["a", "b"] and frame["value"].isna().tolist() == [False, True]
