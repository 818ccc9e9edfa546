"""Exact exports have every bit of our runtime's outputs; others are judged where both round alike."""

import json

import numpy as np
import pytest

import reuseformer

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("hdf5plugin")

from reuseformer.export import comparison, to_onnx  # noqa: E402
from reuseformer.export.exact import Exact  # noqa: E402
from reuseformer.export.exact_functions import ExactFunctions  # noqa: E402
from reuseformer.export.exact_graph import ExactExporter  # noqa: E402
from reuseformer.export.onnx_writer import OnnxWriter  # noqa: E402
from reuseformer.export.reuse_file import ReuseFile  # noqa: E402

#: Encoders, decoders, both; positions of all kinds; norms of heads; pictures, speech and a Keras graph.
MODELS = [
    "encoder", "gpt", "t5", "families/deberta_v2_conv", "families/bert_relative_key", "families/llama_dynamic",
    "families/llama_yarn", "families/phi3_longrope", "families/bloom_safetensors", "families/olmo2",
    "families/gemma2_kerashub", "families/modernbert_mlm", "families/whisper", "families/dinov2_resized",
    "heads/bart_sequence", "keras/keras3_merges/model.keras", "keras/keras3_int8_tied_bf16/model.keras",
]
COMPUTED = {"source": "computed"}
PLANS = {
    "borrowed": {"source": "borrowed", "terms": [{"node": "layer_0/attention", "head": 1}]},
    "of the same layer": {"source": "borrowed", "terms": [{"node": "layer_1/attention", "head": 1}]},
    "blended": {"source": "borrowed", "terms": [{"node": "layer_0/attention", "head": 0, "weight": 0.75},
                                                {"pattern": "previous", "weight": 0.3}, {"pattern": "mean"}]},
    "dropped": {"source": "dropped"},
    "all dropped": {"source": "dropped"},
}


def converted(fixtures, name, tmp_path, options, calibration=None, plan=None):
    target = tmp_path / "model.reuse.h5"
    reuseformer.convert(fixtures / name, target, calibration, plan=plan, force=True, options=options)
    return target


def engine(path):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs)))


def gap(source, target, inputs):
    """Largest difference of any output where the mask shows a row."""
    file = ReuseFile(source)
    return comparison.difference(file, "ONNX Runtime", engine(target)(inputs), inputs, is_relative=False)


@pytest.mark.parametrize("precision", ["int8", "bf16"])
@pytest.mark.parametrize("name", MODELS)
def test_every_bit_is_that_of_our_runtime(name, precision, fixtures, tmp_path):
    source = converted(fixtures, name, tmp_path, ["--precision", precision])
    assert to_onnx(source, tmp_path / "model.onnx", exact=True) == 0


@pytest.mark.parametrize("precision", [[], ["--precision", "int8"], ["--precision", "bf16"]])
def test_budgets_ragged_texts_and_masks_with_holes(precision, fixtures, tmp_path):
    source = converted(fixtures, "encoder", tmp_path,
                       [*precision, "--budget", "1/3", "--calibration-tokens", "3000"],
                       fixtures / "encoder/calibration.txt")
    target = tmp_path / "model.onnx"
    assert to_onnx(source, target, exact=True) == 0
    onnx.checker.check_model(str(target), full_check=True)
    onnx.shape_inference.infer_shapes_path(
        str(target), str(tmp_path / "shapes.onnx"), check_type=True, strict_mode=True)
    random = np.random.default_rng(0)
    inputs = comparison._inputs(ReuseFile(source).graph, list(random.integers(3, 40, 8)), 7)
    assert gap(source, target, inputs) == 0
    inputs = comparison._inputs(ReuseFile(source).graph, [21] * 4, 8)
    mask = (random.random((4, 21)) < 0.6).astype(np.int64)
    mask[:, 5], mask[1, :5] = 1, 0
    inputs["attention_mask"] = mask
    assert gap(source, target, inputs) == 0


@pytest.mark.parametrize("precision", ["int8", "bf16"])
@pytest.mark.parametrize("name", PLANS)
def test_plans(name, precision, fixtures, tmp_path):
    plan, second = tmp_path / "plan.json", PLANS[name] if name == "all dropped" else COMPUTED
    layers = [{"node": "layer_%d/attention" % layer, "heads": heads}
              for layer, heads in enumerate([[COMPUTED] * 2, [PLANS[name], second]])]
    plan.write_text(json.dumps({"version": 1, "budget": "by hand", "layers": layers}))
    ids = random_texts(tmp_path)
    source = converted(fixtures, "checkpoints/bert_safetensors", tmp_path, ["--precision", precision, "--heal", "none"],
                       ids, plan)
    assert to_onnx(source, tmp_path / "exact.onnx", exact=True) == 0
    assert to_onnx(source, tmp_path / "model.onnx") < 1e-4


