"""Conversion and verification give the command's documents, and its statuses as errors."""

import math

import pytest

import reuseformer


@pytest.fixture(scope="module")
def converted(fixtures, tmp_path_factory):
    output = tmp_path_factory.mktemp("converted") / "small.reuse.h5"
    lines = (fixtures / "encoder" / "calibration.txt").read_text(encoding="utf-8").splitlines()[:300]
    report = reuseformer.convert(fixtures / "encoder", output, calibration=lines, budget="1/4",
                                 options=["--calibration-tokens", "4000"])
    return output, report


def test_a_conversion_tells_what_it_cost(converted):
    output, report = converted
    assert output.exists() and 0.9 < report.metrics["hidden.cosine.mean"] < 1
    table = report.table()
    assert {row["metric"] for row in table} == set(report.metrics)
    assert all(isinstance(row["value"], float) for row in table)


def test_a_gate_that_fails_raises_with_the_report(fixtures, converted):
    output, _ = converted
    data = fixtures / "encoder" / "heldout.txt"
    report = reuseformer.verify(fixtures / "encoder", output, data, fail_on=["hidden.cosine.mean<0.5"])
    assert report.passed
    with pytest.raises(reuseformer.GateFailed, match="hidden.cosine.mean") as caught:
        reuseformer.verify(fixtures / "encoder", output, data, fail_on=["hidden.cosine.mean<0.99999999"])
    assert not caught.value.report.passed
    assert not math.isnan(caught.value.report.metrics["hidden.cosine.mean"])


def test_errors_are_those_of_the_exit_statuses(fixtures, tmp_path):
    with pytest.raises(reuseformer.UsageError):
        reuseformer.convert(fixtures / "encoder", tmp_path / "x.reuse.h5", ["a text"], budget="nonsense")
    broken = tmp_path / "broken.h5"
    broken.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(reuseformer.CorruptFile):
        reuseformer.verify(broken, broken, fixtures / "encoder" / "heldout.txt")
    assert not (tmp_path / "x.reuse.h5").exists()
