"""A .reuse.h5 as an ONNX model of standard operators, run by ONNX Runtime against our own runtime before it is kept."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper

from .. import errors
from .._commands import run
from .onnx_attention import Attention
from .onnx_functions import function, pool
from .onnx_writer import OnnxWriter
from .reuse_file import ReuseFile

#: Largest difference from our own runtime that an export may have.
TOLERANCE = 1e-4
_TEXT_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Exporter:
    """The operators of a graph, node by node."""

    def __init__(self, file: ReuseFile):
        self.file, self.writer = file, OnnxWriter()
        self.graph = file.graph
        self.layouts = self.graph.get("inputLayouts") or {}
        self.values: Dict[str, str] = {}
        #: What a value's rows are: the name of an axis, a number of rows, or ``None`` for one row a sequence.
        self.spaces: Dict[str, Any] = {}
        self.maps: Dict[str, Any] = {}
        self.allowed: Dict[Any, str] = {}
        self.patterns: Dict[Any, str] = {}
        self._visible: Dict[Any, str] = {}
        self.inputs = [self._input(name) for name in self.graph["inputs"]]
        for node in self.graph["nodes"]:
            kind = node["operation"]["kind"]
            make = getattr(self, "node_" + kind, None)
            if make is None:
                raise errors.Unsupported("%s: the operation %s has no ONNX form here" % (node["name"], kind))
            self.writer.scope = node["name"]
            self.values[node["name"]], self.spaces[node["name"]] = make(node, node["operation"])

    # -- inputs -------------------------------------------------------------------------------------------------------

    def _input(self, name: str):
        layout = self.layouts.get(name)
        if layout is None and name not in _TEXT_INPUTS:
            layout = next((value for value in self.layouts.values() if value.get("mask") == name), None)
            if layout is None:
                raise errors.Unsupported("%s: an input of this kind has no ONNX form here" % name)
            return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", layout["rows"]])
        if layout is None:
            return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        if layout.get("isPairs"):
            raise errors.Unsupported("%s: an input of this kind has no ONNX form here" % name)
        self.values[name], self.spaces[name] = name, layout["rows"]
        if layout["content"] == "ids":
            return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", layout["rows"]])
        grid = layout.get("grid") or [layout["rows"]]
        width, w = layout["width"], self.writer
        w.scope = name
        if layout.get("isChannelsFirst"):
            shape, axes = ["batch", width, *grid], list(range(2, len(grid) + 2))
            self.values[name] = w.op("Transpose", name, perm=[0, *axes, 1])
        else:
            shape = ["batch", *grid, width]
        if len(grid) > 1:
            self.values[name] = w.op("Reshape", self.values[name], w.integers([0, -1, width]))
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    def visible(self, space: Any, rows: str) -> str:
        """Which rows of an axis count, bool ``[batch, rows]``."""
        if space not in self._visible:
            mask = "attention_mask" if space == "tokens" and "attention_mask" in self.graph["inputs"] else None
            for name, layout in self.layouts.items():
                if layout["rows"] == space and layout.get("mask") in self.graph["inputs"]:
                    mask = layout["mask"]
            w = self.writer
            if mask:
                self._visible[space] = w.op("Cast", mask, to=TensorProto.BOOL)
            else:
                shape = w.shape(w.extent(rows, 0), w.extent(rows, 1))
                self._visible[space] = w.op("Expand", w.op("Cast", w.integers([[1]]), to=TensorProto.BOOL), shape)
        return self._visible[space]

    # -- nodes --------------------------------------------------------------------------------------------------------

    def project(self, node: Dict[str, Any], x: str, prefix: str = "") -> str:
        w = self.writer
        weight, bias = (self.file.parameter(node, prefix + name) for name in ("weight", "bias"))
        if weight is None:
            raise errors.Unsupported("%s: has no matrix %sweight" % (node["name"], prefix))
        x = w.op("MatMul", x, w.weight("%s/%sweight" % (node["name"], prefix), weight))
        return x if bias is None else w.op("Add", x, w.weight("%s/%sbias" % (node["name"], prefix), bias))

    def _first(self, node):
        name = node["inputs"][0]
        return self.values[name], self.spaces[name]

    def map(self, term: Dict[str, Any]) -> str:
        """The map of a head that computed one, ``[batch, 1, queries, keys]``."""
        maps, heads = self.maps[term["node"]]
        if len(heads) == 1:
            return maps
        return self.writer.op("Gather", maps, self.writer.integers([heads.index(term["head"])]), axis=1)

    def node_embedding(self, node, operation):
        w, ids = self.writer, node["inputs"][0]
        if operation.get("shiftedFrom") is not None:
            raise errors.Unsupported("%s: shifted ids have no ONNX form here" % node["name"])
        space = self.layouts[ids]["rows"] if ids in self.layouts else "tokens"
        x = w.op("Gather", w.weight(node["name"] + "/tokens", self.file.parameter(node, "tokens")), ids, axis=0)
        if operation["scale"] != 1:
            x = w.op("Mul", x, w.floats(operation["scale"]))
        table = self.file.parameter(node, "positions")
        if table is not None:
            places = self._positions(operation, ids, x, space)
            rows = w.op("Gather", w.weight(node["name"] + "/positions", table), places, axis=0)
            x = w.op("Add", x, rows)
        table = self.file.parameter(node, "types")
        if table is not None:
            kinds = node["inputs"][1] if len(node["inputs"]) > 1 else None
            index = kinds if kinds else w.op("Mul", ids, w.integers(0))
            x = w.op("Add", x, w.op("Gather", w.weight(node["name"] + "/types", table), index, axis=0))
        return x, space

    def _positions(self, operation, ids, x, space):
        w = self.writer
        numbering, offset = operation["positions"]["numbering"], operation["positions"]["offset"]
        if numbering == "sequential":
            return w.op("Add", w.range(w.extent(ids, 1)), w.integers(offset))
        if numbering == "visible":
            counted = w.cast(self.visible(space, x), TensorProto.INT64)
        else:
            other = w.op("Not", w.op("Equal", ids, w.integers(operation["paddingID"])))
            counted = w.cast(other, TensorProto.INT64)
        place = w.op("Mul", w.op("CumSum", counted, w.integers(1)), counted)
        return w.op("Add", place, w.integers(offset - 1))

    def node_norm(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        if operation["norm"] == "unit":
            total = w.op("ReduceSum", w.op("Mul", x, x), w.integers([-1]), keepdims=1)
            return w.op("Div", x, w.op("Sqrt", w.op("Max", total, w.floats(operation["epsilon"])))), space
        scale = w.weight(node["name"] + "/scale", self.file.parameter(node, "scale") + operation["scaleOffset"])
        offset = self.file.parameter(node, "offset")
        offset = None if offset is None else w.weight(node["name"] + "/offset", offset)
        if operation["norm"] == "layer":
            inputs = [x, scale] + ([offset] if offset else [])
            return w.op("LayerNormalization", *inputs, axis=-1, epsilon=operation["epsilon"]), space
        mean = w.op("ReduceMean", w.op("Mul", x, x), axes=[-1], keepdims=1)
        x = w.op("Mul", w.op("Div", x, w.op("Sqrt", w.op("Add", mean, w.floats(operation["epsilon"])))), scale)
        return (w.op("Add", x, offset) if offset else x), space

    def node_linear(self, node, operation):
        x, space = self._first(node)
        return self.project(node, x), space

    def node_activation(self, node, operation):
        x, space = self._first(node)
        return function(self.writer, operation["function"], x, node["name"]), space

    def node_gate(self, node, operation):
        x, space = self._first(node)
        x = function(self.writer, operation["function"], x, node["name"])
        return self.writer.op("Mul", x, self.values[node["inputs"][1]]), space

    def _combined(self, node, kind):
        values = [self.values[name] for name in node["inputs"]]
        spaces = [self.spaces[name] for name in node["inputs"]]
        # A row a sequence stands beside all rows of it.
        if None in spaces and any(space is not None for space in spaces):
            values = [self.writer.unsqueeze(value, 1) if space is None else value
                      for value, space in zip(values, spaces)]
        result = values[0]
        for value in values[1:]:
            result = self.writer.op(kind, result, value)
        return result, next((space for space in spaces if space is not None), None)

    def node_add(self, node, operation):
        return self._combined(node, "Add")

    def node_multiply(self, node, operation):
        return self._combined(node, "Mul")

    def node_minimum(self, node, operation):
        return self._combined(node, "Min")

    def node_maximum(self, node, operation):
        return self._combined(node, "Max")

    def node_concatenate(self, node, operation):
        values = [self.values[name] for name in node["inputs"]]
        spaces = [self.spaces[name] for name in node["inputs"]]
        if operation["along"] == "width":
            return self.writer.op("Concat", *values, axis=-1), spaces[0]
        values = [self.writer.unsqueeze(value, 1) if space is None else value for value, space in zip(values, spaces)]
        counts = [1 if space is None else space for space in spaces]
        if not all(isinstance(count, int) for count in counts):
            raise errors.Unsupported("%s: rows of texts side by side have no ONNX form here" % node["name"])
        return self.writer.op("Concat", *values, axis=1), sum(counts)

    def node_affine(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        if operation["factor"] != 1:
            x = w.op("Mul", x, w.floats(operation["factor"]))
        if operation["hasScale"]:
            x = w.op("Mul", x, w.weight(node["name"] + "/scale", self.file.parameter(node, "scale")))
        if operation["shift"] != 0:
            x = w.op("Add", x, w.floats(operation["shift"]))
        if operation["hasOffset"]:
            x = w.op("Add", x, w.weight(node["name"] + "/offset", self.file.parameter(node, "offset")))
        return x, space

    def node_table(self, node, operation):
        if any(operation.get(key) is not None for key in ("sequences", "resampling")):
            raise errors.Unsupported("%s: a table of this kind has no ONNX form here" % node["name"])
        w, rows = self.writer, w_rows(self.file.parameter(node, "rows"))
        table = w.weight(node["name"] + "/rows", rows)
        batch = w.extent(self.graph["inputs"][0], 0)
        if operation["isAlongInput"]:
            x, space = self._first(node)
            first = operation.get("offset") or 0
            last = w.op("Add", w.extent(x, 1), w.integers([first]))
            table = w.op("Slice", table, w.integers([first]), last, w.integers([1]))
        else:
            space = operation["count"]
        shape = w.shape(batch, w.extent(table, 1), operation["width"])
        return w.op("Expand", table, shape), space

    def node_token_mask(self, node, operation):
        w, ids = self.writer, node["inputs"][0]
        space = self.layouts[ids]["rows"] if ids in self.layouts else "tokens"
        found = None
        for number in operation["ids"]:
            equal = w.op("Equal", ids, w.integers(number))
            found = equal if found is None else w.op("Or", found, equal)
        if operation.get("isHiding"):
            found = w.op("Not", found)
        return w.unsqueeze(w.cast(found), 2), space

    def node_slice(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        axis = 1 if operation["axis"] == "rows" else 2
        if space is None:
            axis = 1
        start, count, step = operation["start"], operation.get("count"), operation.get("step", 1)
        if operation["axis"] == "rows" and space == "tokens" and (start < 0 or operation["less"]):
            raise errors.Unsupported("%s: rows from a text's end have no ONNX form here" % node["name"])
        end = start + count * step if count is not None else -operation["less"] or np.iinfo(np.int64).max
        if start < 0 and count is not None and end >= 0:
            end = np.iinfo(np.int64).max
        x = w.op("Slice", x, w.integers([start]), w.integers([int(end)]), w.integers([axis]), w.integers([step]))
        if operation["isSqueezed"]:
            return w.op("Squeeze", x, w.integers([axis])), None
        if operation["axis"] == "rows":
            if count is None and isinstance(space, int):
                count = len(range(space)[start:end:step])
            space = count if count is not None else "%s/%s" % (space, node["name"])
        return x, space

    def node_rearrange(self, node, operation):
        w = self.writer
        x, _ = self._first(node)
        x = w.op("Reshape", x, w.integers([0, *operation["extents"]]))
        x = w.op("Transpose", x, perm=[0] + [axis + 1 for axis in operation["order"]])
        rows = operation.get("rows")
        total = int(np.prod(operation["extents"]))
        return w.op("Reshape", x, w.integers([0, rows, total // rows] if rows else [0, total])), rows

    def node_convolution(self, node, operation):
        w, windows, grid = self.writer, operation["windows"], operation["grid"]
        if len(windows) > 2 or any(window.get("padding") is None for window in windows):
            raise errors.Unsupported("%s: a convolution of this kind has no ONNX form here" % node["name"])
        x, space = self._first(node)
        groups = operation.get("groups") or 1
        extents = grid or [space]
        if not all(isinstance(extent, int) for extent in extents):
            raise errors.Unsupported("%s: a convolution along a text has no ONNX form here" % node["name"])
        weight = self.file.parameter(node, "weight")
        sizes = [window["size"] for window in windows]
        weight = weight.reshape(*sizes, operation["inputWidth"] // groups, operation["outputWidth"])
        weight = np.moveaxis(weight, (-1, -2), (0, 1))
        x = w.op("Reshape", x, w.integers([0, *extents, operation["inputWidth"]]))
        axes = list(range(1, len(extents) + 1))
        x = w.op("Transpose", x, perm=[0, len(extents) + 1, *axes])
        inputs = [x, w.weight(node["name"] + "/weight", weight)]
        if operation["hasBias"]:
            inputs.append(w.weight(node["name"] + "/bias", self.file.parameter(node, "bias")))
        pads = [window["padding"][side] for side in ("before", "after") for window in windows]
        x = w.op("Conv", *inputs, strides=[window["stride"] for window in windows], group=groups, pads=pads,
                 dilations=[window["dilation"] for window in windows])
        x = w.op("Transpose", x, perm=[0, *[axis + 1 for axis in axes], 1])
        count = 1
        for extent, window in zip(extents, windows):
            reach = (window["size"] - 1) * window["dilation"] + 1
            count *= (extent + window["padding"]["before"] + window["padding"]["after"] - reach) // window["stride"] + 1
        return w.op("Reshape", x, w.integers([0, count, operation["outputWidth"]])), count

    def node_pooling(self, node, operation):
        x, space = self._first(node)
        counts = self.writer.cast(self.visible(space, x))
        if len(node["inputs"]) > 1:
            shown = self.writer.op("Squeeze", self.values[node["inputs"][1]], self.writer.integers([2]))
            counts = self.writer.op("Mul", counts, self.writer.cast(self.writer.op(
                "Not", self.writer.op("Equal", shown, self.writer.floats(0)))))
        return pool(self.writer, operation["pool"], x, counts, len(node["inputs"]) > 1), None

    def node_attention(self, node, operation):
        x, space = self._first(node)
        memory, memory_space = x, space
        if len(node["inputs"]) > 1:
            memory, memory_space = self.values[node["inputs"][1]], self.spaces[node["inputs"][1]]
        return Attention(self, node, x, memory, space, memory_space).value(), space

    # -- the model ----------------------------------------------------------------------------------------------------

    def model(self) -> Any:
        """The ONNX model: the graph's outputs under the framework's names."""
        outputs = []
        for output in self.graph["outputs"]:
            value, space = self.values[output["value"]], self.spaces[output["value"]]
            if output.get("extents") or output.get("isOfChoices"):
                raise errors.Unsupported("%s: an output of this shape has no ONNX form here" % output["name"])
            self.writer.scope = output["name"]
            shape: List[Any] = ["batch"] if space is None else ["batch", space]
            if output.get("isSqueezed"):
                value = self.writer.op("Squeeze", value, self.writer.integers([-1]))
            else:
                shape.append(None)
            self.writer.nodes.append(helper.make_node("Identity", [value], [output["name"]]))
            outputs.append(helper.make_tensor_value_info(output["name"], TensorProto.FLOAT, shape))
        graph = helper.make_graph(self.writer.nodes, "reuseformer", self.inputs, outputs, self.writer.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.writer.opset)],
                                  producer_name="reuseformer", ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model


def w_rows(rows: np.ndarray) -> np.ndarray:
    """Rows of a table as one sequence of a batch."""
    return rows.reshape(1, *rows.shape[-2:])


def to_onnx(model: "str | os.PathLike[str]", output: "str | os.PathLike[str]", *, force: bool = False,
            inputs: Optional[Dict[str, np.ndarray]] = None) -> float:
    """Writes a .reuse.h5 as ONNX, opset 17; the largest difference between ONNX Runtime and our own runtime.

    Both run ``inputs`` (or made-up ones of several lengths, padded) first: a difference above 1e-4 raises
    ``GateFailed`` and
    leaves no file. What has no ONNX form is refused with the node's name. Batch and text length stay free."""
    output = os.fspath(output)
    if os.path.exists(output) and not force:
        raise errors.FileProblem("%s: exists already; force=True overwrites it" % output)
    file = ReuseFile(model)
    made = Exporter(file).model()
    difference = _difference(file, made, inputs or made_up_inputs(file.graph))
    if not difference <= TOLERANCE:
        raise errors.GateFailed("%s: ONNX Runtime differs from our runtime by %.3g, more than %g" % (
            file.path, difference, TOLERANCE))
    folder = os.path.dirname(os.path.abspath(output))
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".onnx", delete=False) as part:
        try:
            part.write(made.SerializeToString())
            part.close()
            os.replace(part.name, output)
        except BaseException:
            os.unlink(part.name)
            raise
    return difference


