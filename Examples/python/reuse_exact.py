"""Runs a .reuse.h5 in NumPy so that every bit of every output is the command's.

`reuse_h5.py MODEL.reuse.h5 --inputs in.npz -o out.npz --exact` uses it. Each function below is one operation of
docs/arithmetic.md: float32 numbers, each sum in its one order, each operation rounded once. `reuse_h5.py` says what the
operations mean; this module only says how they round, so read that one first.
"""
import numpy as np

import reuse_h5

f32, f64 = np.float32, np.float64
LANES = 16


# ---- multiply-add ---------------------------------------------------------------------------------------------------


def rounded_once(product, addend):
    """product + addend rounded once to float32, kept in float64; `product`: exact, of two float32 numbers.

    The sum of two float64 numbers is rounded there first. Rounding that to float32 is rounding twice, which differs
    where the first result lies half-way between two float32 numbers (or is too small for a normal one): there it is
    made odd when it is not exact, so that it stays on its side.
    """
    total = product + addend
    halfway = (total.view(np.int64) & 0x1FFFFFFF) == 0x10000000
    doubtful = halfway | (np.abs(total) < 2.0**-126)
    if doubtful.any():
        product, addend = np.broadcast_arrays(product, addend)
        sums, p, c = total[doubtful], product[doubtful], addend[doubtful]
        rest = sums - p
        error = (p - (sums - rest)) + (c - rest)
        bits = sums.view(np.int64)
        even = (error != 0) & (bits & 1 == 0)
        outwards = (error > 0) == (sums > 0)
        total[doubtful] = np.where(even, bits + np.where(outwards, 1, -1), bits).view(f64)
    return total.astype(f32).astype(f64)


def fma(a, b, c):
    """a · b + c, rounded once."""
    product = np.multiply(a, b, dtype=f64)
    return rounded_once(np.atleast_1d(product), np.asarray(c, f64)).astype(f32).reshape(np.broadcast(product, c).shape)


def product(x, weight):
    """x · weight: sums start at 0 and take one multiply-add for each depth, from 0 upwards."""
    x, weight = x.astype(f64), weight.astype(f64)
    total = np.zeros((*np.broadcast_shapes(x.shape[:-2], weight.shape[:-2]), x.shape[-2], weight.shape[-1]))
    for depth in range(x.shape[-1]):
        total = rounded_once(x[..., :, depth, None] * weight[..., depth, None, :], total)
    return total.astype(f32)


def paired_product(x, weight):
    """x · weight of bfloat16 numbers: sums start at 0 and take of each pair of depths the second first."""
    total = np.zeros((*np.broadcast_shapes(x.shape[:-2], weight.shape[:-2]), x.shape[-2], weight.shape[-1]), f32)
    for first in range(0, x.shape[-1], 2):
        for depth in (first + 1, first):
            if depth < x.shape[-1]:
                total = total + x[..., :, depth, None] * weight[..., depth, None, :]
    return total


# ---- sums of rows ---------------------------------------------------------------------------------------------------


def padded(x, unit):
    """Zeros behind the last axis, up to a multiple of `unit`."""
    missing = -x.shape[-1] % unit
    return np.concatenate([x, np.zeros((*x.shape[:-1], missing), x.dtype)], axis=-1) if missing else x


def sum_lanes(lanes):
    """Sum of sixteen lanes, always by halves."""
    for half in (8, 4, 2, 1):
        lanes = lanes[..., :half] + lanes[..., half:]
    return lanes


def sum_row(x, squared):
    """Sum of a row, or of its squares: four accumulators of sixteen lanes take whole blocks of 64 numbers in turn, the
    first one all vectors behind the last whole block."""
    vectors = padded(x, LANES).reshape(*x.shape[:-1], -1, LANES)
    sums = [np.zeros((*x.shape[:-1], LANES), f32) for _ in range(4)]
    whole = x.shape[-1] // (4 * LANES) * 4
    for number in range(vectors.shape[-2]):
        place = number % 4 if number < whole else 0
        value = vectors[..., number, :]
        sums[place] = fma(value, value, sums[place]) if squared else sums[place] + value
    return sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]))