def random_texts(tmp_path):
    ids = np.random.default_rng(0).integers(1, 30, (60, 12))
    np.savez(tmp_path / "texts.npz", input_ids=ids, attention_mask=np.ones_like(ids), token_type_ids=np.zeros_like(ids))
    return tmp_path / "texts.npz"


def test_functions_of_the_c_library_are_held_to_the_usual_limit(fixtures, tmp_path):
    source = converted(fixtures, "keras/keras2_text_classifier/model.h5", tmp_path, ["--precision", "int8"])
    assert to_onnx(source, tmp_path / "model.onnx", exact=True) < 1e-4


# -- arithmetic -------------------------------------------------------------------------------------------------------


def computed(make, *arrays):
    writer = OnnxWriter(17)
    names = [writer.input("x%d" % index, True, [len(array)]) for index, array in enumerate(arrays)]
    writer.output("y", make(Exact(writer), *names), [None])
    session = onnxruntime.InferenceSession(writer.model().SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x%d" % index: np.float32([array]) for index, array in enumerate(arrays)})[0][0]


#: a · b is just below half a unit in the last place of c, and just above; rounded to 64 bits it is the half.
TINY = 2.0**-23
HALVES = [(1 + TINY, (1 - TINY) * 2.0**-24, 1 + TINY, 1 + TINY), (1 + TINY, (TINY - 1) * 2.0**-24, 1 + TINY, 1 + TINY),
          (1 + TINY, (1 - TINY) * 2.0**-24, 1, 1), (1, 2.0**-24, 1 + TINY, 1 + 2 * TINY), (1, 2.0**-24, 1, 1)]


def test_a_multiply_add_is_rounded_once():
    a, b, c, wanted = [list(column) for column in zip(*HALVES)]
    assert computed(lambda exact, *names: exact.fma(*names), a, b, c).tolist() == wanted
    twice = (np.float64(a) * np.float64(b) + np.float64(c)).astype(np.float32)
    assert twice.tolist() != wanted
    for x, y, z, right in HALVES:
        assert computed(lambda exact, name: exact.polynomial(name, y, z), [x]).tolist() == [right]


def test_a_reciprocal_before_a_product_stays_one():
    random = np.random.default_rng(0)
    x, y = random.random(999, np.float32) + np.float32(0.5), random.random(999, np.float32)
    found = computed(lambda exact, first, second: exact.w.op("Mul", second, exact.reciprocal(first)), x, y)
    assert np.array_equal(found, y * (np.float32(1) / x)) and not np.array_equal(found, y / x)


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(fixtures, tmp_path_factory):
    return converted(fixtures, "encoder", tmp_path_factory.mktemp("exact"), ["--precision", "int8"])


def test_a_sum_in_another_order_is_refused_and_leaves_nothing(small, tmp_path, monkeypatch):
    def forwards(self, value, axis):
        parts = [self.w.cut(value, axis, lane, lane + 1) for lane in range(16)]
        total = parts[0]
        for part in parts[1:]:
            total = self.w.op("Add", total, part)
        return total

    monkeypatch.setattr(Exact, "lanes", forwards)
    with pytest.raises(reuseformer.GateFailed, match="more than 0"):
        to_onnx(small, tmp_path / "model.onnx", exact=True)
    assert not list(tmp_path.iterdir())


def test_what_has_no_exact_form_is_refused_with_the_nodes_name(small, tmp_path, monkeypatch):
    monkeypatch.delattr(ExactExporter, "node_norm")
    with pytest.raises(reuseformer.Unsupported, match="norm: the operation norm to the last bit has no ONNX form"):
        to_onnx(small, tmp_path / "model.onnx", exact=True)
    # The usual export is compared as a whole then.
    assert to_onnx(small, tmp_path / "model.onnx") < 1e-3


def test_an_export_is_compared_where_both_round_alike(small, tmp_path):
    assert 0 < to_onnx(small, tmp_path / "model.onnx") < 1e-5


@pytest.mark.parametrize("factor", [1.001, 1.02])
def test_inputs_that_are_rounded_otherwise_are_refused(factor, small, tmp_path, monkeypatch):
    from reuseformer.export import functions

    usual = functions.FUNCTIONS["gelu"]
    monkeypatch.setitem(functions.FUNCTIONS, "gelu", lambda w, x: usual(w, w.op("Mul", x, w.floats(factor))))
    with pytest.raises(reuseformer.GateFailed, match=r"rounds \d+ of \d+ inputs of layer_"):
        to_onnx(small, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_the_polynomial_is_careful_where_it_must_be(monkeypatch):
    """Both of its branches give the same."""
    x = np.random.default_rng(1).standard_normal(500).astype(np.float32)
    plain = computed(lambda exact, name: exact.gelu(name), x)
    monkeypatch.setattr(OnnxWriter, "either", lambda self, condition, first, second: second())
    assert np.array_equal(plain, computed(lambda exact, name: ExactFunctions.gelu(exact, name), x))
