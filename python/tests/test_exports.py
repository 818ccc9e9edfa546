"""Exports to Keras, to safetensors folders and to the Model Garden, each run by its own engine."""

import json
import os

import numpy as np
import pytest

import reuseformer

pytest.importorskip("h5py")
pytest.importorskip("hdf5plugin")

from reuseformer import export  # noqa: E402

COMPUTED, DROPPED = {"source": "computed"}, {"source": "dropped"}


def borrowed(layer, head):
    return {"source": "borrowed", "terms": [{"node": "layer_%d/attention" % layer, "head": head}]}


def by_plan(fixtures, tmp_path, source, heads, calibration=None):
    """The model converted along heads by layer, not healed."""
    plan, target = tmp_path / "plan.json", tmp_path / "model.reuse.h5"
    layers = [{"node": "layer_%d/attention" % layer, "heads": row} for layer, row in enumerate(heads)]
    plan.write_text(json.dumps({"version": 1, "budget": "by hand", "layers": layers}))
    reuseformer.convert(fixtures / source, target, calibration, plan=plan, force=True, options=["--heal", "none"])
    return target


def random_texts(tmp_path):
    ids = np.random.default_rng(0).integers(1, 30, (60, 12))
    np.savez(tmp_path / "texts.npz", input_ids=ids, attention_mask=np.ones_like(ids), token_type_ids=np.zeros_like(ids))
    return tmp_path / "texts.npz"


# -- Keras ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["checkpoints/bert_safetensors", "families/t5_safetensors", "families/vit_safetensors",
                                  "families/deberta_c2p_safetensors", "families/phi3_longrope"])
def test_keras_loads_what_is_exported_without_a_class_of_ours(name, fixtures, tmp_path):
    keras = pytest.importorskip("keras", minversion="3")
    source = tmp_path / "model.reuse.h5"
    reuseformer.convert(fixtures / name, source, options=["--weights", "int8"])
    assert export.to_keras(source, tmp_path / "model.keras") < 1e-4
    model = keras.saving.load_model(tmp_path / "model.keras", custom_objects={}, compile=False)
    assert all(type(layer).__module__.startswith("keras") for layer in model.layers)


def test_keras_runs_borrowed_blended_and_static_maps(fixtures, tmp_path):
    pytest.importorskip("keras", minversion="3")
    blend = {"source": "borrowed", "terms": [{"node": "layer_0/attention", "head": 0, "weight": 0.75},
                                             {"pattern": "previous", "weight": 0.25}]}
    source = by_plan(fixtures, tmp_path, "checkpoints/bert_safetensors", [[COMPUTED] * 2, [borrowed(0, 1), blend]])
    assert export.to_keras(source, tmp_path / "model.keras") < 1e-4


def test_keras_refuses_rounded_inputs_by_name(fixtures, tmp_path):
    pytest.importorskip("keras", minversion="3")
    source = tmp_path / "model.reuse.h5"
    reuseformer.convert(fixtures / "checkpoints/bert_safetensors", source, options=["--precision", "int8"])
    with pytest.raises(reuseformer.Unsupported, match="layer_0/attention.*int8"):
        export.to_keras(source, tmp_path / "model.keras")
    assert not (tmp_path / "model.keras").exists()


# -- safetensors ------------------------------------------------------------------------------------------------------


