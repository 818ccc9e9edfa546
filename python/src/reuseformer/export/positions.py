"""What positions do to queries, keys and scores."""

from __future__ import annotations

import math

import numpy as np

from .matrices import plain_weight


class PositionsOfScores:
    """The part of `Attention` that knows positions."""

    # -- numbers by distance ------------------------------------------------------------------------------------------

    def bias(self, positions):
        """The table of distances, ``[1, heads, queries, keys]``."""
        w = self.w
        behind = self.distance()
        if positions["kind"] == "clamped":
            last = positions["length"] - 1
            index = w.op("Min", w.op("Max", w.op("Neg", behind), w.integers(-last)), w.integers(last))
            index = w.op("Add", index, w.integers(last))
        else:
            index = self.buckets(behind, positions)
        table = self.exporter.file.parameter(self.node, "position_bias")
        rows = w.look_up(self.node["name"] + "/position_bias", table, index)
        return w.op("Transpose", rows, perm=[0, 3, 1, 2])

    def buckets(self, behind, positions):
        """T5's buckets: one a place nearby, wider ones further away."""
        reach = max(positions["maximumDistance"], positions["count"])
        count, both = positions["count"], positions["isBidirectional"]
        half = count // 2 if both else count
        exact = half // 2
        rows = []
        for distance in range(-reach, reach + 1):  # of the key from the query
            away = abs(distance) if both else max(-distance, 0)
            bucket = away
            if away >= exact:
                far = np.float32(math.log(np.float32(away) / np.float32(exact)))
                step = np.float32(math.log(positions["maximumDistance"] / exact))
                bucket = min(exact + int(far / step * np.float32(half - exact)), half - 1)
            rows.append(bucket + (half if both and distance > 0 else 0))
        return self.of_distance(behind, rows, reach)

    def of_distance(self, behind, rows, reach):
        """Whole numbers by the distance of the key from the query, `-reach … reach`, those beyond like the last."""
        w = self.w
        away = w.op("Min", w.op("Max", w.op("Neg", behind), w.integers(-reach)), w.integers(reach))
        away = w.op("Add", away, w.integers(reach))
        return w.look_up_integers(self.node["name"] + "/distances", np.asarray(rows, np.int64), away)

    def slopes(self):
        """ALiBi: what grows with the distance, ``[heads, 1, keys]``."""
        heads = len(self.operation["heads"])
        power = 2 ** math.floor(math.log2(heads))
        base = [2 ** (-8 * (i + 1) / power) for i in range(power)]
        more = [2 ** (-4 * (2 * i + 1) / power) for i in range(heads - power)]
        own = [(base + more)[head] for head in self.computed]
        w = self.w
        keys = w.unsqueeze(w.to_float(w.places(self.memory)), 1, 2)
        return w.op("Mul", keys, w.floats(np.reshape(own, (-1, 1, 1))))

    # -- disentangled positions ---------------------------------------------------------------------------------------

    def disentangled(self, scores, query, key, positions):
        """Scores with contents against positions, and the other way round (DeBERTa). Queries are scaled already."""
        w, file, node, size = self.w, self.exporter.file, self.node, self.operation["headSize"]
        span, name = positions["span"], node["name"]
        table = file.parameter(node, "relative_embeddings").astype(np.float64)
        epsilon = positions.get("epsilon")
        if epsilon is not None:
            centred = table - table.mean(-1, keepdims=True)
            table = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
            table = table * file.parameter(node, "relative_scale") + file.parameter(node, "relative_offset")
        index = self.relative_rows(positions)
        own = positions.get("hasOwnProjections")

        def projected(which, heads):
            """``[heads, size, rows of the table]``"""
            if positions.get("isOfHeads"):  # the same rows for all heads, as they stand
                return np.repeat(table.T[None], heads, axis=0).astype(np.float32)
            prefix = ("position_" if own else "") + which
            rows = table @ plain_weight(self.exporter, node, prefix + "_weight")
            bias = file.parameter(node, prefix + "_bias")
            rows = rows if bias is None else rows + bias
            rows = rows.reshape(2 * span, heads, size).transpose(1, 2, 0)
            return rows.astype(np.float32)

        groups = sorted({self.group[h] for h in self.computed})
        order = [groups.index(self.group[h]) for h in self.computed]
        if positions.get("hasContentToPosition", True):
            keys = projected("key", len(groups))[order]
            by_query = w.of_heads(name + "/position_keys", query, keys)
            scores = w.op("Add", scores, w.pick(by_query, index))
        if positions.get("hasPositionToContent", True):
            queries = projected("query", len(self.computed)) * np.float32(self.operation["scale"])
            by_key = w.of_heads(name + "/position_queries", key, queries)
            picked = w.pick(by_key, w.op("Transpose", index, perm=[0, 2, 1]))
            scores = w.op("Add", scores, w.op("Transpose", picked, perm=[0, 1, 3, 2]))
        return scores

    def relative_rows(self, positions):
        """Row of the table for each query and key, ``[1, queries, keys]``."""
        span, buckets = positions["span"], positions.get("buckets")
        farthest = positions["maximumDistance"]
        reach = max(farthest, span)
        rows = []
        for away in range(reach, -reach - 1, -1):  # query less key, for the distance of the key from the query
            bucket = away
            if buckets and farthest > 0:
                middle = buckets // 2
                if abs(away) > middle > 0:
                    share = np.log(np.float32(abs(away)) / np.float32(middle)) / np.log(
                        np.float32(farthest - 1) / np.float32(middle))
                    bucket = int(np.ceil(share * np.float32(middle - 1)) + middle) * (1 if away > 0 else -1)
            less = int(bool(positions.get("isOfHeads")))
            rows.append(min(max(bucket + span - less, 0), 2 * span - 1 - less))
        return self.of_distance(self.distance(), rows, reach)

    # -- rotary positions ---------------------------------------------------------------------------------------------

    def turned(self, value, positions, rows):
        """Columns of each head turned by their place."""
        w, size, head = self.w, positions["size"], self.operation["headSize"]
        half = size // 2
        places = w.unsqueeze(w.to_float(w.places(rows)), 1, 3)
        angle = w.op("Mul", places, self.rates(positions, rows))
        cosine, sine = self.circle(angle)
        magnitude = (positions.get("scaling") or {}).get("magnitude", 1)
        if magnitude != 1:
            cosine, sine = w.op("Mul", cosine, w.floats(magnitude)), w.op("Mul", sine, w.floats(magnitude))
        if positions["isInterleaved"]:
            first, second = list(range(0, size, 2)), list(range(1, size, 2))
        else:
            first, second = list(range(half)), list(range(half, size))
        a, b = [w.take(value, part, 3) for part in (first, second)]
        rest = [w.take(value, list(range(size, head)), 3)] if size < head else []
        turned = w.op("Concat", *self.pairs(a, b, cosine, sine), *rest, axis=3)
        order = first + second + list(range(size, head))
        if order != list(range(head)):
            turned = w.take(turned, list(np.argsort(order)), 3)
        return turned

    def circle(self, angle):
        """Cosines and sines."""
        return self.w.op("Cos", angle), self.w.op("Sin", angle)

    def pairs(self, a, b, cosine, sine):
        """Pairs of columns, turned."""
        w = self.w
        return (w.op("Sub", w.op("Mul", a, cosine), w.op("Mul", b, sine)),
                w.op("Add", w.op("Mul", b, cosine), w.op("Mul", a, sine)))

    def rates(self, positions, rows):
        """Angle a place, for each pair of columns; of each sequence where its length changes them."""
        w, size, scaling = self.w, positions["size"], positions.get("scaling")
        pairs = np.arange(size // 2, dtype=np.float64)
        base = float(np.float32(positions["base"]))
        # In single precision, as the frameworks and our runtime have them: far from the start of a text it shows.
        exponents = (2 * pairs).astype(np.float32) / np.float32(size)
        rates = np.float32(1) / np.power(np.float32(base), exponents)
        kind = scaling["kind"] if scaling else None
        if kind == "dynamic":
            grows = np.where(size > 2, -pairs * 2 / max(size - 2, 1), 0)
            factor, length = scaling["factor"], scaling["length"]
            tokens = self.tokens(rows)
            growth = w.op("Sub", w.op("Mul", tokens, w.floats(factor / length)), w.floats(factor - 1))
            # e to the powers of the growth, which is 1 up to the length.
            logarithm = w.op("Log", w.op("Max", growth, w.floats(1)))
            return w.op("Mul", w.op("Exp", w.op("Mul", logarithm, w.floats(grows))), w.floats(rates))
        if kind == "long":
            short, long = [rates / np.asarray(scaling[which]) for which in ("short", "long")]
            if np.array_equal(short, long):
                return w.floats(short)
            is_long = w.op("Greater", self.tokens(rows), w.floats(scaling["length"]))
            return w.op("Where", is_long, w.floats(long), w.floats(short))
        return w.floats(self.fixed_rates(scaling, rates, base, size, pairs))

    def tokens(self, rows):
        """Tokens of each sequence, ``[batch, 1, 1, 1]``."""
        shown = self.w.to_float(self.exporter.visible(self.space, rows))
        return self.w.unsqueeze(self.w.sum(shown, 1), 2, 3)

    def fixed_rates(self, scaling, rates, base, size, pairs):
        if not scaling:
            return rates
        kind, factor = scaling["kind"], scaling.get("factor")
        if kind == "linear":
            return rates / np.float32(factor)
        if kind == "banded":
            low, high, length, factor = map(np.float32, (scaling["low"], scaling["high"], scaling["length"], factor))
            waves = np.float32(2 * np.pi) / rates
            share = (length / waves - low) / (high - low)
            between = (1 - share) * rates / factor + share * rates
            return np.where(waves < length / high, rates, np.where(waves > length / low, rates / factor, between))
        if kind == "yarn":
            bounds = [size * math.log(scaling["length"] / (turns * 2 * math.pi)) / (2 * math.log(base))
                      for turns in (scaling["fast"], scaling["slow"])]
            if scaling["isTruncated"]:
                bounds = [math.floor(bounds[0]), math.ceil(bounds[1])]
            first, last = max(bounds[0], 0), min(bounds[1], size - 1)
            kept = 1 - np.clip((pairs - first) / (last - first or 0.001), 0, 1)
            return rates / factor * (1 - kept) + rates * kept
        self.refuse("rotary positions of the kind %s" % kind)
