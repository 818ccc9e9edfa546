"""The operators of a graph, node by node, in whatever format a writer makes."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np

from .attention import Attention
from .functions import function, pool
from .matrices import look_up, project, rounded
from .nodes import ShapingNodes
from .reuse_file import ReuseFile

#: Rows of a decoder that reads the encoder's own ids, one place later.
SHIFTED = "decoder_tokens"
_TEXT_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class GraphExporter(ShapingNodes):
    """Says a graph to a writer (`OnnxWriter`, `KerasWriter`)."""

    def __init__(self, file: ReuseFile, writer, decisions: Optional[Dict[str, Any]] = None, is_taught: bool = False):
        """``decisions`` takes what inputs of products are rounded to and how, by the product's name; a graph that is
        taught asks for it as inputs, and goes on with that."""
        self.file, self.writer = file, writer
        self.graph = file.graph
        self.decisions, self.is_taught = decisions, is_taught
        self.layouts = self.graph.get("inputLayouts") or {}
        self.values: Dict[str, Any] = {}
        #: What a value's rows are: the name of an axis, a number of rows, or ``None`` for one row a sequence.
        self.spaces: Dict[str, Any] = {}
        self.maps: Dict[str, Any] = {}
        self.all_maps: Dict[str, Any] = {}
        self.allowed: Dict[Any, Any] = {}
        self.patterns: Dict[Any, Any] = {}
        self.rounded: Dict[Any, Any] = {}
        self.ids: Dict[str, Any] = {}
        self._visible: Dict[Any, Any] = {}
        #: Items of several texts each: rows of inputs are item · choice.
        self.has_choices = any(output.get("isOfChoices") for output in self.graph["outputs"])
        self.nodes = {node["name"]: node for node in self.graph["nodes"]}
        for name in self.graph["inputs"]:
            self._input(name)
        for node in self.graph["nodes"]:
            kind = node["operation"]["kind"]
            make = getattr(self, "node_" + kind, None)
            if make is None:
                raise writer.refuse(node["name"], "the operation %s" % kind)
            writer.scope = node["name"]
            self.values[node["name"]], self.spaces[node["name"]] = make(node, node["operation"])
        self._outputs()

    # -- inputs -------------------------------------------------------------------------------------------------------

    def _input(self, name: str) -> None:
        w, layout = self.writer, self.layouts.get(name)
        if layout is None:
            space = "tokens"
            if name not in _TEXT_INPUTS:
                owner = next((value for value in self.layouts.values() if value.get("mask") == name), None)
                if owner is None and name == "decoder_attention_mask":
                    return  # a decoder that reads the encoder's own ids has the rows of their text
                if owner is None:
                    raise w.refuse(name, "an input of this kind")
                space = owner["rows"]
            if self.has_choices:
                self.items = w.input(name, False, ["choices", space])
                value = w.fold_choices(self.items)
            else:
                value = w.input(name, False, [space])
            self.ids[name], self.spaces[name] = value, space
            return
        self.spaces[name] = layout["rows"]
        if layout["content"] == "ids":
            self.ids[name] = w.input(name, False, [layout["rows"]])
            return
        w.scope = name
        if layout.get("isPairs"):
            self.values[name] = w.input(name, True, [layout["rows"], "keys of " + name])
            return
        grid = layout.get("grid") or [layout["rows"]]
        width = layout["width"]
        if layout.get("isChannelsFirst"):
            value = w.input(name, True, [width, *grid])
            value = w.op("Transpose", value, perm=[0, *range(2, len(grid) + 2), 1])
        else:
            value = w.input(name, True, [*grid, width])
        self.values[name] = w.reshape(value, -1, width) if len(grid) > 1 else value

    def visible(self, space: Any, rows: Any) -> Any:
        """Which rows of an axis count, bool ``[batch, rows]``."""
        if space not in self._visible:
            mask = "attention_mask" if space == "tokens" and "attention_mask" in self.graph["inputs"] else None
            for layout in self.layouts.values():
                if layout["rows"] == space and layout.get("mask") in self.graph["inputs"]:
                    mask = layout["mask"]
            w = self.writer
            self._visible[space] = w.to_bool(self.ids[mask]) if mask else w.all_rows(rows)
        return self._visible[space]

    def space_of_ids(self, name: str) -> Any:
        return self.layouts[name]["rows"] if name in self.layouts else "tokens"

    # -- nodes --------------------------------------------------------------------------------------------------------

    def decided(self, label: str, value: Any, kind: str) -> Any:
        """Inputs of a product, rounded: whole numbers less their zero point, or fewer bits of a float."""
        if self.decisions is None:
            return value
        self.decisions[label] = (value, kind)
        return self.writer.given(label) if self.is_taught else value

    def project(self, node: Dict[str, Any], x: Any, prefix: str = "") -> Any:
        return project(self, node, x, prefix)

    def _first(self, node):
        name = node["inputs"][0]
        return self.value(name), self.spaces[name]

    def value(self, name):
        """What a node or an input gives, ``[batch, rows, width]``; ids as numbers."""
        if name not in self.values:
            self.values[name] = self.writer.unsqueeze(self.writer.to_float(self.ids[name]), 2)
        return self.values[name]

    def map(self, term: Dict[str, Any]) -> Any:
        """The map of a head that computed one, ``[batch, 1, queries, keys]``."""
        maps, heads = self.maps[term["node"]]
        return maps if len(heads) == 1 else self.writer.take(maps, [heads.index(term["head"])], 1)

    def node_embedding(self, node, operation):
        w, name = self.writer, node["inputs"][0]
        ids, space = self.ids[name], self.space_of_ids(name)
        if operation.get("shiftedFrom") is not None:
            first = w.op("Add", w.op("Mul", w.cut(ids, 1, 0, 1), w.integers(0)), w.integers(operation["shiftedFrom"]))
            ids = w.op("Concat", first, w.cut(ids, 1, 0, -1), axis=1)
            space = SHIFTED
        x = look_up(self, node, "tokens", ids)
        if operation["scale"] != 1:
            x = w.op("Mul", x, w.floats(operation["scale"]))
        if operation.get("positions"):
            x = w.op("Add", x, look_up(self, node, "positions", self._positions(operation, ids, x, space)))
        if operation["types"]:
            kinds = node["inputs"][1] if len(node["inputs"]) > 1 else None
            index = self.ids[kinds] if kinds else w.op("Mul", ids, w.integers(0))
            x = w.op("Add", x, look_up(self, node, "types", index))
        return x, space

    def _positions(self, operation, ids, x, space):
        w = self.writer
        numbering, offset = operation["positions"]["numbering"], operation["positions"]["offset"]
        if numbering == "sequential":
            return w.op("Add", w.places(ids), w.integers(offset))
        if numbering == "visible":
            counted = w.to_integer(self.visible(space, x))
        else:
            counted = w.to_integer(w.op("Not", w.op("Equal", ids, w.integers(operation["paddingID"]))))
        place = w.op("Mul", w.cumulative(counted, 1), counted)
        # Where nothing is counted and rows start at 0, any row will do: no output shows it.
        return w.op("Max", w.op("Add", place, w.integers(offset - 1)), w.integers(0))

    def node_norm(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        if operation["norm"] == "unit":
            total = w.sum(w.op("Mul", x, x), -1)
            return w.op("Div", x, w.op("Sqrt", w.op("Max", total, w.floats(operation["epsilon"])))), space
        scale = self.file.parameter(node, "scale") + np.float32(operation["scaleOffset"])
        offset = self.file.parameter(node, "offset")
        if operation["norm"] == "layer":
            return w.layer_norm(node["name"], x, scale, offset, operation["epsilon"]), space
        x = w.rms_norm(node["name"] + "/scale", x, scale, operation["epsilon"])
        return w.add_bias(node["name"] + "/", x, offset), space

    def node_linear(self, node, operation):
        x, space = self._first(node)
        return self.project(node, x), space

    def node_activation(self, node, operation):
        x, space = self._first(node)
        return function(self.writer, operation["function"], x, node["name"]), space

    def node_gate(self, node, operation):
        x, space = self._first(node)
        x = function(self.writer, operation["function"], x, node["name"])
        return self.writer.op("Mul", x, self.value(node["inputs"][1])), space

    def node_round(self, node, operation):
        x, space = self._first(node)
        return rounded(self, x, operation, node["name"]), space

    def node_pooling(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        chosen = len(node["inputs"]) > 1
        counts = w.to_float(self.visible(space, x))
        if chosen:
            shown = w.squeeze(self.value(node["inputs"][1]), 2)
            counts = w.op("Mul", counts, w.to_float(w.op("Not", w.op("Equal", shown, w.floats(0)))))
        return pool(w, operation["pool"], x, counts, chosen), None

    def node_attention(self, node, operation):
        x, space = self._first(node)
        inputs = list(node["inputs"][1:])
        memory, memory_space = x, space
        masking = operation.get("masking") or {}
        masks = sum(bool(masking.get(part)) for part in ("queries", "keys", "pairs"))
        if len(inputs) > masks:
            name = inputs.pop(0)
            memory, memory_space = self.value(name), self.spaces[name]
        masks = [self.value(name) for name in inputs]
        return self.attention(node, x, memory, space, memory_space, masks).value(), space

    def attention(self, node, *arguments):
        return Attention(self, node, *arguments)

    # -- the model ----------------------------------------------------------------------------------------------------

    def _outputs(self) -> None:
        """The graph's outputs under the framework's names."""
        w = self.writer
        for output in self.graph["outputs"]:
            value, space = self.value(output["value"]), self.spaces[output["value"]]
            w.scope = output["name"]
            axes: List[Any] = [] if space is None else [space]
            if output.get("isSqueezed"):
                value = w.squeeze(value, -1)
            else:
                axes.append(None)
            if output.get("isOfChoices"):
                if axes:
                    raise w.refuse(output["name"], "an output of choices with rows")
                value, axes = w.unfold_choices(value, self.items), ["choices"]
            if output.get("extents"):
                extents = [0 if at == 0 and extent is None else extent for at, extent in enumerate(output["extents"])]
                if None in extents:
                    raise w.refuse(output["name"], "an output of this shape")
                value, axes = w.reshape(value, *extents), [extent or space for extent in extents]
            w.output(output["name"], value, axes)
