"""Attention with borrowed, blended and static maps in plain operators.

A node's maps are one value ``[batch, heads, queries, keys]`` of the heads that compute one; later nodes take from
it."""

from __future__ import annotations

import numpy as np

from .matrices import rounded
from .positions import PositionsOfScores

#: Added to scores that count for nothing. Far below any score, and far above what would overflow.
HIDDEN = -1e30
#: What a mask that penalizes takes off a score.
PENALTY = 1e9


class Attention(PositionsOfScores):
    """One attention node. ``exporter`` gives parameters, masks and the maps of earlier nodes."""

    def __init__(self, exporter, node, x, memory, space, memory_space, masks):
        self.exporter, self.node, self.operation = exporter, node, node["operation"]
        self.w = exporter.writer
        self.x, self.memory, self.space, self.memory_space = x, memory, space, memory_space
        self.masks = masks
        heads = self.operation["heads"]
        self.group = [head * self.operation["groupCount"] // len(heads) for head in range(len(heads))]
        self.computed = [h for h, source in enumerate(heads) if source["source"] == "computed"]
        hard = [str(h) for h, source in enumerate(heads) if source["source"] == "hard"]
        if hard:
            self.refuse("heads that look at one key only (%s)" % ", ".join(hard))
        self.kept = [h for h, source in enumerate(heads) if source["source"] != "dropped"]
        # Where values come of rounded inputs, both products of attention take bfloat16 (docs/precision.md).
        precision = exporter.file.precision(node, "value_weight") or {}
        self.is_rounded = precision.get("kind") in ("int8", "bfloat16")
        #: Powers of the scores and their sums, where they are rounded apart.
        self.powers = None

    def refuse(self, what):
        raise self.w.refuse(self.node["name"], "attention with %s" % what)

    def round(self, value, what):
        if not self.is_rounded:
            return value
        return self.exporter.decided("%s/%s" % (self.node["name"], what), self.w.bfloat16(value), "bfloat16")

    def value(self):
        """The node's value ``[batch, queries, width]``."""
        w, operation, width = self.w, self.operation, self.operation["valueSize"]
        allowed, penalty = self.allowed()
        if self.computed:
            self.exporter.maps[self.node["name"]] = (self.compute(allowed, penalty), self.computed)
        self.exporter.all_maps[self.node["name"]] = self.maps(allowed, range(len(operation["heads"])), True) \
            if self.is_read_as_value() else None
        if not self.kept:
            zero = w.op("Mul", w.sum(self.x, 2), w.floats(0))
            bias = self.exporter.file.parameter(self.node, "output_bias")
            row = bias if bias is not None else np.zeros(operation["outputWidth"], np.float32)
            return w.op("Add", zero, w.weight(self.node["name"] + "/output_bias", row))
        groups = sorted({self.group[h] for h in self.kept})
        value = self.split(self.exporter.project(self.node, self.memory, "value_"), len(groups), width)
        order = [groups.index(self.group[h]) for h in self.kept]
        if order != list(range(len(groups))):
            value = w.take(value, order, 1)
        context = self.context(allowed, self.round(value, "value"))
        context = w.op("Transpose", context, perm=[0, 2, 1, 3])
        context = w.reshape(context, 0, len(self.kept) * width)
        if operation.get("contextRounding"):
            context = rounded(self.exporter, context, operation["contextRounding"], self.node["name"] + "/context")
        return self.exporter.project(self.node, context, "output_")

    def is_read_as_value(self):
        """Whether maps are a value of the graph, besides what heads borrow."""
        return any(node["operation"]["kind"] == "maps" and node["inputs"][0] == self.node["name"]
                   for node in self.exporter.graph["nodes"])

    def context(self, allowed, value):
        """Maps times values. What this node computes is divided by its sums at last where it is rounded."""
        w = self.w
        if not self.is_rounded:
            return w.op("MatMul", self.maps(allowed, self.kept), value)
        parts = []
        for place, head in enumerate(self.kept):
            own = w.take(value, [place], 1)
            if self.root(head) in self.computed:
                powers, total = [w.take(part, [self.computed.index(self.root(head))], 1) for part in self.powers]
                parts.append(w.op("Div", w.op("MatMul", self.round(powers, "map_%d" % head), own), total))
            else:
                parts.append(w.op("MatMul", self.round(self.maps(allowed, [head]), "map_%d" % head), own))
        return w.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]

    def root(self, head):
        """The head whose powers a head multiplies: another one of this node where it borrows that map alone."""
        terms = self.operation["heads"][head].get("terms", [])
        if len(terms) == 1 and terms[0].get("node") == self.node["name"] and terms[0].get("weight", 1) == 1:
            return terms[0]["head"]
        return head

    def split(self, value, heads, size):
        """``[batch, rows, heads · size]`` as ``[batch, heads, rows, size]``."""
        return self.w.op("Transpose", self.w.reshape(value, 0, heads, size), perm=[0, 2, 1, 3])

    def compute(self, allowed, penalty):
        """The maps of the heads that compute one."""
        w, size, operation = self.w, self.operation["headSize"], self.operation
        groups = sorted({self.group[h] for h in self.computed})
        query = self.exporter.project(self.node, self.x, "query_")
        key = self.exporter.project(self.node, self.memory, "key_")
        norm = operation.get("headNorm")
        if norm and norm.get("isJoint"):
            query, key = self.normed(query, "query_norm", norm), self.normed(key, "key_norm", norm)
        query, key = self.split(query, len(self.computed), size), self.split(key, len(groups), size)
        if norm and not norm.get("isJoint"):
            query, key = self.normed(query, "query_norm", norm), self.normed(key, "key_norm", norm)
        positions = operation.get("positions") or {"kind": None}
        if positions["kind"] == "rotary":
            query, key = self.turned(query, positions, self.x), self.turned(key, positions, self.memory)
        order = [groups.index(self.group[h]) for h in self.computed]
        if order != list(range(len(groups))):
            key = w.take(key, order, 1)
        if operation["scale"] != 1:
            query = w.op("Mul", query, w.floats(operation["scale"]))
        scores = self.compared(query, key)
        if positions["kind"] in ("bucketed", "clamped"):
            scores = w.op("Add", scores, self.bias(positions))
        elif positions["kind"] == "alibi":
            scores = w.op("Add", scores, self.slopes())
        elif positions["kind"] == "disentangled":
            scores = self.disentangled(scores, query, key, positions)
        elif positions["kind"] not in (None, "rotary"):
            self.refuse("%s positions" % positions["kind"])
        cap = operation.get("softCap")
        if cap is not None:
            scores = w.op("Mul", w.op("Tanh", w.op("Div", scores, w.floats(cap))), w.floats(cap))
        if penalty is not None:
            scores = w.op("Sub", scores, penalty)
        scores = w.op("Add", scores, w.op("Where", allowed, w.floats(0), w.floats(HIDDEN)))
        if self.is_rounded:
            return self.shares(scores, allowed)
        # A query that may look at nothing looks at nothing.
        return w.op("Where", allowed, w.op("Softmax", scores, axis=-1), w.floats(0))

    def compared(self, query, key):
        """What a query and a key have in common."""
        w = self.w
        if self.operation.get("comparison") != "additive":
            key = w.op("Transpose", self.round(key, "key"), perm=[0, 1, 3, 2])
            return w.op("MatMul", self.round(query, "query"), key)
        weight = self.exporter.file.parameter(self.node, "score_weight").reshape(-1)
        sums = w.op("Tanh", w.op("Add", w.unsqueeze(query, 3), w.unsqueeze(key, 2)))
        sums = w.op("Mul", sums, w.weight(self.node["name"] + "/score_weight", weight))
        return w.squeeze(w.sum(sums, -1), -1)

    def shares(self, scores, allowed):
        """The maps, powers and sums kept apart: contexts are divided after the product."""
        w = self.w
        powers = w.op("Exp", w.op("Sub", scores, w.largest(scores, -1)))
        powers = w.op("Where", allowed, powers, w.floats(0))
        total = w.sum(powers, -1)
        total = w.op("Where", w.op("Greater", total, w.floats(0)), total, w.floats(1))
        self.powers = (powers, total)
        return w.op("Div", powers, total)

    def normed(self, value, name, norm):
        """Rows of each head, or of all heads together, divided by their root mean square, times a stored scale."""
        scale = self.exporter.file.parameter(self.node, name) + np.float32(norm["scaleOffset"])
        return self.w.rms_norm("%s/%s" % (self.node["name"], name), value, scale, norm["epsilon"])

    def maps(self, allowed, heads, with_dropped=False):
        """The maps of some heads, one after the other."""
        w = self.w
        if list(heads) == self.computed:
            return self.exporter.maps[self.node["name"]][0]
        parts = []
        for head in heads:
            source = self.operation["heads"][head]
            if source["source"] == "dropped":
                parts.append(w.op("Mul", w.to_float(allowed), w.floats(0)))
                continue
            terms = source.get("terms", [{"node": self.node["name"], "head": head}])
            total = None
            for term in terms:
                part = self.static(term["pattern"], allowed) if "pattern" in term else self.exporter.map(term)
                weight = term.get("weight", 1)
                part = part if weight == 1 else w.op("Mul", part, w.floats(weight))
                total = part if total is None else w.op("Add", total, part)
            parts.append(total)
        return w.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]

    # -- masks --------------------------------------------------------------------------------------------------------

    def allowed(self):
        """Which key each query may look at, bool ``[batch, 1, queries, keys]``; and what is taken off the scores of
        keys that a mask only penalizes."""
        mask = self.operation["mask"]
        key = (self.space, self.memory_space, mask["isCausal"], mask.get("window"), tuple(map(id, self.masks)),
               json_key(self.operation.get("masking")))
        if key not in self.exporter.allowed:
            self.exporter.allowed[key] = self.make_allowed(mask)
        return self.exporter.allowed[key]

    def make_allowed(self, mask):
        w = self.w
        masking = self.operation.get("masking") or {}
        penalizes = masking.get("hiding") == "penalized"
        visible = w.unsqueeze(self.exporter.visible(self.memory_space, self.memory), 1, 2)
        # Every query, so that the value has its rows.
        every = w.unsqueeze(w.op("GreaterOrEqual", w.places(self.x), w.integers(0)), 1, 3)
        allowed, seen = w.op("And", visible, every), every
        if mask["isCausal"] or mask.get("window") is not None:
            distance = w.unsqueeze(self.distance(), 1)
            if mask["isCausal"]:
                seen = w.op("And", seen, w.op("GreaterOrEqual", distance, w.integers(0)))
            if mask.get("window") is not None:
                # Without a causal mask a window looks both ways.
                away = distance if mask["isCausal"] else w.op("Abs", distance)
                seen = w.op("And", seen, w.op("Less", away, w.integers(mask["window"])))
        masks = list(self.masks)
        for part in ("queries", "keys", "pairs"):
            if masking.get(part):
                shown = w.op("Not", w.op("Equal", masks.pop(0), w.floats(0)))
                if part == "keys":
                    shown = w.op("Transpose", shown, perm=[0, 2, 1])
                seen = w.op("And", seen, w.unsqueeze(shown, 1))
        if penalizes:
            return allowed, w.op("Where", w.op("And", seen, allowed), w.floats(0), w.floats(PENALTY))
        return w.op("And", allowed, seen), None

    def distance(self):
        """Places from key to query, ``[1, queries, keys]``: positive behind."""
        w = self.w
        return w.op("Sub", w.unsqueeze(w.places(self.x), 2), w.unsqueeze(w.places(self.memory), 1))

    # -- maps that need no computing ----------------------------------------------------------------------------------

    def static(self, pattern, allowed):
        """``[batch, 1, queries, keys]``; places are counted among the keys that the mask shows."""
        w = self.w
        key = (pattern, id(allowed))
        if key in self.exporter.patterns:
            return self.exporter.patterns[key]
        numbers = w.to_float(allowed)
        if pattern == "mean":
            result = w.op("Div", numbers, w.op("Max", w.sum(numbers, 3), w.floats(1)))
        elif pattern == "first":
            rank = w.cumulative(numbers, 3)
            result = w.op("Mul", numbers, w.to_float(w.op("Equal", rank, w.floats(1))))
        else:
            visible = w.to_integer(self.exporter.visible(self.memory_space, self.memory))
            rank = w.op("Sub", w.cumulative(visible, 1), w.integers(1))
            own = self.at(rank, w.op("Max", rank, w.integers(0)), visible)
            result = own
            if pattern != "identity":
                last = w.op("Sub", w.sum(visible, 1), w.integers(1))
                wanted = (w.op("Max", w.op("Sub", rank, w.integers(1)), w.integers(0)) if pattern == "previous"
                          else w.op("Min", w.op("Add", rank, w.integers(1)), last))
                place = w.op("Mul", self.at(rank, wanted, visible), numbers)
                # Where the mask forbids the neighbour, the token's own place.
                seen = w.sum(place, 3)
                result = w.op("Add", place, w.op("Mul", own, w.op("Sub", w.floats(1), seen)))
        self.exporter.patterns[key] = result
        return result

    def at(self, rank, wanted, visible):
        """One at the visible key whose rank is wanted, ``[batch, 1, queries, keys]``."""
        w = self.w
        equal = w.op("Equal", w.unsqueeze(wanted, 1, 3), w.unsqueeze(rank, 1, 2))
        return w.op("Mul", w.to_float(equal), w.to_float(w.unsqueeze(visible, 1, 2)))


def json_key(document):
    return tuple(sorted(document.items())) if document else None
