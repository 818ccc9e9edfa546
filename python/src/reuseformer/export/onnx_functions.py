"""Functions of each element, and ways of pooling, in ONNX's operators."""

from __future__ import annotations

import math

from .. import errors


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
    "softplus": lambda w, x: w.op("Softplus", x),
    "softsign": lambda w, x: w.op("Softsign", x),
    "exponential": lambda w, x: w.op("Exp", x),
    "square": lambda w, x: w.op("Mul", x, x),
    "square_root": lambda w, x: w.op("Sqrt", x),
    "absolute": lambda w, x: w.op("Abs", x),
    "reciprocal": lambda w, x: w.op("Reciprocal", x),
    "logarithm": lambda w, x: w.op("Log", x),
    "mish": lambda w, x: w.op("Mul", x, w.op("Tanh", w.op("Softplus", x))),
    "elu": lambda w, x: w.op("Elu", x),
    "selu": lambda w, x: w.op("Selu", x),
    "relu6": lambda w, x: w.op("Clip", x, w.floats(0), w.floats(6)),
    "log_sigmoid": lambda w, x: w.op("Neg", w.op("Softplus", w.op("Neg", x))),
}


def function(writer, name, x, where):
    """A function of each element of a value."""
    if name not in FUNCTIONS:
        raise errors.Unsupported("%s: the function %s has no ONNX form here" % (where, name))
    return FUNCTIONS[name](writer, x)


def pool(w, kind, x, counts, isChosen):
    """One row of the rows ``[batch, rows, width]`` that count: ``counts`` is float32 ``[batch, rows]``.

    ``isChosen`` says that the graph itself chose the rows, not only the mask of the text."""
    if kind == "first" and not isChosen:  # whether the mask shows it or not
        return w.op("Gather", x, w.integers(0), axis=1)
    column = w.unsqueeze(counts, 2)
    if kind == "max":
        hidden = w.op("Mul", w.op("Sub", w.floats(1), column), w.floats(-3.4e38))
        return w.op("ReduceMax", w.op("Add", w.op("Mul", x, column), hidden), axes=[1], keepdims=0)
    rank = w.op("CumSum", counts, w.integers(1))
    total = w.op("ReduceSum", counts, w.integers([1]), keepdims=1)
    places = w.op("Add", w.cast(w.range(w.extent(x, 1))), w.floats(1))
    weights = {
        "mean": lambda: w.op("Div", counts, w.op("Max", total, w.floats(1))),
        "mean_square_root": lambda: w.op("Div", counts, w.op("Sqrt", w.op("Max", total, w.floats(1)))),
        "weighted_mean": lambda: _shares(w, w.op("Mul", counts, places)),
        "first": lambda: w.op("Mul", counts, w.cast(w.op("Equal", rank, w.floats(1)))),
        "last": lambda: w.op("Mul", counts, w.cast(w.op("Equal", rank, total))),
    }[kind]()
    return w.op("Squeeze", w.op("MatMul", w.unsqueeze(weights, 1), x), w.integers([1]))


def _shares(w, weights):
    return w.op("Div", weights, w.op("Max", w.op("ReduceSum", weights, w.integers([1]), keepdims=1), w.floats(1e-9)))
