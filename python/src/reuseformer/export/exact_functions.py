"""Multiply-add and elementary functions of docs/arithmetic.md in ONNX operators, to the last bit."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
from onnx import TensorProto

from .onnx_writer import OnnxWriter, Value

#: 1.5 · 2²³: adding it rounds to an integer.
SHIFTER = 12582912
LOG2_E = 1.44269504
_POWERS_OF_TWO = np.float32(2) ** np.arange(-126, 128, dtype=np.float32)


class ExactFunctions:
    """Operations of a writer's graph whose every bit is our runtime's. Values are float32 where nothing else is
    said."""

    def __init__(self, writer: OnnxWriter) -> None:
        self.w = writer

    # -- multiply-add -------------------------------------------------------------------------------------------------

    def double(self, value: Value) -> Value:
        return self.w.op("Cast", value, to=TensorProto.DOUBLE)

    def doubles(self, value: Any) -> Value:
        """A constant: float32 numbers in 64 bits."""
        return self.w.constant(np.asarray(value, np.float32).astype(np.float64))

    def once(self, product: Value, addend: Value) -> Value:
        """product + addend, both of 64 bits, rounded to float32 as if once; the product is an exact one of two float32
        numbers, the addend a float32 number.

        The sum is rounded to 64 bits first. That decides wrongly only where it then lies half-way between two float32
        numbers: there the side on which the first rounding left the true sum chooses the neighbour."""
        w = self.w
        total = w.op("Add", product, addend)
        near = w.to_float(total)
        away = w.op("Sub", total, self.double(near))
        # Where the total is half-way, as far again is the other neighbour, a float32 number.
        opposite = w.op("Add", total, away)
        other = w.to_float(opposite)
        is_half = w.op("Equal", self.double(other), opposite)
        # What the sum in 64 bits lost, exactly.
        rest = w.op("Sub", total, product)
        lost = w.op("Add", w.op("Sub", product, w.op("Sub", total, rest)), w.op("Sub", addend, rest))
        is_beyond = w.op("Greater", w.op("Mul", lost, away), self.doubles(0))
        return w.op("Where", w.op("And", is_half, is_beyond), other, near)

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """a · b + c, rounded once."""
        return self.once(self.w.op("Mul", self.double(a), self.double(b)), self.double(c))

    def reciprocal(self, x: Value) -> Value:
        """1 / x. ONNX Runtime makes y / x of y · (1 / x) where both are of 32 bits; rounding a quotient to 64 bits
        first changes nothing."""
        return self.w.to_float(self.w.op("Div", self.doubles(1), self.double(x)))

    def polynomial(self, x: Value, *coefficients: float) -> Value:
        """Horner's rule, the highest power first: a multiply-add for each further coefficient.

        Hardly ever a sum lies so near to half-way between two float32 numbers that rounding it twice could matter.
        Where none does, a little more and a little less are rounded to the same number, and that is it."""
        w, x = self.w, self.double(x)

        def plain() -> Tuple[Value, Value]:
            value, is_safe = self.doubles(coefficients[0]), None
            for number, coefficient in enumerate(coefficients[1:]):
                total = w.op("Add", w.op("Mul", x, value), self.doubles(coefficient))
                # A factor of 1 + 2⁻⁵¹ ONNX Runtime would take for 1 and leave out.
                little = w.op("Mul", total, self.doubles(2.0**-51))
                above, below = w.to_float(w.op("Add", total, little)), w.to_float(w.op("Sub", total, little))
                same = w.op("Equal", above, below)
                is_safe = same if is_safe is None else w.op("And", is_safe, same)
                value = self.double(above) if number < len(coefficients) - 2 else above
            return value, w.all_true(is_safe)

        def careful() -> Value:
            value = self.doubles(coefficients[0])
            for number, coefficient in enumerate(coefficients[1:]):
                product = w.op("Mul", x, value if number == 0 else self.double(value))
                value = self.once(product, self.doubles(coefficient))
            return value

        value, is_safe = plain()
        return w.either(is_safe, lambda: value, careful)

    # -- elementary functions -----------------------------------------------------------------------------------------

    def _scaled(self, mantissa: Value, power: Value) -> Value:
        """mantissa · 2ⁿ for a whole number n of −126 to 127."""
        w = self.w
        index = w.op("Cast", w.op("Add", power, w.floats(126)), to=TensorProto.INT32)
        return w.op("Mul", mantissa, w.op("Gather", w.floats(_POWERS_OF_TWO), index, axis=0))

    def exp2_in_range(self, x: Value) -> Value:
        w = self.w
        whole = w.op("Sub", w.op("Add", x, w.floats(SHIFTER)), w.floats(SHIFTER))
        value = self.polynomial(w.op("Sub", x, whole), 0.00133002565, 0.00966971848, 0.0555056006, 0.240222815,
                                0.693147181, 1)
        return self._scaled(value, whole)

    def exp(self, x: Value) -> Value:
        """eˣ, 0 below −87.3, that of 88 above 88."""
        w = self.w
        low = w.op("Less", x, w.floats(-87.3))
        y = w.op("Where", low, w.floats(0), w.op("Min", x, w.floats(88)))
        wide = self.double(y)
        shifted = self.once(w.op("Mul", wide, self.doubles(LOG2_E)), self.doubles(SHIFTER))
        whole = w.op("Sub", shifted, w.floats(SHIFTER))
        turns = self.double(whole)
        rest = self.once(w.op("Mul", turns, self.doubles(-0.693145752)), wide)
        rest = self.once(w.op("Mul", turns, self.doubles(-1.42860677e-6)), self.double(rest))
        value = self.polynomial(rest, 8.31252014e-3, 4.18901568e-2, 1.66671146e-1, 4.99992315e-1, 1, 1)
        return w.op("Where", low, w.floats(0), self._scaled(value, whole))

    def sigmoid(self, x: Value) -> Value:
        w = self.w
        return self.reciprocal(w.op("Add", w.floats(1), self.exp(w.op("Neg", x))))

    def tanh(self, x: Value) -> Value:
        w = self.w
        size = w.op("Abs", x)
        far = w.op("Div", w.floats(2), w.op("Add", self.exp(w.op("Add", size, size)), w.floats(1)))
        far = w.op("Sub", w.floats(1), far)
        far = w.op("Where", w.op("Less", x, w.floats(0)), w.op("Neg", far), far)
        square = w.op("Mul", x, x)
        value = self.polynomial(square, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1,
                                -3.33332819422e-1)
        near = self.fma(w.op("Mul", value, square), x, x)
        return w.op("Where", w.op("Less", size, w.floats(0.625)), near, far)

    def relu(self, x: Value) -> Value:
        return self.w.op("Where", self.w.op("Less", x, self.w.floats(0)), self.w.floats(0), x)

    def gelu(self, x: Value) -> Value:
        w = self.w
        size = w.op("Min", w.op("Abs", x), w.floats(5.5))
        power = self.polynomial(size, 3.17749101e-05, -0.00075691607, 0.00803697496, -0.0533374044, -0.458834329,
                                -1.15117711, -0.999996329)
        return self.fma(w.op("Neg", size), self.exp2_in_range(power), self.relu(x))

    def gelu_tanh(self, x: Value) -> Value:
        w = self.w
        inner = self.fma(w.op("Mul", x, x), w.floats(0.0356774081), w.floats(0.797884561))
        inner = w.op("Mul", x, inner)
        return w.op("Mul", x, self.sigmoid(w.op("Add", inner, inner)))

    @staticmethod
    def knows(name: str) -> bool:
        """Whether a function is computed here, and not by the C library."""
        return name in _FUNCTIONS or name in ("identity", "relu", "gelu", "gelu_tanh", "tanh", "sigmoid")

    def function(self, name: str, x: Value, where: str) -> Value:
        """A function of each element, by the names of docs/arithmetic.md."""
        return x if name == "identity" else self.w.each_text(x, lambda part: self._function(name, part, where))

    def _function(self, name: str, x: Value, where: str) -> Value:
        w = self.w
        if name in ("relu", "gelu", "gelu_tanh", "tanh", "sigmoid"):
            return getattr(self, name)(x)
        if name not in _FUNCTIONS:
            raise w.refuse(where, "the function %s to the last bit" % name)
        return _FUNCTIONS[name](self, w, x)

    def within(self, x: Value, low: float, high: float) -> Value:
        return self.w.op("Min", self.w.op("Max", x, self.w.floats(low)), self.w.floats(high))


def _below_zero(w: OnnxWriter, x: Value, negative: Value, positive: Value) -> Value:
    return w.op("Where", w.op("Less", x, w.floats(0)), negative, positive)


def _hard_sigmoid(e: ExactFunctions, w: OnnxWriter, x: Value, slope: float = 1 / 6) -> Value:
    return e.within(e.fma(x, w.floats(slope), w.floats(0.5)), 0, 1)


def _mish(e: ExactFunctions, w: OnnxWriter, x: Value) -> Value:
    u = e.exp(w.op("Min", x, w.floats(20)))
    n = w.op("Mul", u, w.op("Add", u, w.floats(2)))
    return w.op("Mul", x, w.op("Div", n, w.op("Add", n, w.floats(2))))


def _squareplus(e: ExactFunctions, w: OnnxWriter, x: Value) -> Value:
    root = w.op("Sqrt", e.fma(x, x, w.floats(4)))
    return _below_zero(w, x, w.op("Div", w.floats(2), w.op("Sub", root, x)),
                       w.op("Mul", w.op("Add", x, root), w.floats(0.5)))


def _less_one(e: ExactFunctions, w: OnnxWriter, x: Value) -> Value:
    return w.op("Sub", e.exp(x), w.floats(1))


#: What other functions are made of, as docs/arithmetic.md has them.
_FUNCTIONS = {
    "silu": lambda e, w, x: w.op("Mul", x, e.sigmoid(x)),
    "quick_gelu": lambda e, w, x: w.op("Mul", x, e.sigmoid(w.op("Mul", w.floats(1.702), x))),
    "relu_squared": lambda e, w, x: w.op("Mul", e.relu(x), e.relu(x)),
    "leaky_relu": lambda e, w, x: _below_zero(w, x, w.op("Mul", w.floats(0.2), x), x),
    "elu": lambda e, w, x: _below_zero(w, x, _less_one(e, w, x), x),
    "selu": lambda e, w, x: _below_zero(w, x, w.op("Mul", w.floats(1.7580993408473766), _less_one(e, w, x)),
                                        w.op("Mul", w.floats(1.0507009873554805), x)),
    "softsign": lambda e, w, x: w.op("Div", x, w.op("Add", w.floats(1), w.op("Abs", x))),
    "mish": _mish,
    "exponential": lambda e, w, x: e.exp(x),
    "hard_sigmoid": _hard_sigmoid,
    "hard_sigmoid_fifth": lambda e, w, x: _hard_sigmoid(e, w, x, 0.2),
    "hard_silu": lambda e, w, x: w.op("Mul", x, _hard_sigmoid(e, w, x)),
    "relu6": lambda e, w, x: e.within(x, 0, 6),
    "unit_clip": lambda e, w, x: e.within(x, 0, 1),
    "tanh_shrink": lambda e, w, x: w.op("Sub", x, e.tanh(x)),
    "squareplus": _squareplus,
    "step": lambda e, w, x: w.to_float(w.op("Greater", x, w.floats(0))),
    "square": lambda e, w, x: w.op("Mul", x, x),
    "square_root": lambda e, w, x: w.op("Sqrt", x),
    "absolute": lambda e, w, x: w.op("Abs", x),
    "reciprocal": lambda e, w, x: e.reciprocal(x),
}
