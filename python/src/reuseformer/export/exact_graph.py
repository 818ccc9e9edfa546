"""A graph in operators whose every bit is our runtime's (docs/arithmetic.md), for models that round while they run."""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np

from .exact import Exact
from .exact_attention import ExactAttention
from .functions import function, pool
from .graph import GraphExporter
from .matrices import NARROW, smoothing
from .reuse_file import ReuseFile, whole_numbers

#: Nodes that are said by `GraphExporter` with single elements alone, or move them.
_PLAIN = {"add", "concatenate", "convolution", "embedding", "mask", "maximum", "minimum", "multiply", "rearrange",
          "round", "slice", "table", "token_mask"}
#: Nodes whose functions our runtime takes from the C library: engines have their own, a unit in the last place off.
_LIBRARY = {"distribution", "elementwise", "softmax"}


class ExactExporter(GraphExporter):
    """Says a graph to an `OnnxWriter` in the order of our runtime. What it does not know is refused by name."""

    def __init__(self, file: ReuseFile, writer, decisions: Optional[Dict[str, Any]] = None):
        self.exact = Exact(writer)
        #: The place among the visible rows of each row of an axis, and values whose visible rows stand first.
        self.orders: Dict[Any, Any] = {}
        #: Of a product's inputs, where those are heads side by side.
        self.head_width = 0
        #: Whether every bit is our runtime's, and not all of them but those of functions that libraries differ in.
        self.has_all_bits = True
        for node in file.graph["nodes"]:
            kind = node["operation"]["kind"]
            if kind in _LIBRARY:
                self.has_all_bits = False
            elif kind not in _PLAIN and kind != "attention" and "node_" + kind not in ExactExporter.__dict__:
                raise writer.refuse(node["name"], "the operation %s to the last bit" % kind)
        super().__init__(file, writer, decisions)

    # -- products -----------------------------------------------------------------------------------------------------

    def project(self, node: Dict[str, Any], x: Any, prefix: str = "", factor: float = 1) -> Any:
        """x · weight + bias; ``factor`` belongs to both."""
        file, w = self.file, self.writer
        name, precision = "%s/%s" % (node["name"], prefix), file.precision(node, prefix + "weight") or {"kind": ""}
        bias = file.parameter(node, prefix + "bias")
        owner, values, is_transposed = file.stored(node, prefix + "weight")
        if values is None:
            raise w.refuse(node["name"], "a node without its matrix %sweight" % prefix)
        factor, kind = np.float32(factor), precision["kind"]
        if kind == "int8":
            factors = smoothing(self, node, prefix + "weight")
            x = self._whole(name, x, (owner, values, is_transposed), factors, factor)
        elif kind == "bfloat16" and not is_transposed:
            x = self._paired(name, x, owner, values)
            x = x if factor == 1 else w.op("Mul", x, w.floats(factor))
        else:
            if kind in ("", "bfloat16"):
                matrix = file.parameter(node, prefix + "weight") * factor
            else:
                matrix = self._unpacked(values, file.tensors[owner + "_scale"], precision, is_transposed, factor,
                                        file.rows(node, prefix + "weight"))
            x = self.exact.product(x, w.weight(name + "weight", matrix), matrix.shape[1])
        return w.add_bias(name, x, None if bias is None else bias * factor)

    def _whole(self, name, x, stored, factors, factor):
        """8 bits times 8 bits."""
        w, (owner, values, is_transposed) = self.writer, stored
        number, scale = self._rows_of_8_bits(x, factors, name)
        matrix = w.to_float(w.weight(owner, values))
        if is_transposed:
            matrix = w.op("Transpose", matrix, perm=[1, 0])
        depth = values.shape[1 if is_transposed else 0]
        product = w.op("Mul", self.exact.whole_product(number, matrix, depth), scale)
        column = self.file.tensors[owner + "_scale"].astype(np.float32) * factor
        return w.op("Mul", product, w.weight(name + "weight_scale", column))

    def _rows_of_8_bits(self, x, factors, label):
        """Whole numbers less their zero point, and the scale of each row; once for all its readers."""
        key = (x, factors[0] if factors else None)
        if key not in self.rounded:
            w = self.writer
            y = w.op("Mul", x, w.weight(*factors)) if factors else x
            low = w.op("Min", w.smallest(y, -1), w.floats(0))
            high = w.op("Max", w.largest(y, -1), w.floats(0))
            span = w.op("Sub", high, low)
            wide = w.op("Not", w.op("Less", span, w.floats(NARROW)))
            span = w.op("Where", wide, span, w.floats(1))
            inverse = w.op("Div", w.floats(255), span)
            zero = w.op("Round", w.op("Mul", w.op("Neg", low), inverse))
            number = w.op("Add", w.op("Round", w.op("Mul", y, inverse)), zero)
            number = w.op("Min", w.op("Max", number, w.floats(0)), w.floats(255))
            number = self.decided(label, w.op("Where", wide, w.op("Sub", number, zero), w.floats(0)), "int8")
            self.rounded[key] = number, w.op("Where", wide, w.op("Div", span, w.floats(255)), w.floats(0))
        return self.rounded[key]

    def _paired(self, name, x, owner, values):
        """bfloat16 times bfloat16. Pairs never span two heads."""
        key = (x, "bfloat16")
        if key not in self.rounded:
            self.rounded[key] = self.decided(name, self.exact.bfloat16(x), "bfloat16")
        x, width = self.rounded[key], self.head_width
        values = np.where(np.abs(values) < 2.0**-56, np.float32(0), values)
        if width % 2:
            w, heads = self.writer, len(values) // width
            x = w.op("Pad", w.reshape(x, 0, heads, width), w.integers([0, 0, 0, 0, 0, 0, 0, 1]))
            x = w.reshape(x, 0, heads * (width + 1))
            values = np.pad(values.reshape(heads, width, -1), ((0, 0), (0, 1), (0, 0))).reshape(-1, values.shape[1])
        return self.exact.paired_product(x, values, owner)

    @staticmethod
    def _unpacked(values, scale, precision, is_transposed, factor, rows):
        """Numbers of 8 and 4 bits times their scales, rounded once."""
        values = whole_numbers(values, precision, rows)
        if "group" in precision:
            scale = np.repeat(scale, precision["group"], axis=0)[:len(values)]
        scale = scale.astype(np.float32) * factor
        matrix = values.astype(np.float32) * (scale[:, None] if is_transposed else scale)
        return np.ascontiguousarray(matrix.T) if is_transposed else matrix

    # -- nodes --------------------------------------------------------------------------------------------------------

    def node_linear(self, node, operation):
        x, space = self._first(node)
        return self.project(node, x), space

    def node_norm(self, node, operation):
        w, exact = self.writer, self.exact
        x, space = self._first(node)
        if operation["norm"] == "unit":
            width = self.width(node["inputs"][0])
            total = w.op("Max", exact.row_sum(x, width, True), w.floats(operation["epsilon"]))
            return w.op("Mul", x, exact.reciprocal(w.op("Sqrt", total))), space
        scale, offset = self.file.parameter(node, "scale"), self.file.parameter(node, "offset")
        if operation["norm"] == "layer":
            scale = scale + np.float32(operation["scaleOffset"])
            return exact.layer_norm(node["name"], x, scale, offset, operation["epsilon"]), space
        scale = scale + np.float32(operation["scaleOffset"])
        return w.add_bias(node["name"] + "/", exact.rms_norm(node["name"] + "/scale", x, scale, operation["epsilon"]),
                          offset), space

    def width(self, name: str) -> int:
        """Numbers of a row of a node's value."""
        operation = self.nodes[name]["operation"] if name in self.nodes else {}
        width = operation.get("outputWidth", operation.get("width"))
        if width is None and name in self.nodes:
            return self.width(self.nodes[name]["inputs"][0])
        if width is None:
            raise self.writer.refuse(name, "a norm of these rows")
        return width

    def node_activation(self, node, operation):
        x, space = self._first(node)
        return self.function(operation["function"], x, node["name"]), space

    def function(self, name, x, where):
        if self.exact.knows(name):
            return self.exact.function(name, x, where)
        self.has_all_bits = False
        return function(self.writer, name, x, where)

    def node_gate(self, node, operation):
        x, space = self._first(node)
        x = self.function(operation["function"], x, node["name"])
        return self.writer.op("Mul", x, self.value(node["inputs"][1])), space

    def node_affine(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        scale, offset = self.file.parameter(node, "scale"), self.file.parameter(node, "offset")
        scale = np.float32(operation["factor"]) * (np.float32(1) if scale is None else scale)
        offset = np.float32(operation["shift"]) + (np.float32(0) if offset is None else offset)
        return w.op("Add", w.op("Mul", x, w.floats(scale)), w.floats(offset)), space

    def node_pooling(self, node, operation):
        w, kind = self.writer, operation["pool"]
        x, space = self._first(node)
        chosen = len(node["inputs"]) > 1
        counts = w.to_float(self.visible(space, x))
        if chosen:
            shown = w.squeeze(self.value(node["inputs"][1]), 2)
            counts = w.op("Mul", counts, w.to_float(w.op("Not", w.op("Equal", shown, w.floats(0)))))
        if kind not in ("mean", "mean_square_root", "weighted_mean"):
            return pool(w, kind, x, counts, chosen), None
        weights = counts
        if kind == "weighted_mean":
            weights = w.op("Mul", counts, w.op("Add", w.to_float(w.places(x)), w.floats(1)))
        # Whole numbers: in any order.
        total = w.sum(weights, 1)
        total = w.op("Sqrt", total) if kind == "mean_square_root" else total
        rows = w.op("Where", w.unsqueeze(w.to_bool(counts), 2), w.op("Mul", x, w.unsqueeze(weights, 2)), w.floats(0))
        start = w.op("Mul", w.squeeze(w.cut(rows, 1, 0, 1), 1), w.floats(0))
        added = self.exact.along(start, [rows], 1, lambda state, part: w.op("Add", state, part[0]))
        return w.op("Div", added, w.op("Where", w.op("Greater", total, w.floats(0)), total, w.floats(1))), None

    def attention(self, node, *arguments):
        if node["operation"].get("comparison") == "additive":
            raise self.writer.refuse(node["name"], "additive attention to the last bit")
        return ExactAttention(self, node, *arguments)

    def convolution(self, name, x, weight, bias, *, extents, strides, pads, dilations, groups):
        """The rows of each window side by side are one row of a product."""
        w, (*sizes, channels, width) = self.writer, weight.shape
        if groups != 1:
            raise w.refuse(name, "a convolution of several groups to the last bit")
        before, after = zip(*pads)
        x = w.op("Pad", x, w.integers([0, *before, 0, 0, *after, 0]))
        if extents is None:
            reach = sum(pads[0])
            taps = [place * dilations[0] for place in range(sizes[0])]
            x = w.op("Concat", *[w.cut(x, 1, tap, tap - reach if tap < reach else None) for tap in taps], axis=2)
        else:
            counts = [(extent + sum(pad) - (size - 1) * dilation - 1) // stride + 1
                      for extent, pad, size, dilation, stride in zip(extents, pads, sizes, dilations, strides)]
            for axis, (count, size, dilation, stride) in enumerate(zip(counts, sizes, dilations, strides)):
                places = np.arange(count)[:, None] * stride + np.arange(size) * dilation
                x = w.op("Gather", x, w.integers(places), axis=1 + 2 * axis)
            rank = len(sizes)
            x = w.op("Transpose", x, perm=[0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2), 2 * rank + 1])
            x = w.reshape(x, int(np.prod(counts)), int(np.prod(sizes)) * channels)
        matrix = w.weight(name + "/weight", weight.reshape(-1, width))
        return w.add_bias(name + "/", self.exact.product(x, matrix, width), bias)

    # -- rows that the mask shows -------------------------------------------------------------------------------------

    def visible_first(self, rows: Any, space: Any, like: Any) -> Any:
        """``[batch, rows, …]`` with the rows that the mask shows before the others, each in its order."""
        w = self.writer
        if not self._is_masked(space):
            return rows
        if space not in self.orders:
            shown = w.to_integer(self.visible(space, like))
            count = w.op("Shape", like)
            count = w.op("Gather", count, w.integers([1]), axis=0)
            rank = w.op("Mul", shown, w.op("Sub", count, w.places(like)))
            _, order = w.op("TopK", rank, count, axis=1, largest=1, sorted=1, outputs=2)
            self.orders[space] = w.unsqueeze(order, 2)
        return w.op("GatherND", rows, self.orders[space], batch_dims=1)

    def _is_masked(self, space: Any) -> bool:
        if space == "tokens" and "attention_mask" in self.graph["inputs"]:
            return True
        return any(layout["rows"] == space and layout.get("mask") in self.graph["inputs"]
                   for layout in self.layouts.values())


