"""The arithmetic of docs/arithmetic.md in ONNX operators: each sum in its one order, each operation rounded once.

Additions, multiplications, divisions and roots of single elements have one result in any engine that keeps IEEE 754;
products and sums over an axis do not, since engines choose their order. Here they are written out: by adding slices,
and by `Scan` over an axis. A multiply-add is computed in 64 bits and rounded to 32 as if once."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence

import numpy as np
from onnx import TensorProto

from .exact_functions import ExactFunctions
from .onnx_writer import Value

LANES = 16
#: Inputs of a product of 8 bits that float32 adds up without rounding, in any order: 512 · 255 · 128 < 2²⁴.
EXACT_DEPTH = 512
#: What is below it is zero in bfloat16, so that products have no tiny numbers.
SMALLEST_BFLOAT16 = 2.0**-56


class Exact(ExactFunctions):
    """Sums, products and norms, besides functions of single elements."""

    # -- sums and products --------------------------------------------------------------------------------------------

    def row_sum(self, x: Value, width: int, squared: bool) -> Value:
        """Σ x, or Σ x², of rows of ``width`` numbers, ``[…, 1]``: four accumulators of sixteen lanes."""
        w, block = self.w, 4 * LANES
        whole = width // block * block
        first: Optional[Value] = None
        others: List[Value] = []
        for start in range(0, whole, block):
            first = self._accumulated(first, w.cut(x, -1, start, start + block), squared)
        if first is not None:
            first, *others = [w.cut(first, -1, place * LANES, (place + 1) * LANES) for place in range(4)]
        for start in range(whole, width, LANES):
            part, count = w.cut(x, -1, start, min(start + LANES, width)), min(LANES, width - start)
            if count == LANES or first is None:
                first = self._accumulated(first, part, squared)
            else:
                first = w.op("Concat", self._accumulated(w.cut(first, -1, 0, count), part, squared),
                             w.cut(first, -1, count, LANES), axis=-1)
        if width < LANES:
            zero = w.op("Mul", w.cut(first, -1, 0, 1), w.floats(0))
            first = w.op("Concat", first, *[zero] * (LANES - width), axis=-1)
        if others:
            first = w.op("Add", w.op("Add", first, others[0]), w.op("Add", others[1], others[2]))
        return self.lanes(first, -1)

    def _accumulated(self, total: Optional[Value], part: Value, squared: bool) -> Value:
        if total is None:
            return self.w.op("Mul", part, part) if squared else self.w.op("Add", part, self.w.floats(0))
        return self.fma(part, part, total) if squared else self.w.op("Add", total, part)

    def lanes(self, value: Value, axis: int) -> Value:
        """The sum of sixteen lanes along an axis, by halves."""
        for half in (8, 4, 2, 1):
            value = self.w.op("Add", self.w.cut(value, axis, 0, half), self.w.cut(value, axis, half, 2 * half))
        return value

    def _zeros(self, like: Value, width: int, kind: int) -> Value:
        """Zeros ``[…, width]`` for the rows of another value."""
        w = self.w
        rows = w.cut(w.op("Shape", like), 0, 0, -1)
        shape = w.op("Concat", rows, w.integers([width]), axis=0)
        return w.op("Expand", w.constant(np.zeros(1, np.float64 if kind == TensorProto.DOUBLE else np.float32)), shape)

    def product(self, x: Value, weight: Value, width: int) -> Value:
        """x · weight, ``[…, depth]`` times ``[depth, width]``: a multiply-add for each depth, from 0 upwards."""
        w = self.w

        def body(total: Value, rows: List[Value]) -> Value:
            return self.double(self.once(w.op("Mul", w.unsqueeze(rows[0], -1), rows[1]), total))

        zeros = self._zeros(x, width, TensorProto.DOUBLE)
        return w.to_float(w.scan(TensorProto.DOUBLE, zeros, [(self.double(x), -1), (self.double(weight), 0)], body))

    def paired_product(self, x: Value, weight: np.ndarray, name: str) -> Value:
        """x · weight of bfloat16 numbers, added in float32: of each pair of inputs the second first."""
        w, (depth, width) = self.w, weight.shape
        if depth % 2:
            x = w.op("Concat", x, w.op("Mul", w.cut(x, -1, 0, 1), w.floats(0)), axis=-1)
            weight = np.concatenate([weight, np.zeros((1, width), weight.dtype)])
        matrix = w.to_float(w.bfloat16_weight(name, weight))
        rows = [(w.cut(x, -1, start, None, 2), -1) for start in (1, 0)]
        rows += [(w.cut(matrix, 0, start, None, 2), 0) for start in (1, 0)]

        def body(total: Value, parts: List[Value]) -> Value:
            for part, row in zip(parts[:2], parts[2:]):
                total = w.op("Add", total, w.op("Mul", w.unsqueeze(part, -1), row))
            return total

        return w.scan(TensorProto.FLOAT, self._zeros(x, width, TensorProto.FLOAT), rows, body)

    def whole_product(self, x: Value, matrix: Value, depth: int) -> Value:
        """x · matrix of whole numbers of 8 bits: exact in any order, then rounded to float32 once."""
        w = self.w
        if depth <= EXACT_DEPTH:
            return w.op("MatMul", x, matrix)
        total = None
        for start in range(0, depth, EXACT_DEPTH):
            end = min(start + EXACT_DEPTH, depth)
            part = w.op("MatMul", w.cut(x, -1, start, end), w.cut(matrix, 0, start, end))
            part = w.op("Cast", part, to=TensorProto.INT32)
            total = part if total is None else w.op("Add", total, part)
        return w.to_float(total)

    def along(self, start: Value, parts: Sequence[Value], axis: int, body: Callable[[Value, List[Value]], Value],
              kind: int = TensorProto.FLOAT) -> Value:
        """What is left of ``start`` when ``body`` has taken the slices of all parts along an axis, one after the
        other."""
        return self.w.scan(kind, start, [(part, axis) for part in parts], body)

    def bfloat16(self, value: Value) -> Value:
        """Rounded to bfloat16; what is below 2⁻⁵⁶ is zero."""
        w = self.w
        value = w.bfloat16(value)
        return w.op("Where", w.op("Less", w.op("Abs", value), w.floats(SMALLEST_BFLOAT16)), w.floats(0), value)

    # -- norms --------------------------------------------------------------------------------------------------------

    def factor(self, squares: Value, width: int, epsilon: float) -> Value:
        """1 / √(Σ x² / n + ε)."""
        w = self.w
        mean = w.op("Add", w.op("Div", squares, w.floats(width)), w.floats(epsilon))
        return self.reciprocal(w.op("Sqrt", mean))

    def layer_norm(self, name: str, x: Value, scale: np.ndarray, offset: Optional[np.ndarray], epsilon: float) -> Value:
        w, width = self.w, len(scale)
        x = w.op("Sub", x, w.op("Div", self.row_sum(x, width, False), w.floats(width)))
        x = w.op("Mul", x, self.factor(self.row_sum(x, width, True), width, epsilon))
        if offset is None:
            return w.op("Mul", x, w.weight(name + "/scale", scale))
        return self.fma(x, w.weight(name + "/scale", scale), w.weight(name + "/offset", offset))

    def rms_norm(self, name: str, x: Value, scale: np.ndarray, epsilon: float) -> Value:
        w, width = self.w, len(scale)
        x = w.op("Mul", x, self.factor(self.row_sum(x, width, True), width, epsilon))
        return w.op("Mul", x, w.weight(name, scale))