def test_a_stock_class_runs_dropped_heads(fixtures, tmp_path):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    name = "checkpoints/bert_safetensors"
    source = by_plan(fixtures, tmp_path, name, [[COMPUTED] * 2, [COMPUTED, DROPPED]], random_texts(tmp_path))
    target = tmp_path / "folder"
    assert export.to_safetensors(source, target, source=fixtures / name) < 1e-4
    assert sorted(os.listdir(target)) == sorted(os.listdir(fixtures / name))
    model = transformers.AutoModel.from_pretrained(target)
    weight = model.encoder.layer[1].attention.output.dense.weight.detach().numpy()
    assert np.abs(weight[:, weight.shape[1] // 2:]).max() == 0 and np.abs(weight).max() > 0


def test_a_borrowed_map_is_refused_with_the_nodes_name(fixtures, tmp_path):
    pytest.importorskip("torch")
    name = "checkpoints/bert_safetensors"
    source = by_plan(fixtures, tmp_path, name, [[COMPUTED] * 2, [COMPUTED, borrowed(0, 0)]])
    with pytest.raises(reuseformer.Unsupported, match="layer_1/attention: head 1 borrows a map"):
        export.to_safetensors(source, tmp_path / "folder", source=fixtures / name)
    assert not (tmp_path / "folder").exists()


def test_another_source_is_refused(fixtures, tmp_path):
    pytest.importorskip("torch")
    source = by_plan(fixtures, tmp_path, "checkpoints/bert_safetensors", [[COMPUTED] * 2] * 2)
    with pytest.raises(reuseformer.ReuseformerError):
        export.to_safetensors(source, tmp_path / "folder", source=fixtures / "families/roberta_gamma_beta")
    assert not (tmp_path / "folder").exists()


# -- Model Garden -----------------------------------------------------------------------------------------------------

GARDEN_PLAN = [
    [COMPUTED] * 6,
    [borrowed(0, 3), borrowed(0, 5), COMPUTED, COMPUTED, COMPUTED, COMPUTED],
    [borrowed(1, 4), borrowed(1, 2), borrowed(0, 5), borrowed(0, 3), borrowed(1, 3), borrowed(1, 5)],
    [borrowed(1, 2), COMPUTED, COMPUTED, COMPUTED, COMPUTED, COMPUTED],
    [COMPUTED] * 6,
    [borrowed(4, head) for head in (3, 1, 2, 0, 5, 4)],
]


def test_the_order_of_heads_lets_each_layer_take_the_first_maps_of_the_one_below():
    from reuseformer.export.garden_plan import head_orders

    layers = [{"name": "layer_%d/attention" % layer, "operation": {"heads": row}}
              for layer, row in enumerate(GARDEN_PLAN)]
    handed = []
    for layer, order in zip(layers, head_orders(layers)):
        heads = layer["operation"]["heads"]
        taken = [(heads[head]["terms"][0]["node"], heads[head]["terms"][0]["head"]) for head in order.reused]
        assert taken == handed[:len(taken)]
        handed = [(layer["name"], head) for head in order.new] + taken


def test_maps_of_farther_layers_are_refused_with_the_nodes_name():
    from reuseformer.export.garden_plan import head_orders

    layers = [{"name": "layer_%d/attention" % layer, "operation": {"heads": row}} for layer, row in enumerate(
        [[COMPUTED] * 2, [COMPUTED] * 2, [COMPUTED, borrowed(0, 1)]])]
    with pytest.raises(reuseformer.Unsupported, match="layer_2/attention: a head reads head 1 of layer_0/attention"):
        head_orders(layers)


def test_the_model_garden_runs_chained_reuse(fixtures, tmp_path):
    pytest.importorskip("official.nlp.modeling.layers")
    source = by_plan(fixtures, tmp_path, "encoder", GARDEN_PLAN)
    assert export.to_model_garden(source, tmp_path / "model.h5") < 1e-4


def test_queries_and_keys_of_a_lower_rank_fit_stock_classes():
    """Columns of zeros make them as wide as the source's, and the scores stay what they were."""
    from reuseformer.export.stock_weights import _whole_attention

    random, computed, dropped = np.random.RandomState(0), {"source": "computed"}, {"source": "dropped"}
    source = {"heads": [computed] * 3, "groupCount": 3, "headSize": 8, "valueSize": 8}
    narrow = {**source, "heads": [computed, computed, dropped], "headSize": 4}
    before, query, key = random.randn(24, 24), random.randn(24, 8), random.randn(24, 8)
    wide = [_whole_attention(narrow, source, name, part, before)
            for name, part in (("query_weight", query), ("key_weight", key))]
    for head in range(2):
        old, new = slice(8 * head, 8 * head + 8), slice(4 * head, 4 * head + 4)
        assert np.allclose(wide[0][:, old] @ wide[1][:, old].T, query[:, new] @ key[:, new].T)
    # A dropped head keeps the source's own.
    assert np.array_equal(wide[0][:, 16:], before[:, 16:])
    bias = _whole_attention({**source, "headSize": 4}, source, "query_bias", random.randn(12), random.randn(24))
    assert bias.shape == (24,)
