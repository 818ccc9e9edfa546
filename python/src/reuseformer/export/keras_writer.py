"""A functional Keras model of standard layers and operations that grows piece by piece."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import keras
import numpy as np
from keras import ops

from .. import errors


class KerasWriter:
    """Layers, operations and constants of a model in the making, said with the methods of `OnnxWriter`.

    Matrices, tables and norms are layers (`Dense`, `Embedding`, `LayerNormalization`, …); what Keras has no layer for
    is recorded as operations, which Keras loads without any class of ours. Values are `KerasTensor`s or NumPy
    constants."""

    format, engine = "Keras", "Keras"
    rounds_inputs = False

    def __init__(self) -> None:
        self.inputs: List[Any] = []
        self.outputs: Dict[str, Any] = {}
        self.scope = ""
        self._names: Dict[str, int] = {}
        #: Layers with their weights, which are set when the model is whole.
        self._weights: List[Any] = []

    def refuse(self, where: str, what: str) -> errors.Unsupported:
        return errors.Unsupported("%s: %s has no %s form here" % (where, what, self.format))

    # -- operators ----------------------------------------------------------------------------------------------------

    def op(self, kind: str, *values: Any, **attributes: Any) -> Any:
        """What an ONNX operator of that name computes."""
        if kind == "Transpose":
            order = attributes["perm"]
            if order[0] == 0:
                return keras.layers.Permute(order[1:], name=self._name("permute"))(values[0])
            return ops.transpose(values[0], order)
        if kind in ("Softmax", "Concat"):
            axis = attributes["axis"]
            if kind == "Softmax":
                return keras.layers.Softmax(axis=axis, name=self._name("softmax"))(values[0])
            return ops.concatenate(list(values), axis=axis)
        return _OPERATIONS[kind](*values)

    def _name(self, kind: str) -> str:
        name = ("%s_%s" % (self.scope, kind)).strip("_/").replace("/", "_")
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return name if count == 0 else "%s_%d" % (name, count)

    def _layer(self, kind: Any, name: str, weights: Sequence[np.ndarray], value: Any, **options: Any) -> Any:
        own = name.strip("_/").replace("/", "_")
        count = self._names.get(own, 0)
        self._names[own] = count + 1
        layer = kind(name=own if count == 0 else "%s_%d" % (own, count), **options)
        result = layer(value)
        self._weights.append((layer, [np.asarray(weight, np.float32) for weight in weights]))
        return result

    # -- inputs and outputs -------------------------------------------------------------------------------------------

    def input(self, name: str, is_float: bool, axes: Sequence[Any]) -> Any:
        shape = [axis if isinstance(axis, int) else None for axis in axes]
        self.inputs.append(keras.Input(shape, dtype="float32" if is_float else "int32", name=name))
        return self.inputs[-1]

    def output(self, name: str, value: Any, axes: Sequence[Any]) -> None:
        self.outputs[name] = value

    # -- constants ----------------------------------------------------------------------------------------------------

    def weight(self, name: str, array: np.ndarray) -> np.ndarray:
        return np.asarray(array, np.float32)

    def floats(self, value: Any) -> np.ndarray:
        return np.asarray(value, np.float32)

    def integers(self, value: Any) -> np.ndarray:
        return np.asarray(value, np.int32)

    # -- shapes -------------------------------------------------------------------------------------------------------

    def _ones(self, value: Any, axes: Sequence[int]) -> Any:
        """Whole ones of the shape that is left when some axes are reduced."""
        return ops.ones_like(ops.max(value, axis=axes, keepdims=False) if axes else value, dtype="int32")

    def places(self, rows: Any) -> Any:
        return ops.subtract(ops.cumsum(self._ones(rows, list(range(2, len(rows.shape)))), axis=1), np.int32(1))

    def all_rows(self, rows: Any) -> Any:
        return ops.cast(self._ones(rows, list(range(2, len(rows.shape)))), "bool")

    def for_each(self, table: Any, like: Any) -> Any:
        return table  # places are those of each sequence already

    def table(self, name: str, rows: np.ndarray, like: Any) -> Any:
        """Rows of the model's own once for each sequence of another value's batch."""
        axes = list(range(1, len(like.shape)))
        one = ops.ones_like(ops.max(like, axis=axes, keepdims=True), dtype="int32")
        one = ops.reshape(one, (-1, 1))
        index = ops.multiply(one, np.arange(len(rows), dtype=np.int32).reshape(1, -1))
        return self.look_up(name, rows, index)

    def reshape(self, value: Any, *extents: int) -> Any:
        known = [value.shape[at + 1] if extent == 0 else extent for at, extent in enumerate(extents)]
        known = [-1 if extent is None else extent for extent in known]
        if known.count(-1) > 1:
            raise self.refuse(self.scope, "rows of two free lengths")
        return keras.layers.Reshape(known, name=self._name("reshape"))(value)

    def fold_choices(self, value: Any) -> Any:
        raise self.refuse(value.name, "an item of several texts")

    def split_rows(self, value: Any, count: int, rows: int) -> Any:
        return self.reshape(value, count, rows, value.shape[2] or -1)

    def join_rows(self, value: Any, rows: Any) -> Any:
        if not isinstance(rows, int):
            raise self.refuse(self.scope, "maps of a text of any length as rows")
        return self.reshape(value, rows, value.shape[3] or -1)

    def unsqueeze(self, value: Any, *axes: int) -> Any:
        return ops.expand_dims(value, list(axes))

    def squeeze(self, value: Any, axis: int) -> Any:
        return ops.squeeze(value, axis)

    def cut(self, value: Any, axis: int, start: int, end: Optional[int] = None, step: int = 1) -> Any:
        extent = value.shape[axis]
        if extent is not None:
            return ops.take(value, list(range(extent))[start:end:step], axis=axis)
        return value[(slice(None),) * axis + (slice(start, end, step),)]

    def take(self, value: Any, indices: Sequence[int], axis: int) -> Any:
        return ops.take(value, [int(index) for index in indices], axis=axis)

    def to_float(self, value: Any) -> Any:
        return ops.cast(value, "float32")

    def to_integer(self, value: Any) -> Any:
        return ops.cast(value, "int32")

    def to_bool(self, value: Any) -> Any:
        return ops.cast(value, "bool")

    def float8(self, value: Any) -> Any:
        return ops.cast(ops.cast(value, "float8_e4m3fn"), "float32")

    def sum(self, value: Any, axis: int) -> Any:
        return ops.sum(value, axis=axis, keepdims=True)

    def mean(self, value: Any, axis: int) -> Any:
        return ops.mean(value, axis=axis, keepdims=True)

    def largest(self, value: Any, axis: int) -> Any:
        return ops.max(value, axis=axis, keepdims=True)

    def cumulative(self, value: Any, axis: int) -> Any:
        return ops.cumsum(value, axis=axis)

    # -- layers -------------------------------------------------------------------------------------------------------

    def look_up(self, name: str, table: np.ndarray, index: Any) -> Any:
        return self._layer(keras.layers.Embedding, name, [table], index, input_dim=table.shape[0],
                           output_dim=table.shape[1])

    def look_up_integers(self, name: str, table: np.ndarray, index: Any) -> Any:
        return ops.take(np.asarray(table, np.int32), index, axis=0)

    def pick(self, rows: Any, index: Any) -> Any:
        heads = np.zeros((1, rows.shape[1], 1, 1), np.int32)
        return ops.take_along_axis(rows, ops.add(self.unsqueeze(index, 1), heads), axis=3)

    def dense(self, name: str, x: Any, weight: np.ndarray, bias: Optional[np.ndarray]) -> Any:
        weights = [weight] if bias is None else [weight, bias]
        return self._layer(keras.layers.Dense, name, weights, x, units=weight.shape[1], use_bias=bias is not None)

    def of_heads(self, name: str, x: Any, weight: np.ndarray) -> Any:
        """``[batch, heads, rows, size]`` times a matrix a head."""
        return self._layer(keras.layers.EinsumDense, name, [weight], x, equation="bhqd,hdr->bhqr",
                           output_shape=(weight.shape[0], None, weight.shape[2]))

    def add_bias(self, name: str, x: Any, bias: Optional[np.ndarray]) -> Any:
        return x if bias is None else ops.add(x, np.asarray(bias, np.float32))

    def layer_norm(self, name: str, x: Any, scale: np.ndarray, offset: Optional[np.ndarray], epsilon: float) -> Any:
        weights = [scale] if offset is None else [scale, offset]
        return self._layer(keras.layers.LayerNormalization, name, weights, x, epsilon=epsilon,
                           center=offset is not None)

    def rms_norm(self, name: str, x: Any, scale: np.ndarray, epsilon: float) -> Any:
        return self._layer(keras.layers.RMSNormalization, name, [scale], x, epsilon=epsilon)

    def convolution(self, name: str, x: Any, weight: np.ndarray, bias: Optional[np.ndarray], *, strides, pads,
                    dilations, groups: int) -> Any:
        if max(strides) > 1 and max(dilations) > 1:
            raise self.refuse(name, "a convolution with strides and gaps")
        if any(sum(pad) for pad in pads):
            x = ops.pad(x, [(0, 0), *map(tuple, pads), (0, 0)])
        kind = keras.layers.Conv1D if len(strides) == 1 else keras.layers.Conv2D
        weights = [weight] if bias is None else [weight, bias]
        return self._layer(kind, name, weights, x, filters=weight.shape[-1], kernel_size=list(weight.shape[:-2]),
                           strides=list(strides), dilation_rate=list(dilations), groups=groups,
                           use_bias=bias is not None)

    def model(self) -> Any:
        """The functional model with its weights."""
        model = keras.Model(self.inputs, self.outputs, name="reuseformer")
        for layer, weights in self._weights:
            layer.set_weights([weight.reshape(own.shape) for weight, own in zip(weights, layer.weights)])
        return model


_OPERATIONS = {
    "Abs": ops.absolute, "Add": ops.add, "And": ops.logical_and, "Ceil": ops.ceil, "Cos": ops.cos, "Div": ops.divide,
    "Equal": ops.equal, "Erf": ops.erf, "Exp": ops.exp, "Floor": ops.floor, "Greater": ops.greater,
    "GreaterOrEqual": ops.greater_equal, "Less": ops.less, "LessOrEqual": ops.less_equal, "Log": ops.log,
    "MatMul": ops.matmul, "Max": ops.maximum, "Min": ops.minimum, "Mul": ops.multiply, "Neg": ops.negative,
    "Not": ops.logical_not, "Or": ops.logical_or, "Pow": ops.power, "Relu": ops.relu, "Round": ops.round,
    "Sigmoid": ops.sigmoid, "Sign": ops.sign, "Sin": ops.sin, "Sqrt": ops.sqrt, "Sub": ops.subtract,
    "Tanh": ops.tanh, "Where": ops.where,
}
