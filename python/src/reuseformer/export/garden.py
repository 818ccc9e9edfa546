"""A .reuse.h5 as a reuse encoder of the TF Model Garden, loaded again by Keras 2 and run before it is kept."""

from __future__ import annotations

import math
import os
from typing import Any, Dict, List, Optional

import numpy as np

from .. import errors
from . import comparison
from .garden_plan import LayerOrder, head_orders
from .reuse_file import ReuseFile

#: Names of activations in Keras 2.
_ACTIVATIONS = {"identity": "linear", "relu": "relu", "gelu": "gelu", "tanh": "tanh", "silu": "swish",
                "sigmoid": "sigmoid", "elu": "elu", "selu": "selu", "softplus": "softplus", "softsign": "softsign"}
#: Names of inputs in the Model Garden.
_INPUTS = {"input_ids": "input_word_ids", "attention_mask": "input_mask", "token_type_ids": "input_type_ids"}


def to_model_garden(model: "str | os.PathLike[str]", output: "str | os.PathLike[str]", *, force: bool = False,
                    inputs: Optional[Dict[str, np.ndarray]] = None) -> float:
    """Writes an encoder as a Keras 2 ``.h5`` of the TF Model Garden's ``ReuseTransformer`` layers; the largest
    difference between the file, as Keras loads it, and our own runtime.

    The form is for encoders of texts whose layers read only maps that the layer below hands on, one map a head. What it
    cannot say is refused with the node's name. A difference above 1e-4 raises ``GateFailed`` and leaves no file."""
    if not os.fspath(output).endswith(".h5"):
        raise errors.UsageError("%s: Keras 2 asks for a name that ends in .h5" % os.fspath(output))
    tf, garden = _engine()
    with comparison.kept_file(output, ".h5", force) as part:
        file = ReuseFile(model)
        tf.keras.backend.clear_session()
        GardenEncoder(file, tf, garden).model().save(part, include_optimizer=False)
        known = {kind.__name__: kind for kind in (
            garden.ReuseTransformer, garden.ReuseMultiHeadAttention, garden.PositionEmbedding,
            garden.SelfAttentionMask)}
        loaded = tf.keras.models.load_model(part, custom_objects=known, compile=False)

        def run(given: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
            found = loaded({_INPUTS[name]: tf.constant(value) for name, value in given.items()}, training=False)
            return {name: value.numpy() for name, value in found.items()}

        return comparison.judged(file, "the TF Model Garden", run, inputs)


def _engine():
    try:
        import tensorflow as tf
        from official.nlp.modeling import layers as garden
    except ImportError as error:
        raise errors.UsageError("to_model_garden needs TensorFlow 2.15 and its Model Garden: "
                                "pip install reuseformer[model-garden]") from error
    return tf, garden


class GardenEncoder:
    """The layers of a graph, found by their shape: embeddings, a norm, blocks, and a head of simple layers."""

    def __init__(self, file: ReuseFile, tf: Any, garden: Any):
        self.file, self.tf, self.garden = file, tf, garden
        self.left = list(file.graph["nodes"])
        self.values: Dict[str, Any] = {}
        self.weights: List[Any] = []

    def refuse(self, node: Dict[str, Any], why: str) -> None:
        raise errors.Unsupported("%s: %s: the reuse encoder of the TF Model Garden has no place for it" % (
            node["name"], why))

    def take(self, kind: str, *inputs: str, **wanted: Any) -> Dict[str, Any]:
        """The next node, which has to be of a kind and read these values."""
        if not self.left:
            raise errors.Unsupported("%s: the graph ends where a node of the kind %s is needed" % (
                self.file.path, kind))
        node = self.left.pop(0)
        operation = node["operation"]
        if operation["kind"] != kind or sorted(node["inputs"]) != sorted(inputs) or any(
                operation.get(key) != value for key, value in wanted.items()):
            self.refuse(node, "the operation %s here" % operation["kind"])
        if node.get("precisions") and kind != "embedding" and any(
                part["kind"] in ("int8", "bfloat16") for part in node["precisions"].values()):
            self.refuse(node, "inputs that are rounded")
        return node

    def model(self) -> Any:
        graph, keras = self.file.graph, self.tf.keras
        for name in graph["inputs"]:
            if name not in _INPUTS or graph.get("inputLayouts"):
                raise errors.Unsupported("%s: the reuse encoder of the TF Model Garden reads texts only" % name)
        given = {name: keras.Input((None,), dtype="int32", name=_INPUTS[name]) for name in graph["inputs"]}
        stream, x = self.embedded(given)
        mask = given.get("attention_mask")
        mask = self.garden.SelfAttentionMask(name="self_attention_mask")(
            x, mask if mask is not None else keras.backend.ones_like(given["input_ids"]))
        orders = head_orders(self.file.attentions)
        scores = None
        for index, order in enumerate(orders):
            stream, x, scores = self.block(index, order, stream, x, mask, scores)
        self.values[stream] = x
        while self.left:
            self.simple(self.left.pop(0))
        outputs = {}
        for output in graph["outputs"]:
            if output.get("isSqueezed") or output.get("isOfChoices") or output["value"] not in self.values:
                raise errors.Unsupported(
                    "%s: an output of this kind has no place in the reuse encoder" % output["name"])
            outputs[output["name"]] = self.values[output["value"]]
        model = keras.Model(list(given.values()), outputs, name="reuse_encoder")
        for layer, weights in self.weights:
            layer.set_weights([np.reshape(weight, own.shape) for weight, own in zip(weights, layer.weights)])
        return model

    def embedded(self, given: Dict[str, Any]):
        keras, file = self.tf.keras, self.file
        node = self.left[0]
        node = self.take("embedding", *node["inputs"])
        operation = node["operation"]
        if operation.get("shiftedFrom") is not None or operation["scale"] != 1:
            self.refuse(node, "scaled or shifted ids")

        def table(name: str, ids: Any) -> Any:
            rows = file.parameter(node, name)
            layer = keras.layers.Embedding(*rows.shape, name=node["name"].replace("/", "_") + "_" + name)
            value = layer(ids)
            self.weights.append((layer, [rows]))
            return value

        x = table("tokens", given[node["inputs"][0]])
        parts = [x]
        if operation.get("positions"):
            if operation["positions"]["numbering"] != "sequential":
                self.refuse(node, "positions that skip padding")
            rows = file.parameter(node, "positions")[operation["positions"]["offset"]:]
            layer = self.garden.PositionEmbedding(max_length=len(rows), name="position_embedding")
            parts.append(layer(x))
            self.weights.append((layer, [rows]))
        if operation["types"]:
            if len(node["inputs"]) < 2:
                self.refuse(node, "types without an input")
            parts.append(table("types", given[node["inputs"][1]]))
        x = keras.layers.Add(name="embedding_sum")(parts) if len(parts) > 1 else x
        stream = node["name"]
        if self.left and self.left[0]["operation"]["kind"] == "norm" and not self.is_pre_norm():
            node = self.take("norm", stream, norm="layer")
            x, stream = self.norm(node, x), node["name"]
        return stream, x

    def is_pre_norm(self) -> bool:
        """Whether blocks begin with their norm: attention's input is no part of the sum behind it."""
        attention = self.file.attentions[0]
        follower = next(node for node in self.file.graph["nodes"] if attention["name"] in node["inputs"])
        return not set(attention["inputs"]) & set(follower["inputs"])

    def norm(self, node: Dict[str, Any], x: Any) -> Any:
        layer = self.tf.keras.layers.LayerNormalization(
            epsilon=node["operation"]["epsilon"], name=node["name"].replace("/", "_"))
        value = layer(x)
        self.weights.append((layer, self.norm_weights(node)))
        return value

    def norm_weights(self, node: Dict[str, Any]) -> List[np.ndarray]:
        scale = self.file.parameter(node, "scale") + np.float32(node["operation"]["scaleOffset"])
        offset = self.file.parameter(node, "offset")
        return [scale, np.zeros_like(scale) if offset is None else offset]

    def block(self, index: int, order: LayerOrder, stream: str, x: Any, mask: Any, scores: Any):
        first = self.is_pre_norm()
        norms = []
        if first:
            norms.append(self.take("norm", stream, norm="layer"))
            attention = self.take("attention", norms[0]["name"])
        else:
            attention = self.take("attention", stream)
        added = self.take("add", attention["name"], stream)
        norms.append(self.take("norm", added["name"], norm="layer"))
        up = self.take("linear", norms[-1]["name"])
        activation = self.take("activation", up["name"])
        down = self.take("linear", activation["name"])
        total = self.take("add", down["name"], added["name"] if first else norms[-1]["name"])
        if not first:
            norms.append(self.take("norm", total["name"], norm="layer"))
        stream = total["name"] if first else norms[-1]["name"]
        function = activation["operation"]["function"]
        if function not in _ACTIVATIONS:
            self.refuse(activation, "the function %s" % function)
        epsilons = {norm["operation"]["epsilon"] for norm in norms}
        if len(epsilons) > 1:
            self.refuse(norms[1], "two norms with different epsilons")
        operation = attention["operation"]
        self.check(attention)
        positions = operation.get("positions")
        heads = len(order.new) + len(order.reused)
        if heads == 0:
            self.refuse(attention, "no head at all")
        layer = self.garden.ReuseTransformer(
            num_attention_heads=heads, inner_dim=up["operation"]["outputWidth"],
            inner_activation=_ACTIVATIONS[function], head_size=operation["headSize"], norm_first=first,
            norm_epsilon=epsilons.pop(), reuse_attention=len(order.reused), use_relative_pe=bool(positions),
            pe_max_seq_length=positions["length"] if positions else 512, name="layer_%d" % index)
        x, scores = layer([x, mask] if scores is None else [x, mask, scores])
        self.weights.append((layer, self.block_weights(layer, attention, order, norms, up, down)))
        return stream, x, scores

    def check(self, node: Dict[str, Any]) -> None:
        operation = node["operation"]
        odd = [key for key in ("masking", "contextRounding", "comparison", "headNorm", "softCap") if operation.get(key)]
        if operation["mask"]["isCausal"] or operation["mask"].get("window") is not None:
            odd.append("a causal mask or a window")
        if operation["valueSize"] != operation["headSize"] or operation["groupCount"] != len(operation["heads"]):
            odd.append("values of another size, or groups of heads")
        if operation.get("positions") and operation["positions"]["kind"] != "clamped":
            odd.append("%s positions" % operation["positions"]["kind"])
        if operation["outputWidth"] != operation["inputWidth"]:
            odd.append("another output width")
        if odd:
            self.refuse(node, odd[0])

    def block_weights(self, layer, attention, order, norms, up, down) -> List[np.ndarray]:
        """The block's arrays in the order of the layer's own weights."""
        file, operation = self.file, attention["operation"]
        size, width = operation["headSize"], operation["inputWidth"]
        computed = [h for h, source in enumerate(operation["heads"]) if source["source"] == "computed"]
        kept = [h for h, source in enumerate(operation["heads"]) if source["source"] != "dropped"]

        def columns(name: str, stored: List[int], wanted: List[int], factor: float = 1.0) -> np.ndarray:
            """``[…, heads, size]`` of some heads; zeros for a bias that there is not."""
            array = file.parameter(attention, name)
            if array is None:
                array = np.zeros(len(stored) * size, np.float32)
            parts = array.reshape(*array.shape[:-1], len(stored), size)[..., [stored.index(h) for h in wanted], :]
            return parts * np.float32(factor)

        output = file.parameter(attention, "output_weight").reshape(len(kept), size, width)
        bias = file.parameter(attention, "output_bias")
        bias = np.zeros(width, np.float32) if bias is None else bias
        # The layer divides queries by the root of the head's size.
        factor = operation["scale"] * math.sqrt(size)
        found: Dict[str, np.ndarray] = {}
        for part, stored, heads, scale in (
                ("query", computed, order.new, factor), ("key", computed, order.new, 1.0),
                ("value_new", kept, order.new, 1.0), ("value_reuse", kept, order.reused, 1.0)):
            name = part.split("_")[0]
            found[part + "/kernel"] = columns(name + "_weight", stored, heads, scale)
            found[part + "/bias"] = columns(name + "_bias", stored, heads, scale)
        for part, heads in (("new", order.new), ("reuse", order.reused)):
            found["attention_output_%s/kernel" % part] = output[[kept.index(h) for h in heads]]
            found["attention_output_%s/bias" % part] = bias
        if operation.get("positions"):
            table = file.parameter(attention, "position_bias")
            found["relative_position_embeddings"] = table[:, [computed.index(h) for h in order.new]].T
        for name, norm in zip(("self_attention_layer_norm", "output_layer_norm"), norms):
            found[name + "/gamma"], found[name + "/beta"] = self.norm_weights(norm)
        for name, node in (("intermediate", up), ("output", down)):
            weight, offset = file.parameter(node, "weight"), file.parameter(node, "bias")
            found[name + "/kernel"] = weight
            found[name + "/bias"] = np.zeros(weight.shape[1], np.float32) if offset is None else offset
        result = []
        for own in layer.weights:
            parts = own.name.split(":")[0].split("/")
            key = parts[-1] if parts[-1] == "relative_position_embeddings" else "/".join(parts[-2:])
            result.append(found[key])
        return result

    def simple(self, node: Dict[str, Any]) -> None:
        """A node of a head behind the encoder: first row, linear layer, function, norm."""
        operation, keras = node["operation"], self.tf.keras
        if len(node["inputs"]) != 1 or node["inputs"][0] not in self.values:
            self.refuse(node, "the operation %s" % operation["kind"])
        x, name = self.values[node["inputs"][0]], node["name"].replace("/", "_")
        if operation["kind"] == "pooling" and operation["pool"] == "first":
            value = x[:, 0]
        elif operation["kind"] == "linear":
            weight, bias = self.file.parameter(node, "weight"), self.file.parameter(node, "bias")
            if any(part["kind"] in ("int8", "bfloat16") for part in node.get("precisions", {}).values()):
                self.refuse(node, "inputs that are rounded")
            layer = keras.layers.Dense(weight.shape[1], use_bias=bias is not None, name=name)
            value = layer(x)
            self.weights.append((layer, [weight] if bias is None else [weight, bias]))
        elif operation["kind"] == "activation" and operation["function"] in _ACTIVATIONS:
            value = keras.layers.Activation(_ACTIVATIONS[operation["function"]], name=name)(x)
        elif operation["kind"] == "norm" and operation["norm"] == "layer":
            value = self.norm(node, x)
        else:
            self.refuse(node, "the operation %s" % operation["kind"])
        self.values[node["name"]] = value
