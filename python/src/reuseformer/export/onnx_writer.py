"""An ONNX graph that grows operator by operator."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from .. import errors

Value = str
Number = Union[int, float]


class OnnxWriter:
    """Operators, constants and names of a graph in the making. Equal constants are stored once.

    `KerasWriter` has the same methods: what is said with them can be written in both formats."""

    #: The name in messages, and of the engine that runs it.
    format, engine = "ONNX", "ONNX Runtime"
    #: Whether matrices may be of 8 and 16 bits, their inputs rounded while the model runs.
    rounds_inputs = True

    def __init__(self, opset: int = 17) -> None:
        self.nodes: List[Any] = []
        self.initializers: List[Any] = []
        self.inputs: List[Any] = []
        self.outputs: List[Any] = []
        self._constants: Dict[Any, Value] = {}
        self._count = 0
        #: LayerNormalization came with 17; everything newer that runtimes of 2023 lack is avoided where it can be.
        self.opset = opset
        #: What the operators of the moment belong to: part of their names.
        self.scope = ""

    def _name(self, kind: str) -> Value:
        self._count += 1
        return "%s/%s_%d" % (self.scope or "graph", kind.lower(), self._count)

    def op(self, kind: str, *inputs: Value, outputs: int = 1, **attributes: Any) -> Any:
        """Adds an operator; its value, or values."""
        names = [self._name(kind) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], **attributes))
        return names[0] if outputs == 1 else names

    # -- inputs and outputs -------------------------------------------------------------------------------------------

    def input(self, name: str, is_float: bool, axes: Sequence[Union[int, str]]) -> Value:
        """An input whose axes behind the batch are numbers, or names of what is free."""
        kind = TensorProto.FLOAT if is_float else TensorProto.INT64
        self.inputs.append(helper.make_tensor_value_info(name, kind, ["batch", *axes]))
        return name

    def given(self, name: str) -> Value:
        """An input of any shape."""
        self.inputs.append(helper.make_tensor_value_info("given/" + name, TensorProto.FLOAT, None))
        return "given/" + name

    def show(self, name: str, value: Value) -> None:
        """An output of any shape."""
        self.nodes.append(helper.make_node("Identity", [value], ["shown/" + name]))
        self.outputs.append(helper.make_tensor_value_info("shown/" + name, TensorProto.FLOAT, None))

    def output(self, name: str, value: Value, axes: Sequence[Any]) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *axes]))

    # -- constants ----------------------------------------------------------------------------------------------------

    def weight(self, name: str, array: np.ndarray, kind: Optional[int] = None) -> Value:
        """A stored array under its own name; ``kind``: of fewer bits than NumPy has a type for."""
        key = (name, array.shape, kind)
        if key not in self._constants:
            self._constants[key] = name
            if kind is None:
                tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
            elif kind == TensorProto.BFLOAT16:
                upper = (np.ascontiguousarray(array, np.float32).view(np.uint32) >> 16).astype(np.uint16)
                tensor = helper.make_tensor(name, kind, array.shape, upper.tobytes(), raw=True)
            else:
                tensor = helper.make_tensor(name, kind, array.shape, array)
            self.initializers.append(tensor)
        return self._constants[key]

    def floats(self, value: Union[Number, Sequence[Any], np.ndarray]) -> Value:
        return self.constant(np.asarray(value, np.float32))

    def integers(self, value: Union[int, Sequence[int]]) -> Value:
        return self.constant(np.asarray(value, np.int64))

    def constant(self, array: np.ndarray) -> Value:
        """An array of any type; equal ones are stored once."""
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = "constant_%d" % len(self._constants)
            self._constants[key] = name
            self.initializers.append(numpy_helper.from_array(array, name))
        return self._constants[key]

    # -- shapes -------------------------------------------------------------------------------------------------------

    def _extent(self, value: Value, axis: int) -> Value:
        return self.op("Gather", self.op("Shape", value), self.integers([axis]), axis=0)

    def places(self, rows: Value) -> Value:
        """The number of each row of ``[batch, rows, …]``: ``[1, rows]``."""
        count = self.op("Squeeze", self._extent(rows, 1), self.integers([0]))
        return self.unsqueeze(self.op("Range", self.integers(0), count, self.integers(1)), 0)

    def all_rows(self, rows: Value) -> Value:
        """True for each row of ``[batch, rows, …]``: bool ``[batch, rows]``."""
        shape = self.op("Concat", self._extent(rows, 0), self._extent(rows, 1), axis=0)
        return self.op("Expand", self.op("Cast", self.integers([[1]]), to=TensorProto.BOOL), shape)

    def for_each(self, table: Value, like: Value) -> Value:
        """``[1, rows, width]`` once for each sequence of another value's batch."""
        shape = self.op("Concat", self._extent(like, 0), self.integers([1, 1]), axis=0)
        return self.op("Expand", table, shape)

    def table(self, name: str, rows: np.ndarray, like: Value) -> Value:
        """Rows of the model's own once for each sequence of another value's batch."""
        return self.for_each(self.weight(name, rows[None]), like)

    def reshape(self, value: Value, *extents: int) -> Value:
        """Other extents behind the batch; 0 keeps the one at its place, −1 is what is left."""
        return self.op("Reshape", value, self.integers([0, *extents]))

    def fold_choices(self, value: Value) -> Value:
        """Ids ``[batch, choices, tokens]`` as a batch of texts."""
        return self.op("Reshape", value, self.op("Concat", self.integers([-1]), self._extent(value, 2), axis=0))

    def unfold_choices(self, value: Value, ids: Value) -> Value:
        """One number a text as ``[batch, choices]``, like the ids that were folded."""
        shape = self.op("Concat", self._extent(ids, 0), self._extent(ids, 1), axis=0)
        return self.op("Reshape", value, shape)

    def split_rows(self, value: Value, count: int, rows: int) -> Value:
        """``[batch, count · rows, width]`` as ``[batch, count, rows, width]``."""
        shape = self.op("Concat", self._extent(value, 0), self.integers([count, rows]), self._extent(value, 2), axis=0)
        return self.op("Reshape", value, shape)

    def join_rows(self, value: Value, rows: Any) -> Value:
        """``[batch, count, rows, width]`` as ``[batch, count · rows, width]``."""
        shape = self.op("Concat", self._extent(value, 0), self.integers([-1]), self._extent(value, 3), axis=0)
        return self.op("Reshape", value, shape)

    def unsqueeze(self, value: Value, *axes: int) -> Value:
        return self.op("Unsqueeze", value, self.integers(list(axes)))

    def squeeze(self, value: Value, axis: int) -> Value:
        return self.op("Squeeze", value, self.integers([axis]))

    def cut(self, value: Value, axis: int, start: int, end: Optional[int] = None, step: int = 1) -> Value:
        """Every ``step``-th of an axis from ``start`` up to ``end``; negative: from the end."""
        last = np.iinfo(np.int64).max if end is None else end
        return self.op("Slice", value, *[self.integers([int(part)]) for part in (start, last, axis, step)])

    def take(self, value: Value, indices: Sequence[int], axis: int) -> Value:
        return self.op("Gather", value, self.integers(list(indices)), axis=axis)

    def to_float(self, value: Value) -> Value:
        return self.op("Cast", value, to=TensorProto.FLOAT)

    def to_integer(self, value: Value) -> Value:
        return self.op("Cast", value, to=TensorProto.INT64)

    def to_bool(self, value: Value) -> Value:
        return self.op("Cast", value, to=TensorProto.BOOL)

    def bfloat16(self, value: Value) -> Value:
        """Rounded to bfloat16, and float32 again."""
        return self.to_float(self.op("Cast", value, to=TensorProto.BFLOAT16))

    def float8(self, value: Value) -> Value:
        """Rounded to 8 bits, E4M3, and float32 again."""
        return self.to_float(self.op("Cast", value, to=TensorProto.FLOAT8E4M3FN))

    def sum(self, value: Value, axis: int) -> Value:
        """The sum along an axis, which stays with one element."""
        return self.op("ReduceSum", value, self.integers([axis]), keepdims=1)

    def _reduced(self, kind: str, value: Value, axis: int) -> Value:
        """From opset 18 on axes are an input."""
        if self.opset < 18:
            return self.op(kind, value, axes=[axis], keepdims=1)
        return self.op(kind, value, self.integers([axis]), keepdims=1)

    def mean(self, value: Value, axis: int) -> Value:
        return self._reduced("ReduceMean", value, axis)

    def largest(self, value: Value, axis: int) -> Value:
        return self._reduced("ReduceMax", value, axis)

    def smallest(self, value: Value, axis: int) -> Value:
        return self._reduced("ReduceMin", value, axis)

    def cumulative(self, value: Value, axis: int) -> Value:
        return self.op("CumSum", value, self.integers(axis))

    def scan(self, kind: int, start: Value, rows: Sequence[Tuple[Value, int]],
             body: Callable[[Value, List[Value]], Value]) -> Value:
        """What becomes of ``start`` while ``body`` takes one slice after the other of each value along its axis.

        ``kind`` is the type of all of them."""
        outer, self.nodes = self.nodes, []
        state, *slices = [self._name("slice") for _ in range(len(rows) + 1)]
        last = body(state, slices)
        result = self.op("Identity", last)
        infos = [helper.make_tensor_value_info(name, kind, None) for name in (state, *slices, result)]
        graph = helper.make_graph(self.nodes, self._name("body"), infos[:-1], infos[-1:])
        self.nodes = outer
        return self.op("Scan", start, *[value for value, _ in rows], body=graph, num_scan_inputs=len(rows),
                       scan_input_axes=[axis for _, axis in rows])

    def each_text(self, x: Value, body: Callable[[Value], Value]) -> Value:
        """``body`` of each text of a batch by itself, of the same shape: what it needs between stays small."""
        outer, self.nodes = self.nodes, []
        part = self._name("slice")
        result = self.op("Identity", body(part))
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (part, result)]
        graph = helper.make_graph(self.nodes, self._name("body"), infos[:1], infos[1:])
        self.nodes = outer
        return self.op("Scan", x, body=graph, num_scan_inputs=1)

    def either(self, condition: Value, first: Callable[[], Value], second: Callable[[], Value]) -> Value:
        """One of two float32 values; only that one is computed."""
        outer, graphs = self.nodes, []
        for make in (first, second):
            self.nodes = []
            result = self.op("Identity", make())
            info = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
            graphs.append(helper.make_graph(self.nodes, self._name("branch"), [], [info]))
        self.nodes = outer
        return self.op("If", condition, then_branch=graphs[0], else_branch=graphs[1])

    def all_true(self, value: Value) -> Value:
        """Whether a value has no false element."""
        count = self.op("ReduceMin", self.op("Cast", value, to=TensorProto.UINT8), keepdims=0)
        return self.to_bool(count)

    # -- layers -------------------------------------------------------------------------------------------------------

    def look_up(self, name: str, table: np.ndarray, index: Value) -> Value:
        return self.op("Gather", self.weight(name, table), index, axis=0)

    def look_up_integers(self, name: str, table: np.ndarray, index: Value) -> Value:
        return self.op("Gather", self.constant(table), index, axis=0)

    def pick(self, rows: Value, index: Value) -> Value:
        """Of each row of ``[batch, heads, rows, columns]`` the columns ``[1, rows, picked]``."""
        shape = self.op("Concat", self._extent(rows, 0), self._extent(rows, 1), self._extent(index, 1),
                        self._extent(index, 2), axis=0)
        return self.op("GatherElements", rows, self.op("Expand", self.unsqueeze(index, 1), shape), axis=3)

    def dense(self, name: str, x: Value, weight: np.ndarray, bias: Optional[np.ndarray]) -> Value:
        return self.add_bias(name, self.op("MatMul", x, self.weight(name + "weight", weight)), bias)

    def of_heads(self, name: str, x: Value, weight: np.ndarray) -> Value:
        """``[batch, heads, rows, size]`` times a matrix a head."""
        return self.op("MatMul", x, self.weight(name, weight))

    def add_bias(self, name: str, x: Value, bias: Optional[np.ndarray]) -> Value:
        return x if bias is None else self.op("Add", x, self.weight(name + "bias", bias))

    def layer_norm(self, name: str, x: Value, scale: np.ndarray, offset: Optional[np.ndarray], epsilon: float) -> Value:
        inputs = [x, self.weight(name + "/scale", scale)]
        if offset is not None:
            inputs.append(self.weight(name + "/offset", offset))
        return self.op("LayerNormalization", *inputs, axis=-1, epsilon=epsilon)

    def rms_norm(self, name: str, x: Value, scale: np.ndarray, epsilon: float) -> Value:
        mean = self.op("Add", self.mean(self.op("Mul", x, x), -1), self.floats(epsilon))
        return self.op("Mul", self.op("Div", x, self.op("Sqrt", mean)), self.weight(name, scale))

    def convolution(self, name: str, x: Value, weight: np.ndarray, bias: Optional[np.ndarray], *, strides, pads,
                    dilations, groups: int) -> Value:
        """Of ``[batch, *extents, channels]``; ``weight`` is ``[*window, channels of a group, filters]``, ``pads`` are
        pairs."""
        rank = len(strides)
        axes = list(range(1, rank + 1))
        x = self.op("Transpose", x, perm=[0, rank + 1, *axes])
        inputs = [x, self.weight(name + "/weight", np.moveaxis(weight, (-1, -2), (0, 1)))]
        if bias is not None:
            inputs.append(self.weight(name + "/bias", bias))
        x = self.op("Conv", *inputs, strides=strides, group=groups, dilations=dilations,
                    pads=[pad[side] for side in (0, 1) for pad in pads])
        return self.op("Transpose", x, perm=[0, *[axis + 1 for axis in axes], 1])

    def bfloat16_weight(self, name: str, array: np.ndarray) -> Value:
        return self.weight(name, array, TensorProto.BFLOAT16)

    # -- matrices of fewer bits ---------------------------------------------------------------------------------------

    def grouped(self, name: str, values: np.ndarray, scale: np.ndarray, group: int, rows: int,
                is_packed: bool) -> Value:
        """Numbers ``[rows, out]`` times a scale for each ``group`` rows of a column; of 4 bits two stand in a byte."""
        if is_packed:
            both = self.to_integer(self.weight(name, values))
            parts = [self.op("Mod", both, self.integers(16)), self.op("Div", both, self.integers(16))]
            both = self.op("Concat", *[self.unsqueeze(part, 1) for part in parts], axis=1)
            both = self.op("Reshape", both, self.integers([-1, values.shape[1]]))
            whole = self.op("Sub", self.to_float(both), self.floats(8))
            whole, count = self.cut(whole, 0, 0, rows), rows
        else:
            whole, count = self.to_float(self.weight(name, values)), len(values)
        if count % group:
            whole = self.op("Pad", whole, self.integers([0, 0, -count % group, 0]))
        whole = self.op("Reshape", whole, self.integers([-1, group, values.shape[1]]))
        whole = self.op("Mul", whole, self.unsqueeze(self.weight(name + "_scale", scale), 1))
        return self.cut(self.op("Reshape", whole, self.integers([-1, values.shape[1]])), 0, 0, count)

    def refuse(self, where: str, what: str) -> "errors.Unsupported":
        return errors.Unsupported("%s: %s has no %s form here" % (where, what, self.format))

    def model(self, is_checked: bool = True) -> Any:
        """The model; the checker has no patience with shapes that nobody knows."""
        import onnx

        graph = helper.make_graph(self.nodes, "reuseformer", self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                  producer_name="reuseformer", ir_version={17: 8, 19: 9}.get(self.opset, 10))
        if not is_checked:
            return model
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        return model