# ---- elementary functions -------------------------------------------------------------------------------------------

SHIFTER = f32(12582912)  # 1.5 · 2²³: adding it rounds to an integer and leaves that in the low bits
LOG2_E = f32(1.44269504)


def polynomial(x, *coefficients):
    """Horner's rule, the highest power's coefficient first: a multiply-add each."""
    value = np.full_like(x, f32(coefficients[0]))
    for coefficient in coefficients[1:]:
        value = fma(value, x, f32(coefficient))
    return value


def scaled(mantissa, shifted):
    """mantissa · 2ⁿ, where n stands in the low bits of `shifted`."""
    return (mantissa.view(np.uint32) + (shifted.view(np.uint32) << 23)).view(f32)


def exp2_in_range(x):
    shifted = x + SHIFTER
    fraction = x - (shifted - SHIFTER)
    value = polynomial(
        fraction, 0.00133002565, 0.00966971848, 0.0555056006, 0.240222815, 0.693147181, 1)
    return scaled(value, shifted)


def exp2(x):
    """2ˣ, 0 below −126."""
    low = x < f32(-126)
    return np.where(low, f32(0), exp2_in_range(np.where(low, f32(0), x)))


def exp(x):
    """eˣ, 0 below −87.3, that of 88 above 88."""
    y = np.where(x > f32(88), f32(88), x)
    low = x < f32(-87.3)
    y = np.where(low, f32(0), y)
    shifted = fma(y, LOG2_E, SHIFTER)
    whole = shifted - SHIFTER
    rest = fma(whole, f32(-0.693145752), y)
    rest = fma(whole, f32(-1.42860677e-6), rest)
    value = polynomial(rest, 8.31252014e-3, 4.18901568e-2, 1.66671146e-1, 4.99992315e-1, 1, 1)
    return np.where(low, f32(0), scaled(value, shifted))


def sigmoid(x):
    return f32(1) / (f32(1) + exp(-x))


def tanh(x):
    size = np.abs(x)
    far = f32(1) - f32(2) / (exp(size + size) + f32(1))
    square = x * x
    value = polynomial(
        square, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
    near = fma(value * square, x, x)
    return np.where(size < f32(0.625), near, np.where(x < 0, -far, far))


def relu(x):
    return np.where(x < 0, f32(0), x)


def gelu(x):
    """max(x, 0) − s · Φ(−s), s = |x|, at most 5.5."""
    size = np.minimum(np.abs(x), f32(5.5))
    power = polynomial(
        size, 3.17749101e-05, -0.00075691607, 0.00803697496, -0.0533374044, -0.458834329, -1.15117711, -0.999996329)
    return fma(-size, exp2_in_range(power), relu(x))


def gelu_tanh(x):
    u = x * fma(x * x, f32(0.0356774081), f32(0.797884561))
    return x * sigmoid(u + u)


ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": relu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "tanh": tanh,
    "silu": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "quick_gelu": lambda x: x * sigmoid(f32(1.702) * x),
    "relu_squared": lambda x: relu(x) * relu(x),
}


# ---- attention ------------------------------------------------------------------------------------------------------


def powers(scores):
    """2^(log₂e · (score − largest)) of each row and 1 / their sum; −∞ where a key is not seen, zeros where none is."""
    scores = np.concatenate(
        [scores, np.full((*scores.shape[:-1], -scores.shape[-1] % LANES), -np.inf, f32)], axis=-1)
    top = scores.max(-1, keepdims=True, initial=-np.inf)
    result = exp2((scores - np.where(np.isfinite(top), top, f32(0))) * LOG2_E)
    lanes = np.zeros((*scores.shape[:-1], LANES), f32)
    for start in range(0, scores.shape[-1], LANES):
        lanes = lanes + result[..., start:start + LANES]
    total = sum_lanes(lanes)
    with np.errstate(divide="ignore"):
        return result, np.where(total == 0, f32(0), f32(1) / total)


