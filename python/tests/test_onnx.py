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
#: Fixtures that are converted in precision alone: no data are needed.
FAMILIES = [
    "families/deberta_c2p_safetensors", "families/deberta_v2_conv", "families/phi3_longrope", "families/llama_dynamic",
    "families/bloom_safetensors", "families/qwen3_safetensors", "families/dinov2_resized", "families/whisper",
    "families/siglip_text", "heads/bert_choice", "heads/bart_sequence", "keras/keras3_merges/model.keras",
    "keras/keras3_int8_tied_bf16/model.keras", "keras/keras2_text_classifier/model.h5",
]
PRECISIONS = [["--weights", "int8"], ["--precision", "int8"], ["--precision", "bf16"]]


@pytest.fixture(scope="module", params=["encoder", "gpt", "t5", "vit"])
def converted(request, fixtures, tmp_path_factory):
    folder, calibration, options = MODELS[request.param]
    output = tmp_path_factory.mktemp("onnx") / (request.param + ".reuse.h5")
    reuseformer.convert(fixtures / folder, output, fixtures / calibration, budget="1/3",
                        options=["--calibration-tokens", "3000", *options])
    return output


def convert_precision(fixtures, name, output, options):
    path = fixtures / name
    if not path.exists():
        path = next(iter(sorted(path.parent.glob("*.h5")))) if path.parent.exists() else path
    reuseformer.convert(path, output, options=options)
    return output


def test_an_export_gives_the_outputs_of_our_runtime_on_padded_inputs(converted, tmp_path):
    target = tmp_path / "model.onnx"
    assert to_onnx(converted, target) < 1e-4
    onnx.checker.check_model(str(target), full_check=True)
    onnx.shape_inference.infer_shapes_path(
        str(target), str(tmp_path / "shapes.onnx"), check_type=True, strict_mode=True)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_carried(name, fixtures, tmp_path):
    source = convert_precision(fixtures, name, tmp_path / "model.reuse.h5", ["--weights", "int8"])
    assert to_onnx(source, tmp_path / "model.onnx") < 1e-3


@pytest.mark.parametrize("options", PRECISIONS, ids=lambda options: options[1])
def test_matrices_of_fewer_bits_keep_them(options, fixtures, tmp_path):
    source = convert_precision(fixtures, "encoder", tmp_path / "model.reuse.h5", options)
    target = tmp_path / "model.onnx"
    assert to_onnx(source, target) < (1e-2 if "bf16" in options else 1e-3)
    kinds = {tensor.data_type for tensor in onnx.load(target).graph.initializer if len(tensor.dims) == 2
             and min(tensor.dims) >= 16}
    small = onnx.TensorProto.BFLOAT16 if "bf16" in options else onnx.TensorProto.INT8
    assert small in kinds
    assert target.stat().st_size < 0.7 * 4 * reuseformer_parameters(source)


def reuseformer_parameters(path):
    import h5py
    import json

    with h5py.File(path) as file:
        manifest = json.loads(file["manifest"][()].tobytes())
    return sum(int(np.prod(entry["shape"])) for entry in manifest["tensors"])


def test_groups_and_four_bits_are_unpacked_as_they_are_stored(fixtures, tmp_path):
    for options in (["--weights", "int4"], ["--weights", "int8", "--group", "64"]):
        source = tmp_path / "model.reuse.h5"
        reuseformer.convert(fixtures / "encoder", source, fixtures / "encoder/calibration.txt", force=True,
                            options=[*options, "--calibration-tokens", "3000"])
        assert to_onnx(source, tmp_path / "model.onnx", force=True) < 1e-4


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
    from reuseformer.export import comparison

    monkeypatch.setattr(comparison, "TOLERANCE", 0.0)
    with pytest.raises(reuseformer.GateFailed, match="differs from our runtime"):
        to_onnx(converted, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_wrong_operator_is_noticed(converted, tmp_path, monkeypatch):
    from reuseformer.export import functions

    monkeypatch.setitem(functions.FUNCTIONS, "gelu", functions.FUNCTIONS["quick_gelu"])
    monkeypatch.setitem(functions.FUNCTIONS, "gelu_tanh", functions.FUNCTIONS["quick_gelu"])
    monkeypatch.setitem(functions.FUNCTIONS, "relu", functions.FUNCTIONS["tanh"])
    with pytest.raises(reuseformer.GateFailed, match="differs from our runtime"):
        to_onnx(converted, tmp_path / "model.onnx")


def test_numbers_that_are_none_are_no_agreement(converted, monkeypatch):
    from reuseformer.export import comparison
    from reuseformer.export.reuse_file import ReuseFile

    file = ReuseFile(converted)
    wanted = {"x": np.zeros((2, 3), np.float32)}
    assert comparison.difference(file, "an engine", {"x": np.full((2, 3), np.nan, np.float32)}, {}, wanted) == np.inf
    with pytest.raises(reuseformer.GateFailed, match="no output y"):
        comparison.difference(file, "an engine", {"y": wanted["x"]}, {}, wanted)


def test_what_has_no_form_is_refused_with_the_nodes_name(converted, monkeypatch, tmp_path):
    from reuseformer.export import graph

    monkeypatch.delattr(graph.GraphExporter, "node_norm")
    with pytest.raises(reuseformer.Unsupported, match="norm.*: the operation norm has no ONNX form"):
        to_onnx(converted, tmp_path / "model.onnx")


def test_a_checkpoint_that_was_not_converted_is_refused(fixtures, tmp_path):
    with pytest.raises(reuseformer.ReuseformerError, match="convert"):
        to_onnx(fixtures / "gpt" / "tf_model.h5", tmp_path / "model.onnx")
