"""Exports run in ONNX Runtime and give what our runtime gives; what has no form is refused by name."""

import numpy as np
import pytest

import reuseformer

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("hdf5plugin")

from reuseformer.export import to_onnx  # noqa: E402

#: Fixture, calibration data, and options of the conversion: encoder, decoder, encoder–decoder, pictures.
MODELS = {
    "encoder": ("encoder", "encoder/calibration.txt", []),
    "gpt": ("gpt", "encoder/calibration.txt", []),
    "t5": ("t5", "t5/calibration.tsv", []),
    "vit": ("vit/model.keras", "vit/calibration.npz", ["--assume", "PositionTable=usual"]),
}


@pytest.fixture(scope="module", params=["encoder", "gpt", "t5", "vit"])
def converted(request, fixtures, tmp_path_factory):
    folder, calibration, options = MODELS[request.param]
    output = tmp_path_factory.mktemp("onnx") / (request.param + ".reuse.h5")
    reuseformer.convert(fixtures / folder, output, fixtures / calibration, budget="1/3",
                        options=["--calibration-tokens", "3000", *options])
    return output


def test_an_export_gives_the_outputs_of_our_runtime_on_padded_inputs(converted, tmp_path):
    target = tmp_path / "model.onnx"
    assert to_onnx(converted, target) < 1e-4
    onnx.checker.check_model(str(target), full_check=True)


def test_batch_and_length_stay_free(fixtures, tmp_path, converted):
    target = tmp_path / "model.onnx"
    to_onnx(converted, target)
    session = onnxruntime.InferenceSession(str(target))
    names = {item.name for item in session.get_inputs()}
    if "input_ids" not in names or "decoder_input_ids" in names:
        pytest.skip("not a model of one text")
    for shape in ((1, 3), (5, 17)):
        given = {name: np.ones(shape, np.int64) for name in names}
        assert session.run(None, given)[0].shape[:2] == shape


def test_an_existing_file_is_kept_unless_told(converted, tmp_path):
    target = tmp_path / "model.onnx"
    target.write_text("mine")
    with pytest.raises(reuseformer.FileProblem, match="exists already"):
        to_onnx(converted, target)
    assert target.read_text() == "mine"


def test_an_export_that_differs_is_refused_and_leaves_nothing(converted, tmp_path, monkeypatch):
    from reuseformer.export import onnx_graph

    monkeypatch.setattr(onnx_graph, "TOLERANCE", 0.0)
    with pytest.raises(reuseformer.GateFailed, match="differs from our runtime"):
        to_onnx(converted, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_what_has_no_form_is_refused_with_the_nodes_name(converted, monkeypatch, tmp_path):
    from reuseformer.export import onnx_graph

    monkeypatch.delattr(onnx_graph.Exporter, "node_norm")
    with pytest.raises(reuseformer.Unsupported, match="norm.*: the operation norm has no ONNX form"):
        to_onnx(converted, tmp_path / "model.onnx")


def test_a_checkpoint_that_was_not_converted_is_refused(fixtures, tmp_path):
    with pytest.raises(reuseformer.ReuseformerError, match="convert"):
        to_onnx(fixtures / "gpt" / "tf_model.h5", tmp_path / "model.onnx")