class Execution(reuse_h5.Execution):
    """The same run: values are float32 throughout."""

    def __init__(self, model, inputs):
        with np.errstate(invalid="ignore", over="ignore"):
            super().__init__(model, inputs)

    def parameter(self, node, name):
        tensor = super().parameter(node, name)
        return None if tensor is None else tensor.astype(f32)

    def table(self, node, name):
        rows = super().table(node, name)
        return None if rows is None else rows.astype(f32)

    def product(self, x, weight):
        rows = x.reshape(-1, x.shape[-1])
        return product(rows, weight).reshape(*x.shape[:-1], weight.shape[-1])

    def paired_product(self, x, weight):
        rows = x.reshape(-1, x.shape[-1])
        return paired_product(rows, weight).reshape(*x.shape[:-1], weight.shape[-1])

    def project(self, node, x, prefix="", factor=1):
        if node.get("precisions", {}).get(prefix + "weight"):
            return super().project(node, x, prefix, factor).astype(f32)
        weight, bias = self.parameter(node, prefix + "weight"), self.parameter(node, prefix + "bias")
        result = f32(0) if weight is None else self.product(x, weight * f32(factor))
        return result if bias is None else result + bias * f32(factor)

    def embedding(self, node, operation):
        x = self.table(node, "tokens")[self.ids] * f32(operation["scale"])
        table = self.table(node, "positions")
        if table is not None:
            x = x + table[self.positions(operation)]
        table = self.parameter(node, "types")
        return x if table is None else x + table[self.types]

    def norm(self, node, operation, x):
        epsilon, width = f32(operation["epsilon"]), f32(x.shape[-1])
        if operation["norm"] == "unit":
            return x * (f32(1) / np.sqrt(np.maximum(sum_row(x, True), epsilon)))
        scale, offset = self.parameter(node, "scale"), self.parameter(node, "offset")
        if operation["norm"] == "rms":
            factor = f32(1) / np.sqrt(sum_row(x, True) / width + epsilon)
            return x * factor * (scale + f32(operation["scaleOffset"]))
        x = x - sum_row(x, False) / width
        factor = f32(1) / np.sqrt(sum_row(x, True) / width + epsilon)
        return fma(x * factor, scale, f32(0) if offset is None else offset)

    def activation(self, node, operation, x):
        return ACTIVATIONS[operation["function"]](x)

    def gate(self, node, operation, x, other):
        return ACTIVATIONS[operation["function"]](x) * other

    def pooling(self, node, operation, x, shown=None):
        kind = operation["pool"]
        if kind not in ("mean", "mean_square_root", "weighted_mean"):
            return super().pooling(node, operation, x, shown)
        counts = self.visible if shown is None else self.visible & (shown[..., 0] != 0)
        return np.stack([self.mean(kind, rows[mask], np.flatnonzero(mask)) for rows, mask in zip(x, counts)])

    def mean(self, kind, rows, places):
        """Rows added in their order, then divided."""
        total, count = np.zeros(rows.shape[-1], f32), f32(0)
        for row, place in zip(rows, places):
            weight = f32(place + 1 if kind == "weighted_mean" else 1)
            total, count = total + weight * row, count + weight
        divisor = np.sqrt(count) if kind == "mean_square_root" else count
        return total / divisor if divisor > 0 else total

    def attention(self, node, operation, x, memory=None):
        name, sources = node["name"], operation["heads"]
        size, width = operation["headSize"], operation["valueSize"]
        computed = [h for h, source in enumerate(sources) if source["source"] == "computed"]
        kept = [h for h, source in enumerate(sources) if source["source"] != "dropped"]
        group = [h * operation["groupCount"] // len(sources) for h in range(len(sources))]
        key_groups, value_groups = sorted({group[h] for h in computed}), sorted({group[h] for h in kept})
        memory = x if memory is None else memory
        batch, tokens = x.shape[:2]

        def heads(rows, count, columns):  # [batch, head, token, column]; padding of whole panels is 0
            return padded(rows.reshape(*rows.shape[:2], count, columns).transpose(0, 2, 1, 3), LANES)

        kind = node.get("precisions", {}).get("value_weight", {}).get("kind")
        is_rounded = kind in ("int8", "bfloat16")
        rounded = reuse_h5.bfloat16 if is_rounded else lambda numbers: numbers
        multiply = paired_product if is_rounded else product
        if computed:
            query = heads(self.project(node, x, "query_", factor=operation["scale"]), len(computed), size)
            key = heads(self.project(node, memory, "key_"), len(key_groups), size)
        value = heads(self.project(node, memory, "value_"), len(value_groups), width) if kept else None
        allowed = self.allowed(operation["mask"])

        context = np.zeros((batch, len(kept), tokens, width + -width % LANES), f32)
        for head in range(len(sources)):
            self.maps[name, head] = np.zeros((batch, tokens, self.visible.shape[1]), f32)
        for sequence in range(batch):
            # Hidden keys are no rows at all: lanes and pairs count visible ones.
            shown = np.flatnonzero(self.visible[sequence])
            seen = allowed[sequence][:, shown]
            own = {}
            for place, head in enumerate(computed):
                k = key[sequence, key_groups.index(group[head])][shown]
                scores = multiply(rounded(query[sequence, place]), rounded(k).T)
                own[head] = powers(np.where(seen, scores, f32(-np.inf)))
                weights, factor = own[head]
                self.maps[name, head][sequence][:, shown] = (weights * factor)[:, :len(shown)]
            for head, source in enumerate(sources):
                if source["source"] == "borrowed":
                    self.maps[name, head][sequence][:, shown] = self.blend(source["terms"], sequence, shown, seen)
            for place, head in enumerate(kept):
                terms = sources[head].get("terms", [])
                # A head of the same node, as it is: one map and one product for both.
                same = len(terms) == 1 and terms[0].get("node") == name and terms[0].get("weight", 1) == 1
                root = terms[0]["head"] if same else head
                v = rounded(value[sequence, value_groups.index(group[head])][shown])
                if root in own:
                    weights, factor = own[root]
                    context[sequence, place] = multiply(rounded(weights[:, :len(shown)]), v) * factor
                else:
                    context[sequence, place] = multiply(rounded(self.maps[name, head][sequence][:, shown]), v)
        self.attention_nodes.append((name, len(sources)))
        # Every head takes whole panels of the output's inputs: it matters where pairs are summed.
        context = context.transpose(0, 2, 1, 3)[..., :width].reshape(batch, tokens, -1)
        result = self.project(node, context, "output_")
        return np.broadcast_to(result, (batch, tokens, operation["outputWidth"]))

    def blend(self, terms, sequence, shown, seen):
        """The weighted sum of maps, then of patterns, over the keys that each query sees."""
        result = np.zeros(seen.shape, f32)
        for term in terms:
            if "pattern" not in term:
                known = self.maps[term["node"], term["head"]][sequence][:, shown]
                result = fma(f32(term.get("weight", 1)), known, result)
        for term in terms:
            if "pattern" in term:
                weight = f32(term.get("weight", 1))
                if term["pattern"] == "mean":
                    count = seen.sum(-1, keepdims=True).astype(f32)
                    share = np.divide(weight, count, out=np.zeros_like(count), where=count > 0)
                    result = result + np.where(seen, share, f32(0))
                else:
                    whole = np.zeros((len(self.visible[sequence]),) * 2, bool)
                    whole[:, shown] = seen
                    points = reuse_h5.static_map(term["pattern"], self.visible[sequence], whole)[:, shown]
                    result = result + weight * points.astype(f32)
        return np.where(seen, result, f32(0))
