"""Attention in the order of our runtime: powers, their sums and contexts over the keys that the mask shows."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from .attention import Attention
from .exact import LANES
from .exact_functions import LOG2_E
from .exact_positions import ExactPositions
from .matrices import rounded

_LOWEST = float(np.finfo(np.float32).min)


class ExactAttention(ExactPositions, Attention):
    """One attention node of an `ExactExporter`. Maps are kept like `Attention`'s, ``[batch, heads, queries, keys]``."""

    def __init__(self, exporter, *arguments):
        super().__init__(exporter, *arguments)
        self.exact = exporter.exact
        #: Powers of the scores of the heads that compute a map, key by key, and 1 / their sums; the powers as maps.
        self.powers = self.powers_as_maps = None

    def round(self, value, what):
        return self.exporter.decided("%s/%s" % (self.node["name"], what), self.exact.bfloat16(value), "bfloat16")

    # -- what `Attention` asks for ------------------------------------------------------------------------------------

    def value(self):
        if self.is_read_as_value():
            self.refuse("maps as values to the last bit")
        if not self.kept:
            return super().value()
        w, operation, width = self.w, self.operation, self.operation["valueSize"]
        allowed, penalty = self.allowed()
        if self.computed:
            self.exporter.maps[self.node["name"]] = (self.compute(allowed, penalty), self.computed)
        groups = sorted({self.group[h] for h in self.kept})
        value = self.exporter.project(self.node, self.memory, "value_")
        order = [groups.index(self.group[h]) for h in self.kept]
        if self.is_rounded and self.exporter.decisions is not None:
            self.round(w.take(self.split(value, len(groups), width), order, 1), "value")
        value = w.reshape(self.first(value), 0, len(groups), width)
        if order != list(range(len(groups))):
            value = w.take(value, order, 2)
        context = w.op("Transpose", self.context(allowed, value), perm=[0, 2, 1, 3])
        context = w.reshape(context, 0, len(self.kept) * width)
        if operation.get("contextRounding"):
            context = rounded(self.exporter, context, operation["contextRounding"], self.node["name"] + "/context")
        self.exporter.head_width = width
        result = self.exporter.project(self.node, context, "output_")
        self.exporter.head_width = 0
        return result

    def first(self, rows):
        """Rows of keys, those that the mask shows first."""
        return self.exporter.visible_first(rows, self.memory_space, self.memory)

    def by_key(self, maps):
        """``[batch, heads, queries, keys]`` as ``[batch, visible keys first, heads, queries]``."""
        return self.first(self.w.op("Transpose", maps, perm=[0, 3, 1, 2]))

    def compute(self, allowed, penalty):
        w, exact, size, operation = self.w, self.exact, self.operation["headSize"], self.operation
        groups = sorted({self.group[h] for h in self.computed})
        norm, scale = operation.get("headNorm"), operation["scale"]
        query = self.exporter.project(self.node, self.x, "query_", factor=1 if norm else scale)
        key = self.exporter.project(self.node, self.memory, "key_")
        if norm and norm.get("isJoint"):
            query = self.normed_together(query, "query_norm", norm, scale)
            key = self.normed_together(key, "key_norm", norm, 1)
        query, key = self.split(query, len(self.computed), size), self.split(key, len(groups), size)
        if norm and not norm.get("isJoint"):
            query = self.normed_by(query, "query_norm", norm, scale)
            key = self.normed_by(key, "key_norm", norm, 1)
        positions = operation.get("positions") or {"kind": None}
        if positions["kind"] == "rotary":
            query, key = self.turned(query, positions, self.x), self.turned(key, positions, self.memory)
        order = [groups.index(self.group[h]) for h in self.computed]
        if order != list(range(len(groups))):
            key = w.take(key, order, 1)
        scores = self.scores(query, key, size)
        cap = operation.get("softCap")
        if cap:
            cap = np.float32(cap)
            scores = w.op("Mul", w.floats(cap), exact.tanh(w.op("Mul", scores, w.floats(np.float32(1) / cap))))
        if positions["kind"] in ("bucketed", "clamped"):
            scores = w.op("Add", scores, self.bias(positions))
        elif positions["kind"] == "alibi":
            scores = self.sloped(scores)
        elif positions["kind"] == "disentangled":
            scores = self.disentangled(scores, query, key, positions)
        elif positions["kind"] not in (None, "rotary"):
            self.refuse("%s positions to the last bit" % positions["kind"])
        if penalty is not None:
            scores = w.op("Sub", scores, penalty)
        return self.shares(scores, allowed)

    def scores(self, query, key, size):
        """Queries times keys, column by column."""
        w, exact = self.w, self.exact
        start = w.op("Mul", w.op("MatMul", w.cut(query, 3, 0, 1), w.op("Transpose", w.cut(key, 3, 0, 1),
                                                                        perm=[0, 1, 3, 2])), w.floats(0))
        if not self.is_rounded:
            return self.multiplied(start, [exact.double(query), exact.double(key)], 3)
        query, key = self.round(query, "query"), self.round(key, "key")
        if size % 2:
            pads = w.integers([0] * 7 + [1])
            query, key = w.op("Pad", query, pads), w.op("Pad", key, pads)
        return self.paired(start, [query, key], 3)

    def multiplied(self, start, parts, axis):
        """A multiply-add for each slice along an axis; both parts are of 64 bits."""
        w = self.w
        total = self.exact.along(self.exact.double(start), parts, axis, lambda state, rows: self.exact.double(
            self.exact.once(w.op("Mul", w.unsqueeze(rows[0], 3), w.unsqueeze(rows[1], 2)), state)), TensorProto.DOUBLE)
        return w.to_float(total)

    def paired(self, start, parts, axis):
        """Float32 additions for each pair of slices along an axis of even length, the second first."""
        w = self.w

        def body(state, rows):
            for first, second in (rows[:2], rows[2:]):
                state = w.op("Add", state, w.op("Mul", w.unsqueeze(first, 3), w.unsqueeze(second, 2)))
            return state

        return self.exact.along(start, [w.cut(part, axis, at, None, 2) for at in (1, 0) for part in parts], axis, body)

    def shares(self, scores, allowed):
        """The maps; powers of the scores and 1 / their sums are kept apart."""
        w, exact = self.w, self.exact
        top = w.largest(w.op("Where", allowed, scores, w.floats(-np.inf)), -1)
        top = w.op("Max", top, w.floats(_LOWEST))
        power = w.op("Mul", w.op("Sub", scores, top), w.floats(LOG2_E))
        seen = w.op("And", allowed, w.op("Not", w.op("Less", power, w.floats(-126))))
        powers = w.each_text(w.op("Where", seen, power, w.floats(0)), exact.exp2_in_range)
        powers = w.op("Where", seen, powers, w.floats(0))
        self.powers_as_maps = powers
        by_key = self.padded(self.by_key(powers))
        # Lane l adds the keys l, 16 + l, 32 + l …
        shape = w.op("Shape", by_key)
        shape = w.op("Concat", w.cut(shape, 0, 0, 1), w.integers([-1, LANES]), w.cut(shape, 0, 2), axis=0)
        lanes = w.op("Reshape", by_key, shape)
        start = w.op("Mul", w.cut(by_key, 1, 0, LANES), w.floats(0))
        total = exact.lanes(exact.along(start, [lanes], 1, lambda state, part: w.op("Add", state, part[0])), 1)
        total = w.op("Transpose", total, perm=[0, 2, 3, 1])
        is_none = w.op("Equal", total, w.floats(0))
        factor = exact.reciprocal(w.op("Where", is_none, w.floats(1), total))
        self.powers = by_key, w.op("Where", is_none, w.floats(0), factor)
        return w.op("Mul", powers, self.powers[1])

    def padded(self, rows):
        """``[batch, keys, …]`` of four axes with zeros up to a multiple of sixteen keys."""
        w = self.w
        count = w.op("Gather", w.op("Shape", rows), w.integers([1]), axis=0)
        missing = w.op("Mod", w.op("Neg", count), w.integers([LANES]))
        return w.op("Pad", rows, w.op("Concat", w.integers([0] * 5), missing, w.integers([0] * 2), axis=0))

    def context(self, allowed, value):
        """Maps times values ``[batch, keys, heads, width]``: powers, divided afterwards, where a head's map is one that
        this node computes; the maps as they are kept else."""
        w, exact = self.w, self.exact
        maps, factors = [], []
        for head in self.kept:
            root = self.root(head)
            if root in self.computed:
                place = self.computed.index(root)
                maps.append(w.take(self.powers[0], [place], 2))
                factors.append(w.take(self.powers[1], [place], 1))
                known = w.take(self.powers_as_maps, [place], 1)
            else:
                known = self.blend(self.operation["heads"][head], allowed)
                maps.append(self.padded(self.by_key(known)))
                factors.append(None)
            if self.is_rounded and self.exporter.decisions is not None:
                self.round(known, "map_%d" % head)
        if [self.root(head) for head in self.kept] == self.computed:
            maps, factors = self.powers
        else:
            maps = w.op("Concat", *maps, axis=2) if len(maps) > 1 else maps[0]
            some = next((factor for factor in factors if factor is not None), None)
            if some is not None:
                one = w.op("Add", w.op("Mul", some, w.floats(0)), w.floats(1))
                factors = [one if factor is None else factor for factor in factors]
                factors = w.op("Concat", *factors, axis=1) if len(factors) > 1 else factors[0]
            else:
                factors = None
        value = self.padded(value)
        start = w.op("Mul", w.op("MatMul", w.op("Transpose", w.cut(maps, 1, 0, 1), perm=[0, 2, 3, 1]),
                                 w.op("Transpose", w.cut(value, 1, 0, 1), perm=[0, 2, 1, 3])), w.floats(0))
        if self.is_rounded:
            context = self.paired(start, [exact.bfloat16(maps), exact.bfloat16(value)], 1)
        else:
            context = self.multiplied(start, [exact.double(maps), exact.double(value)], 1)
        return context if factors is None else w.op("Mul", context, factors)

    def blend(self, source, allowed):
        """The weighted sum of maps, then of patterns, over the keys that each query sees."""
        w, exact, total = self.w, self.exact, None
        terms = source["terms"]
        for term in terms:
            if "pattern" not in term:
                part, weight = self.exporter.map(term), w.floats(term.get("weight", 1))
                total = w.op("Mul", part, weight) if total is None else exact.fma(weight, part, total)
        for term in terms:
            if "pattern" in term:
                part, weight = self.points(term["pattern"], allowed, term.get("weight", 1)), term.get("weight", 1)
                total = part if total is None else w.op("Add", total, part)
        if len(terms) == 1 and "pattern" not in terms[0]:
            return total
        return w.op("Where", allowed, total, w.floats(0))

    def points(self, pattern, allowed, weight):
        """A pattern times its weight."""
        w = self.w
        if pattern != "mean":
            return w.op("Mul", self.static(pattern, allowed), w.floats(weight))
        numbers = w.to_float(allowed)
        share = w.op("Div", w.floats(weight), w.op("Max", w.sum(numbers, 3), w.floats(1)))
        return w.op("Mul", numbers, share)
