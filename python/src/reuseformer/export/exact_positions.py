"""Positions and norms of heads in the order of our runtime."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from .matrices import plain_weight


class ExactPositions:
    """The part of `ExactAttention` that knows them."""

    def normed_by(self, heads, name, norm, factor):
        """The RMS norm of a head's columns; the factor on the scores is in its scale."""
        scale = self.exporter.file.parameter(self.node, name) + np.float32(norm["scaleOffset"])
        return self.exact.rms_norm("%s/%s" % (self.node["name"], name), heads, scale * np.float32(factor),
                                   norm["epsilon"])

    def normed_together(self, rows, name, norm, factor):
        """The RMS norm of all heads' columns: squares are added one after the other in 64 bits."""
        w, exact = self.w, self.exact
        scale = self.exporter.file.parameter(self.node, name).reshape(-1) + np.float32(norm["scaleOffset"])
        wide = exact.double(rows)
        start = w.op("Mul", w.squeeze(w.cut(wide, -1, 0, 1), -1), exact.doubles(0))
        total = exact.along(start, [wide], -1, lambda state, part: w.op("Add", state, w.op("Mul", *part * 2)),
                            TensorProto.DOUBLE)
        mean = w.op("Add", w.op("Div", total, exact.doubles(len(scale))), exact.doubles(norm["epsilon"]))
        own = w.unsqueeze(w.to_float(w.op("Div", exact.doubles(1), w.op("Sqrt", mean))), -1)
        scale = w.weight("%s/%s" % (self.node["name"], name), scale * np.float32(factor))
        return w.op("Mul", rows, w.op("Mul", own, scale))

    def sloped(self, scores):
        """ALiBi: slope · (key − query) is added, counted among the rows that the mask shows."""
        w = self.w
        heads = len(self.operation["heads"])
        power = 1 << (heads.bit_length() - 1)
        slopes = [2.0 ** (-8 * (head + 1) / power) if head < power else 2.0 ** (-4 * (2 * (head - power) + 1) / power)
                  for head in self.computed]
        shown = w.to_integer(self.exporter.visible(self.memory_space, self.memory))
        rank = w.op("Max", w.op("Sub", w.cumulative(shown, 1), w.integers(1)), w.integers(0))
        distance = w.to_float(w.op("Sub", w.unsqueeze(rank, 1, 2), w.unsqueeze(rank, 1, 3)))
        return self.exact.fma(w.floats(np.reshape(slopes, (-1, 1, 1))), distance, scores)

    def circle(self, angle):
        """Cosines and sines of 64 bits, rounded."""
        w, angle = self.w, self.exact.double(angle)
        return w.to_float(w.op("Cos", angle)), w.to_float(w.op("Sin", angle))

    def pairs(self, a, b, cosine, sine):
        w, exact = self.w, self.exact
        return (exact.fma(a, cosine, w.op("Neg", w.op("Mul", b, sine))), exact.fma(b, cosine, w.op("Mul", a, sine)))

    def rates(self, positions, rows):
        """Angle a place, for each pair of columns; of each sequence where its length changes them."""
        w, size, scaling = self.w, positions["size"], positions.get("scaling") or {"kind": None}
        exponents = np.arange(0, size, 2, dtype=np.float32) / np.float32(size)
        base, kind = np.float64(np.float32(positions["base"])), scaling["kind"]
        powers = np.power(base, exponents.astype(np.float64)).astype(np.float32)
        if kind == "dynamic" and size > 2:
            factor, length = np.float64(np.float32(scaling["factor"])), scaling["length"]
            tokens = self.exact.double(self.tokens(rows))
            growth = w.op("Sub", w.op("Div", w.op("Mul", w.constant(factor), tokens), w.constant(np.float64(length))),
                          w.constant(factor - 1))
            growth = w.op("Max", growth, w.constant(np.float64(1)))
            stretched = w.op("Mul", w.constant(base), w.op("Pow", growth, w.constant(np.float64(size / (size - 2)))))
            stretched = self.exact.double(w.to_float(stretched))
            return self.exact.reciprocal(w.to_float(w.op("Pow", stretched, self.exact.doubles(exponents))))
        if kind == "long":
            short, long = [np.float32(1) / (np.asarray(scaling[which], np.float32) * powers)
                           for which in ("short", "long")]
            is_long = w.op("Greater", self.tokens(rows), w.floats(scaling["length"]))
            return w.op("Where", is_long, w.floats(long), w.floats(short))
        return w.floats(fixed_rates(scaling, powers, size, base))

    def tokens(self, rows):
        """Rows of each sequence up to the last that its mask shows, ``[batch, 1, 1, 1]``."""
        w = self.w
        shown = w.to_float(self.exporter.visible(self.space, rows))
        return w.unsqueeze(w.largest(w.op("Mul", shown, w.op("Add", w.to_float(w.places(rows)), w.floats(1))), 1), 2, 3)

    def disentangled(self, scores, query, key, positions):
        """Scores with contents against positions, and the other way round. Queries are scaled already."""
        w, exact, file, node, size = self.w, self.exact, self.exporter.file, self.node, self.operation["headSize"]
        table = w.weight(node["name"] + "/relative_embeddings", file.parameter(node, "relative_embeddings")[None])
        if positions.get("epsilon") is not None:
            table = exact.layer_norm(node["name"] + "/relative", table, file.parameter(node, "relative_scale"),
                                     file.parameter(node, "relative_offset"), positions["epsilon"])
        index = self.relative_rows(positions)
        prefix = "position_" if positions.get("hasOwnProjections") else ""

        def with_table(value, rows):
            columns = w.op("Transpose", w.cut(rows, 3, 0, 1), perm=[0, 1, 3, 2])
            start = w.op("Mul", w.op("MatMul", w.cut(value, 3, 0, 1), columns), w.floats(0))
            return self.multiplied(start, [exact.double(value), exact.double(rows)], 3)

        def against(which, value, heads, order, factor=1):
            """Products ``[batch, heads, rows, rows of the table]`` with one side of the table."""
            if positions.get("isOfHeads"):  # the same rows for all heads, as they stand
                rows = w.unsqueeze(table, 1)
                return with_table(value, rows if factor == 1 else w.op("Mul", rows, w.floats(factor)))
            name = prefix + which
            matrix, bias = plain_weight(self.exporter, node, name + "_weight"), file.parameter(node, name + "_bias")
            rows = exact.product(table, w.weight("%s/%s_table" % (node["name"], name), matrix), matrix.shape[1])
            rows = w.add_bias("%s/%s_table_" % (node["name"], name), rows, bias)
            rows = rows if factor == 1 else w.op("Mul", rows, w.floats(factor))
            rows = self.split(rows, heads, size)
            rows = rows if order == list(range(heads)) else w.take(rows, order, 1)
            return with_table(value, rows)

        groups = sorted({self.group[h] for h in self.computed})
        order = [groups.index(self.group[h]) for h in self.computed]
        parts = []
        if positions.get("hasContentToPosition", True):
            parts.append(w.pick(against("key", query, len(groups), order), index))
        if positions.get("hasPositionToContent", True):
            count = len(self.computed)
            by_key = against("query", key, count, list(range(count)), np.float32(self.operation["scale"]))
            picked = w.pick(by_key, w.op("Transpose", index, perm=[0, 2, 1]))
            parts.append(w.op("Transpose", picked, perm=[0, 1, 3, 2]))
        return w.op("Add", scores, parts[0] if len(parts) == 1 else w.op("Add", *parts))