def made_up_inputs(graph: Dict[str, Any], lengths: Sequence[int] = (7, 12, 1, 9)) -> Dict[str, np.ndarray]:
    """Random inputs of several lengths, padded on the right."""
    random = np.random.default_rng(0)
    vocabularies = {node["inputs"][0]: node["operation"]["vocabulary"] for node in graph["nodes"]
                    if node["operation"]["kind"] == "embedding"}
    padding = {node["inputs"][0]: node["operation"].get("paddingID") for node in graph["nodes"]
               if node["operation"]["kind"] == "embedding"}
    needed = {node["inputs"][0]: node["operation"]["ids"][:1] for node in graph["nodes"]
              if node["operation"]["kind"] == "token_mask" and not node["operation"].get("isHiding")}
    layouts = graph.get("inputLayouts") or {}
    longest = max(lengths)
    mask = (np.arange(longest) < np.asarray(lengths)[:, None]).astype(np.int64)
    result: Dict[str, np.ndarray] = {}
    for name in graph["inputs"]:
        layout = layouts.get(name)
        if name in vocabularies:
            low = min(5, vocabularies[name] - 1)
            ids = random.integers(low, vocabularies[name], (len(lengths), longest))
            for wanted in needed.get(name, []):
                # A head reads the place of such a token: each text ends with one.
                ids[np.arange(len(lengths)), np.asarray(lengths) - 1] = wanted
            result[name] = np.where(mask == 1, ids, padding[name] or 0)
        elif layout is not None and layout["content"] == "numbers":
            grid = layout.get("grid") or [layout["rows"]]
            extents = [longest if isinstance(extent, str) else extent for extent in grid]
            width = layout["width"]
            extents = [width, *extents] if layout.get("isChannelsFirst") else [*extents, width]
            result[name] = random.random((len(lengths), *extents), np.float32)
        elif name == "token_type_ids":
            result[name] = np.zeros_like(mask)
        else:
            result[name] = mask
    return result


