"""An ONNX graph that grows operator by operator."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Union

import numpy as np
from onnx import TensorProto, helper, numpy_helper

Value = str
Number = Union[int, float]


class OnnxWriter:
    """Operators, constants and names of a graph in the making. Equal constants are stored once."""

    #: LayerNormalization came with 17; everything newer that runtimes of 2023 lack is avoided.
    opset = 17

    def __init__(self) -> None:
        self.nodes: List[Any] = []
        self.initializers: List[Any] = []
        self._constants: Dict[Any, Value] = {}
        self._count = 0
        #: What the operators of the moment belong to: part of their names.
        self.scope = ""

    def name(self, kind: str) -> Value:
        self._count += 1
        return "%s/%s_%d" % (self.scope or "graph", kind.lower(), self._count)

    def op(self, kind: str, *inputs: Value, outputs: int = 1, **attributes: Any) -> Any:
        """Adds an operator; its value, or values."""
        names = [self.name(kind) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], **attributes))
        return names[0] if outputs == 1 else names

    def weight(self, name: str, array: np.ndarray) -> Value:
        """A stored array under its own name."""
        key = (name, array.shape)
        if key not in self._constants:
            self._constants[key] = name
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return self._constants[key]

    def floats(self, value: Union[Number, Sequence[Number]]) -> Value:
        return self._constant(np.asarray(value, np.float32))

    def integers(self, value: Union[int, Sequence[int]]) -> Value:
        return self._constant(np.asarray(value, np.int64))

    def _constant(self, array: np.ndarray) -> Value:
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = "constant_%d" % len(self._constants)
            self._constants[key] = name
            self.initializers.append(numpy_helper.from_array(array, name))
        return self._constants[key]

    # -- shapes -------------------------------------------------------------------------------------------------------

    def extent(self, value: Value, axis: int) -> Value:
        """The length of an axis, ``[1]``."""
        return self.op("Gather", self.op("Shape", value), self.integers([axis]), axis=0)

    def shape(self, *parts: Union[int, Value]) -> Value:
        return self.op("Concat", *[self.integers([part]) if isinstance(part, int) else part for part in parts], axis=0)

    def scalar(self, value: Value) -> Value:
        return self.op("Squeeze", value, self.integers([0]))

    def range(self, count: Value) -> Value:
        """0 up to a length ``[1]``."""
        return self.op("Range", self.integers(0), self.scalar(count), self.integers(1))

    def unsqueeze(self, value: Value, *axes: int) -> Value:
        return self.op("Unsqueeze", value, self.integers(list(axes)))

    def cast(self, value: Value, kind: int = TensorProto.FLOAT) -> Value:
        return self.op("Cast", value, to=kind)