def fixed_rates(scaling, powers, size, base):
    """Angle a place, for each pair of columns, where no length changes it; all in float32."""
    one, kind = np.float32(1), scaling["kind"]
    plain = one / powers
    numbers = {name: np.float32(value) for name, value in scaling.items() if isinstance(value, (int, float))}
    if kind == "linear":
        return plain / numbers["factor"]
    if kind == "banded":
        low, high, length = numbers["low"], numbers["high"], numbers["length"]
        waves = np.float32(2) * np.float32(3.1415925) / plain
        share = (length / waves - low) / (high - low)
        between = (one - share) * plain / numbers["factor"] + share * plain
        return np.where(waves < length / high, plain,
                        np.where(waves > length / low, plain / numbers["factor"], between))
    if kind == "yarn":
        first, last = [size * np.log(np.float64(numbers["length"]) / (np.float64(numbers[turns]) * 2 * np.pi))
                       / (2 * np.log(base)) for turns in ("fast", "slow")]
        if scaling["isTruncated"]:
            first, last = np.floor(first), np.ceil(last)
        first, last = max(first, 0.0), min(last, float(size - 1))
        first, last = np.float32(first), np.float32(last + 0.001 if first == last else last)
        places = np.arange(len(powers), dtype=np.float32)
        kept = one - np.clip((places - first) / (last - first), np.float32(0), one)
        return one / (numbers["factor"] * powers) * (one - kept) + plain * kept
    return plain
