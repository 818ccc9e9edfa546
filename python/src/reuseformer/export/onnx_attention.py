"""Attention with borrowed, blended and static maps in ONNX's plain operators.

A node's maps are one value ``[batch, heads, queries, keys]`` of the heads that compute one; later nodes
take from it."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto

from .. import errors

#: Added to scores that count for nothing. Far below any score, and far above what would overflow.
HIDDEN = -1e30


class Attention:
    """One attention node. ``exporter`` gives parameters, masks and the maps of earlier nodes."""

    def __init__(self, exporter, node, x, memory, space, memory_space):
        self.exporter, self.node, self.operation = exporter, node, node["operation"]
        self.w = exporter.writer
        self.x, self.memory, self.space, self.memory_space = x, memory, space, memory_space
        unusual = [key for key in ("masking", "contextRounding", "comparison") if self.operation.get(key) is not None]
        if unusual:
            self.refuse(", ".join(unusual))
        heads = self.operation["heads"]
        self.group = [head * self.operation["groupCount"] // len(heads) for head in range(len(heads))]
        self.computed = [h for h, source in enumerate(heads) if source["source"] == "computed"]
        self.kept = [h for h, source in enumerate(heads) if source["source"] != "dropped"]

    def refuse(self, what):
        raise errors.Unsupported("%s: attention with %s has no ONNX form here" % (self.node["name"], what))

    def value(self):
        """The node's value ``[batch, queries, width]``."""
        w, operation, width = self.w, self.operation, self.operation["valueSize"]
        allowed = self.allowed()
        if self.computed:
            self.exporter.maps[self.node["name"]] = (self.compute(allowed), self.computed)
        if not self.kept:
            context = None
        else:
            groups = sorted({self.group[h] for h in self.kept})
            value = self.split(self.exporter.project(self.node, self.memory, "value_"), len(groups), width)
            order = [groups.index(self.group[h]) for h in self.kept]
            if order != list(range(len(groups))):
                value = w.op("Gather", value, w.integers(order), axis=1)
            context = w.op("MatMul", self.maps(allowed), value)
            context = w.op("Transpose", context, perm=[0, 2, 1, 3])
            context = w.op("Reshape", context, w.integers([0, 0, len(self.kept) * width]))
        if context is None:
            zero = w.op("Mul", w.op("ReduceSum", self.x, w.integers([2]), keepdims=1), w.floats(0))
            bias = self.exporter.file.parameter(self.node, "output_bias")
            row = bias if bias is not None else np.zeros(operation["outputWidth"], np.float32)
            return w.op("Add", zero, w.weight(self.node["name"] + "/output_bias", row))
        return self.exporter.project(self.node, context, "output_")

    def split(self, value, heads, size):
        """``[batch, rows, heads · size]`` as ``[batch, heads, rows, size]``."""
        w = self.w
        return w.op("Transpose", w.op("Reshape", value, w.integers([0, 0, heads, size])), perm=[0, 2, 1, 3])

    def compute(self, allowed):
        """The maps of the heads that compute one."""
        w, size = self.w, self.operation["headSize"]
        groups = sorted({self.group[h] for h in self.computed})
        query = self.split(self.exporter.project(self.node, self.x, "query_"), len(self.computed), size)
        key = self.split(self.exporter.project(self.node, self.memory, "key_"), len(groups), size)
        norm = self.operation.get("headNorm")
        if norm:
            query, key = self.normed(query, "query_norm", norm), self.normed(key, "key_norm", norm)
        positions = self.operation.get("positions") or {"kind": None}
        if positions["kind"] == "rotary":
            query, key = self.turned(query, positions, self.x), self.turned(key, positions, self.memory)
        order = [groups.index(self.group[h]) for h in self.computed]
        if order != list(range(len(groups))):
            key = w.op("Gather", key, w.integers(order), axis=1)
        scores = w.op("MatMul", query, w.op("Transpose", key, perm=[0, 1, 3, 2]))
        scores = w.op("Mul", scores, w.floats(self.operation["scale"]))
        if positions["kind"] in ("bucketed", "clamped"):
            scores = w.op("Add", scores, self.bias(positions))
        elif positions["kind"] == "alibi":
            scores = w.op("Add", scores, self.slopes())
        elif positions["kind"] not in (None, "rotary"):
            self.refuse("%s positions" % positions["kind"])
        cap = self.operation.get("softCap")
        if cap is not None:
            scores = w.op("Mul", w.op("Tanh", w.op("Div", scores, w.floats(cap))), w.floats(cap))
        hidden = w.op("Where", allowed, w.floats(0), w.floats(HIDDEN))
        maps = w.op("Softmax", w.op("Add", scores, hidden), axis=-1)
        # A query that may look at nothing looks at nothing.
        return w.op("Where", allowed, maps, w.floats(0))

    def normed(self, value, name, norm):
        """Each head's rows divided by their root mean square, times a stored scale."""
        if norm.get("isJoint"):
            self.refuse("a norm over all heads")
        w = self.w
        scale = self.exporter.file.parameter(self.node, name) + norm["scaleOffset"]
        mean = w.op("ReduceMean", w.op("Mul", value, value), axes=[-1], keepdims=1)
        value = w.op("Div", value, w.op("Sqrt", w.op("Add", mean, w.floats(norm["epsilon"]))))
        return w.op("Mul", value, w.weight("%s/%s" % (self.node["name"], name), scale))

    def maps(self, allowed):
        """The maps of all kept heads, one after the other."""
        w = self.w
        if self.kept == self.computed:
            return self.exporter.maps[self.node["name"]][0]
        parts = []
        for head in self.kept:
            source = self.operation["heads"][head]
            terms = source.get("terms", [{"node": self.node["name"], "head": head}])
            total = None
            for term in terms:
                part = self.static(term["pattern"], allowed) if "pattern" in term else self.exporter.map(term)
                weight = term.get("weight", 1)
                part = part if weight == 1 else w.op("Mul", part, w.floats(weight))
                total = part if total is None else w.op("Add", total, part)
            parts.append(total)
        return w.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]

    def allowed(self):
        """Which key each query may look at, bool ``[batch, 1, queries, keys]``."""
        mask = self.operation["mask"]
        key = (self.space, self.memory_space, mask["isCausal"], mask.get("window"))
        if key not in self.exporter.allowed:
            self.exporter.allowed[key] = self.make_allowed(mask)
        return self.exporter.allowed[key]

    def make_allowed(self, mask):
        w = self.w
        visible = self.exporter.visible(self.memory_space, self.memory)
        allowed = w.unsqueeze(visible, 1, 2)
        queries, keys = w.extent(self.x, 1), w.extent(self.memory, 1)
        if mask["isCausal"] or mask.get("window") is not None:
            distance = self.distance()
            if mask["isCausal"]:
                allowed = w.op("And", allowed, w.op("GreaterOrEqual", distance, w.integers(0)))
            if mask.get("window") is not None:
                # Without a causal mask a window looks both ways.
                away = distance if mask["isCausal"] else w.op("Abs", distance)
                allowed = w.op("And", allowed, w.op("Less", away, w.integers(mask["window"])))
        return w.op("Expand", allowed, w.shape(1, 1, queries, keys))

    def distance(self):
        """Places from key to query, ``[queries, keys]``: positive behind."""
        w = self.w
        queries, keys = w.range(w.extent(self.x, 1)), w.range(w.extent(self.memory, 1))
        return w.op("Sub", w.unsqueeze(queries, 1), w.unsqueeze(keys, 0))

    # -- positions ----------------------------------------------------------------------------------------------------

    def bias(self, positions):
        """The table of distances, ``[heads, queries, keys]``."""
        w = self.w
        table = w.weight(self.node["name"] + "/position_bias", self.exporter.file.parameter(self.node, "position_bias"))
        behind = self.distance()
        if positions["kind"] == "clamped":
            last = positions["length"] - 1
            index = w.op("Clip", w.op("Neg", behind), w.integers(-last), w.integers(last))
            index = w.op("Add", index, w.integers(last))
        else:
            index = self.buckets(behind, positions)
        return w.op("Transpose", w.op("Gather", table, index, axis=0), perm=[2, 0, 1])

    def buckets(self, behind, positions):
        """T5's buckets: one a place nearby, wider ones further away."""
        w, count = self.w, positions["count"]
        start = None
        if positions["isBidirectional"]:
            count //= 2
            start = w.op("Where", w.op("Less", behind, w.integers(0)), w.integers(count), w.integers(0))
            away = w.op("Abs", behind)
        else:
            away = w.op("Max", behind, w.integers(0))
        exact = count // 2
        far = w.op("Div", w.cast(w.op("Max", away, w.integers(1))), w.floats(exact))
        step = (count - exact) / math.log(positions["maximumDistance"] / exact)
        wide = w.op("Add", w.cast(w.op("Mul", w.op("Log", far), w.floats(step)), TensorProto.INT64), w.integers(exact))
        wide = w.op("Min", wide, w.integers(count - 1))
        index = w.op("Where", w.op("Less", away, w.integers(exact)), away, wide)
        return index if start is None else w.op("Add", index, start)

    def slopes(self):
        """ALiBi: what grows with the distance, ``[heads, 1, keys]``."""
        heads = len(self.operation["heads"])
        power = 2 ** math.floor(math.log2(heads))
        base = [2 ** (-8 * (i + 1) / power) for i in range(power)]
        more = [2 ** (-4 * (2 * i + 1) / power) for i in range(heads - power)]
        own = [(base + more)[head] for head in self.computed]
        w = self.w
        keys = w.cast(w.range(w.extent(self.memory, 1)))
        return w.op("Mul", w.floats(np.reshape(own, (-1, 1, 1))), keys)

    def turned(self, value, positions, rows):
        """Columns of each head turned by their place."""
        w, size, head = self.w, positions["size"], self.operation["headSize"]
        half = size // 2
        rates = self.rates(positions)
        places = w.unsqueeze(w.cast(w.range(w.extent(rows, 1))), 1)
        angle = w.op("Mul", places, w.floats(rates))
        cosine, sine = w.op("Cos", angle), w.op("Sin", angle)
        magnitude = (positions.get("scaling") or {}).get("magnitude", 1)
        if magnitude != 1:
            cosine, sine = w.op("Mul", cosine, w.floats(magnitude)), w.op("Mul", sine, w.floats(magnitude))
        if positions["isInterleaved"]:
            first, second = list(range(0, size, 2)), list(range(1, size, 2))
        else:
            first, second = list(range(half)), list(range(half, size))
        a, b = [w.op("Gather", value, w.integers(part), axis=3) for part in (first, second)]
        turned = w.op("Concat", w.op("Sub", w.op("Mul", a, cosine), w.op("Mul", b, sine)),
                      w.op("Add", w.op("Mul", b, cosine), w.op("Mul", a, sine)),
                      *([w.op("Gather", value, w.integers(list(range(size, head))), axis=3)] if size < head else []),
                      axis=3)
        order = first + second + list(range(size, head))
        if order != list(range(head)):
            turned = w.op("Gather", turned, w.integers(list(np.argsort(order))), axis=3)
        return turned

    def rates(self, positions):
        """Angle a place, for each pair of columns."""
        size, base, scaling = positions["size"], positions["base"], positions.get("scaling")
        pairs = np.arange(size // 2, dtype=np.float64)
        rates = base ** (-pairs * 2 / size)
        if not scaling:
            return rates
        kind, factor = scaling["kind"], scaling.get("factor")
        if kind == "linear":
            return rates / factor
        if kind == "banded":
            turns = scaling["length"] * rates / (2 * math.pi)
            share = np.clip((turns - scaling["low"]) / (scaling["high"] - scaling["low"]), 0, 1)
            return (1 - share) * rates / factor + share * rates
        if kind == "yarn":
            bounds = [size * math.log(scaling["length"] / (turns * 2 * math.pi)) / (2 * math.log(base))
                      for turns in (scaling["fast"], scaling["slow"])]
            if scaling["isTruncated"]:
                bounds = [math.floor(bounds[0]), math.ceil(bounds[1])]
            first, last = max(bounds[0], 0), min(bounds[1], size - 1)
            kept = 1 - np.clip((pairs - first) / (last - first or 0.001), 0, 1)
            return rates / factor * (1 - kept) + rates * kept
        # What depends on the length of the text cannot stand in a graph whose lengths are free.
        self.refuse("rotary positions that change with the text's length (%s)" % kind)

    # -- maps that need no computing
    # ------------------------------------------------------------------------------------

    def static(self, pattern, allowed):
        """``[batch, 1, queries, keys]``; places are counted among the keys that the mask shows."""
        w = self.w
        key = (pattern, allowed)
        if key in self.exporter.patterns:
            return self.exporter.patterns[key]
        numbers = w.cast(allowed)
        if pattern == "mean":
            total = w.op("ReduceSum", numbers, w.integers([3]), keepdims=1)
            result = w.op("Div", numbers, w.op("Max", total, w.floats(1)))
        elif pattern == "first":
            rank = w.op("CumSum", numbers, w.integers(3))
            result = w.op("Mul", numbers, w.cast(w.op("Equal", rank, w.floats(1))))
        else:
            visible = w.cast(self.exporter.visible(self.memory_space, self.memory), TensorProto.INT64)
            rank = w.op("Sub", w.op("CumSum", visible, w.integers(1)), w.integers(1))
            own = self.at(rank, w.op("Max", rank, w.integers(0)), visible)
            result = own
            if pattern != "identity":
                last = w.op("Sub", w.op("ReduceSum", visible, w.integers([1]), keepdims=1), w.integers(1))
                wanted = (w.op("Max", w.op("Sub", rank, w.integers(1)), w.integers(0)) if pattern == "previous"
                          else w.op("Min", w.op("Add", rank, w.integers(1)), last))
                place = w.op("Mul", self.at(rank, wanted, visible), numbers)
                # Where the mask forbids the neighbour, the token's own place.
                seen = w.op("ReduceSum", place, w.integers([3]), keepdims=1)
                result = w.op("Add", place, w.op("Mul", own, w.op("Sub", w.floats(1), seen)))
        self.exporter.patterns[key] = result
        return result

    def at(self, rank, wanted, visible):
        """One at the visible key whose rank is wanted, ``[batch, 1, queries, keys]``."""
        w = self.w
        equal = w.op("Equal", w.unsqueeze(wanted, 1, 3), w.unsqueeze(rank, 1, 2))
        return w.op("Mul", w.cast(equal), w.cast(w.unsqueeze(visible, 1, 2)))
