"""OpenVINO as a peer: a BERT checkpoint (tf_model.h5) as its graph, in float32, bfloat16 and, by NNCF, 8 bits."""
import json

import h5py
import nncf
import numpy as np
import openvino
from openvino import opset13 as ops
from openvino import properties

KINDS = ("f32", "bf16", "int8")


def read_weights(folder):
    """Tensors by what stands behind the model's own scope: embeddings/word_embeddings/weight, encoder/layer/0/…"""
    tensors = {}

    def visit(name, item):
        if not isinstance(item, h5py.Dataset):
            return
        parts = name.removesuffix(":0").replace("layer_._", "layer/").split("/")
        start = max((i for i, part in enumerate(parts[:-2]) if part in ("embeddings", "encoder")), default=0)
        *path, leaf = parts[start:]
        leaf = {"gamma": "weight", "beta": "bias", "kernel": "weight", "embeddings": "weight"}.get(leaf, leaf)
        tensors["/".join([*path, leaf])] = np.asarray(item, dtype=np.float32)

    with h5py.File(folder / "tf_model.h5") as file:
        file.visititems(visit)
    return tensors


def build(folder):
    """The encoder with inputs input_ids and attention_mask [batch, tokens], output the last hidden states."""
    config, weights = json.loads((folder / "config.json").read_text()), read_weights(folder)
    heads, width = config["num_attention_heads"], config["hidden_size"]
    size = width // heads
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
    zero = np.int64(0)

    def dense(x, name):
        return ops.add(ops.matmul(x, weights[f"{name}/weight"], False, False), weights[f"{name}/bias"])

    def norm(x, name):
        scaled = ops.mvn(x, np.array([-1]), True, config["layer_norm_eps"], "inside_sqrt")
        return ops.add(ops.multiply(scaled, weights[f"{name}/weight"]), weights[f"{name}/bias"])

    def split(x):
        return ops.transpose(ops.reshape(x, np.array([0, 0, heads, size]), True), np.array([0, 2, 1, 3]))

    tokens = ops.gather(ops.shape_of(ids), np.int64(1), zero)
    places = ops.range(zero, tokens, np.int64(1), "i64")
    x = ops.gather(weights["embeddings/word_embeddings/weight"], ids, zero)
    x = ops.add(x, ops.gather(weights["embeddings/position_embeddings/weight"], places, zero))
    x = norm(ops.add(x, weights["embeddings/token_type_embeddings/weight"][:1]), "embeddings/LayerNorm")
    hidden = ops.multiply(ops.subtract(np.float32(1), ops.convert(mask, "f32")), np.float32(-1e9))
    hidden = ops.unsqueeze(hidden, np.array([1, 2]))
    for layer in range(config["num_hidden_layers"]):
        p = f"encoder/layer/{layer}"
        query, key, value = (split(dense(x, f"{p}/attention/self/{part}")) for part in ("query", "key", "value"))
        scores = ops.multiply(ops.matmul(query, key, False, True), np.float32(size ** -0.5))
        context = ops.matmul(ops.softmax(ops.add(scores, hidden), 3), value, False, False)
        context = ops.reshape(ops.transpose(context, np.array([0, 2, 1, 3])), np.array([0, 0, width]), True)
        x = norm(ops.add(dense(context, f"{p}/attention/output/dense"), x), f"{p}/attention/output/LayerNorm")
        wide = ops.gelu(dense(x, f"{p}/intermediate/dense"), "erf")
        x = norm(ops.add(dense(wide, f"{p}/output/dense"), x), f"{p}/output/LayerNorm")
    return openvino.Model([x], [ids, mask], "bert")


class OpenVINO:
    """OpenVINO in one precision; a compiled model for each number of threads."""

    def __init__(self, folder, kind, calibration=()):
        self.kind, self.compiled = kind, {}
        self.model = build(folder)
        if kind == "int8":
            self.model = nncf.quantize(
                self.model, nncf.Dataset(list(calibration)), model_type=nncf.ModelType.TRANSFORMER,
                preset=nncf.QuantizationPreset.MIXED)

    def prepare(self, inputs, threads):
        """A function that runs the inputs once and gives the hidden states."""
        if threads not in self.compiled:
            numbers = openvino.Type.bf16 if self.kind == "bf16" else openvino.Type.f32
            self.compiled[threads] = openvino.Core().compile_model(self.model, "CPU", {
                properties.inference_num_threads(): threads, properties.num_streams(): 1,
                properties.hint.inference_precision(): numbers})
        request = self.compiled[threads].create_infer_request()
        feed = {name: inputs[name] for name in ("input_ids", "attention_mask")}

        def run():
            request.infer(feed, share_inputs=True)
            return request.get_output_tensor(0).data

        return run
