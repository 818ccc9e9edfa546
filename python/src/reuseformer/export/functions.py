"""Functions of each element, and ways of pooling, as operators of any writer."""

from __future__ import annotations

import math


def _gelu(w, x):
    erf = w.op("Erf", w.op("Mul", x, w.floats(1 / math.sqrt(2))))
    return w.op("Mul", w.op("Mul", x, w.floats(0.5)), w.op("Add", erf, w.floats(1)))


def _gelu_tanh(w, x):
    cube = w.op("Mul", w.op("Mul", x, x), x)
    inner = w.op("Mul", w.op("Add", x, w.op("Mul", cube, w.floats(0.044715))), w.floats(math.sqrt(2 / math.pi)))
    return w.op("Mul", w.op("Mul", x, w.floats(0.5)), w.op("Add", w.op("Tanh", inner), w.floats(1)))


def _relu_squared(w, x):
    kept = w.op("Relu", x)
    return w.op("Mul", kept, kept)


def _within(w, x, low, high):
    return w.op("Min", w.op("Max", x, w.floats(low)), w.floats(high))


def _hard_sigmoid(w, x, slope=1 / 6):
    return _within(w, w.op("Add", w.op("Mul", x, w.floats(slope)), w.floats(0.5)), 0, 1)


def _exponential_unit(w, x, above, below):
    """``above · x`` above 0, ``below · (eˣ − 1)`` elsewhere."""
    low = w.op("Sub", w.op("Exp", w.op("Min", x, w.floats(0))), w.floats(1))
    return w.op("Add", w.op("Mul", w.op("Relu", x), w.floats(above)), w.op("Mul", low, w.floats(below)))


def _softplus(w, x):
    """Without the overflow of the exponential: max(x, 0) + ln(1 + e⁻|x|)."""
    rest = w.op("Log", w.op("Add", w.op("Exp", w.op("Neg", w.op("Abs", x))), w.floats(1)))
    return w.op("Add", w.op("Relu", x), rest)


def _squareplus(w, x):
    root = w.op("Sqrt", w.op("Add", w.op("Mul", x, x), w.floats(4)))
    return w.op("Mul", w.op("Add", x, root), w.floats(0.5))


FUNCTIONS = {
    "identity": lambda w, x: x,
    "relu": lambda w, x: w.op("Relu", x),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "tanh": lambda w, x: w.op("Tanh", x),
    "sigmoid": lambda w, x: w.op("Sigmoid", x),
    "silu": lambda w, x: w.op("Mul", x, w.op("Sigmoid", x)),
    "quick_gelu": lambda w, x: w.op("Mul", x, w.op("Sigmoid", w.op("Mul", x, w.floats(1.702)))),
    "relu_squared": _relu_squared,
    "leaky_relu": lambda w, x: w.op("Max", x, w.op("Mul", x, w.floats(0.2))),
    "softplus": _softplus,
    "softsign": lambda w, x: w.op("Div", x, w.op("Add", w.op("Abs", x), w.floats(1))),
    "exponential": lambda w, x: w.op("Exp", x),
    "square": lambda w, x: w.op("Mul", x, x),
    "square_root": lambda w, x: w.op("Sqrt", x),
    "absolute": lambda w, x: w.op("Abs", x),
    "reciprocal": lambda w, x: w.op("Div", w.floats(1), x),
    "logarithm": lambda w, x: w.op("Log", x),
    "sine": lambda w, x: w.op("Sin", x),
    "cosine": lambda w, x: w.op("Cos", x),
    "mish": lambda w, x: w.op("Mul", x, w.op("Tanh", _softplus(w, x))),
    "elu": lambda w, x: _exponential_unit(w, x, 1, 1),
    "selu": lambda w, x: _exponential_unit(w, x, 1.0507009873554805, 1.7580993408473766),
    "relu6": lambda w, x: _within(w, x, 0, 6),
    "unit_clip": lambda w, x: _within(w, x, 0, 1),
    "hard_sigmoid": _hard_sigmoid,
    "hard_sigmoid_fifth": lambda w, x: _hard_sigmoid(w, x, 0.2),
    "hard_silu": lambda w, x: w.op("Mul", x, _hard_sigmoid(w, x)),
    "log_sigmoid": lambda w, x: w.op("Neg", _softplus(w, w.op("Neg", x))),
    "tanh_shrink": lambda w, x: w.op("Sub", x, w.op("Tanh", x)),
    "squareplus": _squareplus,
    "step": lambda w, x: w.to_float(w.op("Greater", x, w.floats(0))),
}


def _remainder(w, x, y):
    return w.op("Sub", x, w.op("Mul", w.op("Floor", w.op("Div", x, y)), y))


#: Functions of the elements of one to three values; comparisons give 1 and 0.
ELEMENTWISE = {
    "floor": lambda w, x: w.op("Floor", x),
    "ceiling": lambda w, x: w.op("Ceil", x),
    "sign": lambda w, x: w.op("Sign", x),
    "rounded": lambda w, x: w.op("Round", x),
    "divide": lambda w, x, y: w.op("Div", x, y),
    "power": lambda w, x, y: w.op("Pow", x, y),
    "floor_divide": lambda w, x, y: w.op("Floor", w.op("Div", x, y)),
    "remainder": _remainder,
    "equal": lambda w, x, y: w.to_float(w.op("Equal", x, y)),
    "less": lambda w, x, y: w.to_float(w.op("Less", x, y)),
    "not_equal": lambda w, x, y: w.to_float(w.op("Not", w.op("Equal", x, y))),
    "less_or_equal": lambda w, x, y: w.to_float(w.op("LessOrEqual", x, y)),
    "select": lambda w, x, y, z: w.op("Where", w.op("Equal", x, w.floats(0)), z, y),
}


def function(writer, name, x, where):
    """A function of each element of a value."""
    if name not in FUNCTIONS:
        raise writer.refuse(where, "the function %s" % name)
    return FUNCTIONS[name](writer, x)


def pool(w, kind, x, counts, chosen):
    """One row of the rows ``[batch, rows, width]`` that count: ``counts`` is float32 ``[batch, rows]``.

    ``chosen`` says that the graph itself chose the rows, not only the mask of the text."""
    if kind == "first" and not chosen:  # whether the mask shows it or not
        return w.squeeze(w.take(x, [0], 1), 1)
    column = w.unsqueeze(counts, 2)
    if kind == "max":
        hidden = w.op("Mul", w.op("Sub", w.floats(1), column), w.floats(-3.4e38))
        highest = w.squeeze(w.largest(w.op("Add", w.op("Mul", x, column), hidden), 1), 1)
        return w.op("Where", w.op("Greater", w.sum(counts, 1), w.floats(0)), highest, w.floats(0))
    rank = w.cumulative(counts, 1)
    total = w.sum(counts, 1)
    weights = {
        "mean": lambda: w.op("Div", counts, w.op("Max", total, w.floats(1))),
        "mean_square_root": lambda: w.op("Div", counts, w.op("Sqrt", w.op("Max", total, w.floats(1)))),
        "weighted_mean": lambda: _shares(w, w.op("Mul", counts, w.op("Add", w.to_float(w.places(x)), w.floats(1)))),
        "first": lambda: w.op("Mul", counts, w.to_float(w.op("Equal", rank, w.floats(1)))),
        "last": lambda: w.op("Mul", counts, w.to_float(w.op("Equal", rank, total))),
    }[kind]()
    return w.squeeze(w.op("MatMul", w.unsqueeze(weights, 1), x), 1)


def _shares(w, weights):
    return w.op("Div", weights, w.op("Max", w.sum(weights, 1), w.floats(1e-9)))