def _difference(file: ReuseFile, made: Any, inputs: Dict[str, np.ndarray]) -> float:
    """Largest difference of any output where rows count."""
    import onnxruntime

    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(names, inputs)))
    with tempfile.TemporaryDirectory() as folder:
        given, wanted = os.path.join(folder, "in.npz"), os.path.join(folder, "out.npz")
        np.savez(given, **inputs)
        run(["run", file.path, "--inputs", given, "--dump", "hidden,logits,pooled", "-o", wanted, "--quiet"])
        with np.load(wanted) as arrays:
            largest = 0.0
            compared = 0
            for name, value in found.items():
                if name not in arrays:
                    continue
                compared += 1
                expected = arrays[name]
                if expected.shape != value.shape:
                    raise errors.GateFailed("%s: %s has shape %s in ONNX Runtime and %s in our runtime" % (
                        file.path, name, value.shape, expected.shape))
                shown = _shown(file.graph, name, inputs, value)
                largest = max(largest, float(np.abs(np.where(shown, value - expected, 0)).max(initial=0)))
    if not compared:
        raise errors.GateFailed("%s: no output could be compared with our runtime" % file.path)
    return largest


def _shown(graph: Dict[str, Any], name: str, inputs: Dict[str, np.ndarray], value: np.ndarray) -> np.ndarray:
    """Which elements of an output count: our runtime writes zeros where a mask hides a row."""
    for mask in ("decoder_attention_mask", "attention_mask"):
        if mask in inputs and value.ndim >= 2 and inputs[mask].shape == value.shape[:2] and not (
                mask == "decoder_attention_mask" and name.startswith("encoder")):
            return (inputs[mask] != 0).reshape(*inputs[mask].shape, *[1] * (value.ndim - 2))
    return np.ones((1,) * value.ndim, bool)
