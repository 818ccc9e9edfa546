"""Products with a model's matrices, of 32 bits and of fewer (docs/precision.md)."""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np

#: Rows whose range is below this have no scale.
NARROW = 2.0**-100


def project(exporter, node: Dict[str, Any], x, prefix: str = ""):
    """``x · weight + bias`` of a node's matrix ``<prefix>weight``."""
    file, w = exporter.file, exporter.writer
    precision = file.precision(node, prefix + "weight")
    name = "%s/%s" % (node["name"], prefix)
    bias = file.parameter(node, prefix + "bias")
    if precision is None or not w.rounds_inputs:
        if precision is not None and precision["kind"] in ("int8", "bfloat16"):
            raise w.refuse(node["name"], "a matrix whose inputs are rounded (%s)" % precision["kind"])
        weight = file.parameter(node, prefix + "weight")
        if weight is None:
            raise w.refuse(node["name"], "a node without its matrix %sweight" % prefix)
        return w.dense(name, x, weight, bias)
    owner, values, is_transposed = file.stored(node, prefix + "weight")
    if precision["kind"] == "bfloat16":
        # A table that is tied to the output multiplies inputs as they are.
        rows = x if is_transposed else round_to_bfloat16(exporter, x, name)
        matrix = w.to_float(w.bfloat16_weight(owner, values))
        if is_transposed:
            matrix = w.op("Transpose", matrix, perm=[1, 0])
        return w.add_bias(name, w.op("MatMul", rows, matrix), bias)
    # Scales stand where no engine finds the pattern of a quantised product in them: ONNX Runtime would round the inputs
    # of a DequantizeLinear before a MatMul to 8 bits, by its own rule, and say nothing.
    scale = file.tensors[owner + "_scale"].astype(np.float32)
    if "group" in precision:
        matrix = w.grouped(owner, values, scale, precision["group"], file.rows(node, prefix + "weight"),
                           precision["kind"] == "int4_weights")
        return w.add_bias(name, w.op("MatMul", x, matrix), bias)
    matrix = w.to_float(w.weight(owner, values))
    if is_transposed:
        matrix = w.op("Transpose", matrix, perm=[1, 0])
    if precision["kind"] == "int8":
        x = round_rows(exporter, x, smoothing(exporter, node, prefix + "weight"), name)
    product = w.op("Mul", w.op("MatMul", x, matrix), w.weight(owner + "_scale", scale))
    return w.add_bias(name, product, bias)


def smoothing(exporter, node: Dict[str, Any], name: str):
    """Factors of the inputs of a matrix, and their name; ``None`` where it has none."""
    if not node["precisions"][name].get("isSmoothed"):
        return None
    stream = {"weight": "", "query_weight": "input_", "output_weight": "output_"}.get(name)
    if stream is None:
        stream = "memory_" if node["operation"].get("memoryWidth") else "input_"
    owner = "%s/%ssmoothing" % (node["name"], stream)
    return owner, exporter.file.tensors[owner]


def plain_weight(exporter, node: Dict[str, Any], name: str):
    """What a matrix multiplies inputs by that are not rounded, nor multiplied by its factors before."""
    weight, precision = exporter.file.parameter(node, name), exporter.file.precision(node, name)
    factors = smoothing(exporter, node, name) if precision else None
    return weight if factors is None else factors[1][:, None] * weight


def round_rows(exporter, x, factors: Optional[Any], label: str):
    """Rows as 8-bit numbers see them, each with a scale and a zero point of its own; once for all its readers."""
    key = (x, factors[0] if factors else None)
    if key in exporter.rounded:
        return exporter.rounded[key]
    w = exporter.writer
    if factors:
        x = w.op("Mul", x, w.weight(*factors))
    low = w.op("Min", w.smallest(x, -1), w.floats(0))
    high = w.op("Max", w.largest(x, -1), w.floats(0))
    span = w.op("Sub", high, low)
    wide = w.op("Not", w.op("Less", span, w.floats(NARROW)))
    span = w.op("Where", wide, span, w.floats(1))
    inverse, scale = w.op("Div", w.floats(255), span), w.op("Div", span, w.floats(255))
    zero = w.op("Round", w.op("Mul", w.op("Neg", low), inverse))
    number = w.op("Add", w.op("Round", w.op("Mul", x, inverse)), zero)
    number = w.op("Min", w.op("Max", number, w.floats(0)), w.floats(255))
    number = exporter.decided(label, w.op("Where", wide, w.op("Sub", number, zero), w.floats(0)), "int8")
    exporter.rounded[key] = w.op("Mul", number, scale)
    return exporter.rounded[key]


def rounded(exporter, x, how: Dict[str, Any], label: str):
    """Rows as a layer that was quantised at run time sees them."""
    w = exporter.writer
    if how["to"] == "float8_e4m3":
        scale = w.floats(how["scale"])
        x = w.op("Min", w.op("Max", w.op("Div", x, scale), w.floats(-448)), w.floats(448))
        return w.op("Mul", exporter.decided(label, w.float8(x), "float8_e4m3"), scale)
    steps = w.op("Div", w.floats(127), w.op("Add", w.largest(w.op("Abs", x), -1), w.floats(1e-7)))
    number = w.op("Round", w.op("Mul", x, steps))
    number = w.op("Min", w.op("Max", number, w.floats(-127)), w.floats(127))
    return w.op("Div", exporter.decided(label, number, "int8"), steps)


def round_to_bfloat16(exporter, x, label: str):
    """Numbers of the same rows rounded to bfloat16, once for all their readers."""
    key = (x, "bfloat16")
    if key not in exporter.rounded:
        exporter.rounded[key] = exporter.decided(label, exporter.writer.bfloat16(x), "bfloat16")
    return exporter.rounded[key]


def look_up(exporter, node: Dict[str, Any], name: str, index):
    """Rows of a table of 32, 16 or 8 bits; ``None`` where the node has none."""
    file, w = exporter.file, exporter.writer
    owner, values, _ = file.stored(node, name)
    if values is None:
        return None
    precision = file.precision(node, name)
    if precision is None or not w.rounds_inputs:
        return w.look_up("%s/%s" % (node["name"], name), file.parameter(node, name), index)
    if precision["kind"] == "bfloat16":
        return w.to_float(w.op("Gather", w.bfloat16_weight(owner, values), index, axis=0))
    rows = w.to_float(w.op("Gather", w.weight(owner, values), index, axis=0))
    scale = file.tensors[owner + "_scale"].astype(np.float32).reshape(-1, 1)
    return w.op("Mul", rows, w.op("Gather", w.weight(owner + "_row_scale", scale), index, axis=0))
