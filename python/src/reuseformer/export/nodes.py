"""Nodes that move, combine and compare values: what Keras models have around their attention."""

from __future__ import annotations

import numpy as np

from .functions import ELEMENTWISE, pool
from .resampling import resampled


class ShapingNodes:
    """The part of `GraphExporter` that knows them."""

    def _combined(self, node, kind):
        values, space = self._together(node)
        result = values[0]
        for value in values[1:]:
            result = self.writer.op(kind, result, value)
        return result, space

    def _together(self, node):
        """Values that meet: a row a sequence stands beside all rows of it."""
        values = [self.value(name) for name in node["inputs"]]
        spaces = [self.spaces[name] for name in node["inputs"]]
        if None in spaces and any(space is not None for space in spaces):
            values = [self.writer.unsqueeze(value, 1) if space is None else value
                      for value, space in zip(values, spaces)]
        # A single row stands beside all rows too.
        return values, max(spaces, key=lambda space: 0 if space is None else 1 if space == 1 else 2)

    def node_add(self, node, operation):
        return self._combined(node, "Add")

    def node_multiply(self, node, operation):
        return self._combined(node, "Mul")

    def node_minimum(self, node, operation):
        return self._combined(node, "Min")

    def node_maximum(self, node, operation):
        return self._combined(node, "Max")

    def node_elementwise(self, node, operation):
        values, space = self._together(node)
        if operation["function"] not in ELEMENTWISE:
            raise self.writer.refuse(node["name"], "the function %s" % operation["function"])
        return ELEMENTWISE[operation["function"]](self.writer, *values), space

    def node_softmax(self, node, operation):
        x, space = self._first(node)
        return self.writer.op("Softmax", x, axis=-1), space

    def node_distribution(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        if operation["function"] == "sparsemax":
            raise w.refuse(node["name"], "sparsemax")
        axis = -1
        if operation["along"] == "rows":
            axis = 1
            # Rows that a mask hides are no part of the sequence.
            if space == "tokens" and "attention_mask" in self.graph["inputs"]:
                shown = w.unsqueeze(self.visible(space, x), 2)
                x = w.op("Where", shown, x, w.floats(-1e30))
        if operation["function"] == "softmax":
            return w.op("Softmax", x, axis=axis), space
        centred = w.op("Sub", x, w.largest(x, axis))
        return w.op("Sub", centred, w.op("Log", w.sum(w.op("Exp", centred), axis))), space

    def node_mask(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        other = w.to_float(w.op("Not", w.op("Equal", x, w.floats(operation["hidden"]))))
        return w.largest(other, -1), space

    def node_concatenate(self, node, operation):
        w = self.writer
        values = [self.value(name) for name in node["inputs"]]
        spaces = [self.spaces[name] for name in node["inputs"]]
        if operation["along"] == "width":
            return w.op("Concat", *values, axis=-1), spaces[0]
        values = [w.unsqueeze(value, 1) if space is None else value for value, space in zip(values, spaces)]
        counts = [1 if space is None else space for space in spaces]
        if not all(isinstance(count, int) for count in counts):
            raise w.refuse(node["name"], "rows of texts side by side")
        return w.op("Concat", *values, axis=1), sum(counts)

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
        w = self.writer
        if operation.get("sequences") is not None:
            raise w.refuse(node["name"], "a table with rows for each sequence of a batch")
        rows = self.file.parameter(node, "rows")
        if operation.get("resampling"):
            rows = resampled(rows, operation["resampling"])
        rows, name = rows.reshape(rows.shape[-2:]), node["name"] + "/rows"
        if operation["isAlongInput"]:
            source = node["inputs"][0]
            x = self.values[source] if source in self.values else self.ids[source]
            index = w.op("Add", w.places(x), w.integers(operation.get("offset") or 0))
            return w.for_each(w.look_up(name, rows, index), x), self.spaces[source]
        source = node["inputs"][0] if node["inputs"] else self.graph["inputs"][0]
        like = self.values[source] if source in self.values else self.ids[source]
        return w.table(name, rows, like), operation["count"]

    def node_token_mask(self, node, operation):
        w, name = self.writer, node["inputs"][0]
        ids = self.ids[name]
        found = None
        for number in operation["ids"]:
            equal = w.op("Equal", ids, w.integers(number))
            found = equal if found is None else w.op("Or", found, equal)
        if operation.get("isHiding"):
            found = w.op("Not", found)
        return w.unsqueeze(w.to_float(found), 2), self.space_of_ids(name)

    def node_slice(self, node, operation):
        w = self.writer
        x, space = self._first(node)
        is_rows = operation["axis"] == "rows"
        axis = 1 if is_rows or space is None else 2
        start, count, step = operation["start"], operation.get("count"), operation.get("step", 1)
        if is_rows and isinstance(space, str) and start == -1 and count == 1 and operation["isSqueezed"]:
            return pool(w, "last", x, w.to_float(self.visible(space, x)), True), None
        if is_rows and isinstance(space, str) and (start < 0 or operation["less"]):
            raise w.refuse(node["name"], "rows from a text's end")
        end = start + count * step if count is not None else -operation["less"] or None
        if start < 0 and count is not None and end >= 0:
            end = None
        x = w.cut(x, axis, start, end, step)
        if operation["isSqueezed"]:
            return w.squeeze(x, axis), None
        if is_rows:
            if count is None and isinstance(space, int):
                count = len(range(space)[start:end:step])
            space = count if count is not None else "%s/%s" % (space, node["name"])
        return x, space

    def node_rearrange(self, node, operation):
        w = self.writer
        x, _ = self._first(node)
        x = w.reshape(x, *operation["extents"])
        x = w.op("Transpose", x, perm=[0] + [axis + 1 for axis in operation["order"]])
        rows = operation.get("rows")
        total = int(np.prod(operation["extents"]))
        return w.reshape(x, *([rows, total // rows] if rows else [total])), rows

    def node_matrix_product(self, node, operation):
        w = self.writer
        count = operation["count"]
        values = [self.value(name) for name in node["inputs"]]
        spaces = [self.spaces[name] for name in node["inputs"]]
        if count != 1:
            if not all(isinstance(space, int) and space % count == 0 for space in spaces):
                raise w.refuse(node["name"], "products of several matrices of a text")
            values = [w.split_rows(value, count, space // count) for value, space in zip(values, spaces)]
        if operation["isTransposed"]:
            second = w.op("Transpose", values[1], perm=[0, 2, 1] if count == 1 else [0, 1, 3, 2])
        else:
            second = values[1]
        result = w.op("MatMul", values[0], second)
        return (result if count == 1 else w.join_rows(result, spaces[0])), spaces[0]

    def node_maps(self, node, operation):
        w = self.writer
        source = node["inputs"][0]
        heads = len(self.nodes[source]["operation"]["heads"])
        space = self.spaces[source]
        rows = heads * space if isinstance(space, int) else "%s/maps" % source if heads > 1 else space
        maps = self.all_maps[source]
        return (w.squeeze(maps, 1) if heads == 1 else w.join_rows(maps, rows)), rows

    def node_convolution(self, node, operation):
        w, windows = self.writer, operation["windows"]
        if len(windows) > 2:
            raise w.refuse(node["name"], "a convolution along three axes")
        x, space = self._first(node)
        groups = operation.get("groups") or 1
        extents = operation["grid"] or [space]
        is_text = not all(isinstance(extent, int) for extent in extents)
        reaches = [(window["size"] - 1) * window["dilation"] + 1 for window in windows]
        pads = []
        for extent, window, reach in zip(extents, windows, reaches):
            pad = window.get("padding")
            if pad is not None:
                pads.append((pad["before"], pad["after"]))
                continue
            if is_text and window["stride"] != 1:
                raise w.refuse(node["name"], "a convolution with strides along a text")
            count = 1 if is_text else -(-extent // window["stride"])
            total = max((count - 1) * window["stride"] + reach - (1 if is_text else extent), 0)
            pads.append((total // 2, total - total // 2))
        if is_text:
            if any(sum(pad) != reach - 1 for pad, reach in zip(pads, reaches)) or any(
                    window["stride"] != 1 for window in windows):
                raise w.refuse(node["name"], "a convolution that shortens a text")
            # Rows that the mask hides are no part of the text: nothing stands beyond its ends.
            x = w.op("Where", w.unsqueeze(self.visible(space, x), 2), x, w.floats(0))
        sizes = [window["size"] for window in windows]
        weight = self.file.parameter(node, "weight")
        weight = weight.reshape(*sizes, operation["inputWidth"] // groups, operation["outputWidth"])
        x = self.convolution(
            node["name"], x if is_text else w.reshape(x, *extents, operation["inputWidth"]), weight,
            self.file.parameter(node, "bias") if operation["hasBias"] else None, groups=groups, pads=pads,
            strides=[window["stride"] for window in windows], dilations=[window["dilation"] for window in windows],
            extents=None if is_text else extents)
        if is_text:
            return x, space
        count = 1
        for extent, window, pad, reach in zip(extents, windows, pads, reaches):
            count *= (extent + sum(pad) - reach) // window["stride"] + 1
        return w.reshape(x, count, operation["outputWidth"]), count

    def convolution(self, name, x, weight, bias, *, extents, **options):
        """Of ``[batch, *extents, channels]``; a text has no extents."""
        return self.writer.convolution(name, x, weight, bias, **options)
