"""The arithmetic of docs/arithmetic.md in NumPy: float32 numbers, each sum in its one order, each operation rounded.

`reuse_exact.py` runs models with it.
"""
import numpy as np

f32, f64 = np.float32, np.float64
LANES = 16
FLOAT_PI = f32(3.1415925)  # the float32 number below π


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


def layer_norm(x, epsilon, scale, offset):
    width = f32(x.shape[-1])
    x = x - sum_row(x, False) / width
    factor = f32(1) / np.sqrt(sum_row(x, True) / width + epsilon)
    return fma(x * factor, scale, f32(0) if offset is None else offset)


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


def within(x, low, high):
    x = np.where(x < f32(low), f32(low), x)
    return np.where(x > f32(high), f32(high), x)


def below_zero(x, negative, positive):
    return np.where(x < 0, negative, positive)


def mish(x):
    u = exp(np.where(x > f32(20), f32(20), x))
    n = u * (u + f32(2))
    return x * (n / (n + f32(2)))


def squareplus(x):
    root = np.sqrt(fma(x, x, f32(4)))
    return below_zero(x, f32(2) / (root - x), (x + root) * f32(0.5))


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
    # Functions that no product computes.
    "leaky_relu": lambda x: below_zero(x, f32(0.2) * x, x),
    "elu": lambda x: below_zero(x, exp(x) - f32(1), x),
    "selu": lambda x: below_zero(x, f32(1.7580993408473766) * (exp(x) - f32(1)), f32(1.0507009873554805) * x),
    "softsign": lambda x: x / (f32(1) + np.abs(x)),
    "mish": mish,
    "exponential": exp,
    "hard_sigmoid": lambda x: within(fma(x, f32(1 / 6), f32(0.5)), 0, 1),
    "hard_sigmoid_fifth": lambda x: within(fma(x, f32(0.2), f32(0.5)), 0, 1),
    "hard_silu": lambda x: x * within(fma(x, f32(1 / 6), f32(0.5)), 0, 1),
    "relu6": lambda x: within(x, 0, 6),
    "tanh_shrink": lambda x: x - tanh(x),
    "squareplus": squareplus,
    "unit_clip": lambda x: within(x, 0, 1),
    "step": lambda x: np.where(np.isnan(x), x, (x > 0).astype(f32)),
    "square": lambda x: x * x,
    "square_root": np.sqrt,
    "absolute": np.abs,
    "reciprocal": lambda x: f32(1) / x,
}


def activated(function, x):
    if function not in ACTIVATIONS:
        raise NotImplementedError(f"the function {function}")
    return ACTIVATIONS[function](x)


# ---- attention ------------------------------------------------------------------------------------------------------


def split(rows, count, columns):
    """Rows `[batch, token, …]` as heads `[batch, head, token, column]`."""
    return rows.reshape(*rows.shape[:2], count, columns).transpose(0, 2, 1, 3)


def powers(scores):
    """2^(log₂e · (score − largest)) of each row, and 1 / their sum; scores of keys that are not seen are −∞."""
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


def one_key(scores):
    """1 for the key with the largest score, the first of equal ones; no factor."""
    best = scores.argmax(-1)[:, None] if scores.shape[-1] else np.zeros((len(scores), 0), int)
    result = np.zeros_like(scores)
    np.put_along_axis(result, best, f32(1), -1)
    return np.where(np.isfinite(scores), result, f32(0)), f32(1)


# ---- positions ------------------------------------------------------------------------------------------------------


def powers_of(base, rotary):
    """base^(2i / size) of each pair i of columns."""
    exponents = np.arange(0, rotary["size"], 2, dtype=f32) / f32(rotary["size"])
    return np.power(f64(f32(base)), exponents.astype(f64)).astype(f32)


def frequencies(rotary, tokens):
    """Angle a position of each pair of columns, in a sequence of so many tokens."""
    base, powers = rotary["base"], powers_of(rotary["base"], rotary)
    scaling = rotary.get("scaling", {"kind": None})
    numbers = {name: f32(value) for name, value in scaling.items() if isinstance(value, (int, float))}
    factor, length = numbers.get("factor"), numbers.get("length")
    if scaling["kind"] == "linear":
        return f32(1) / powers / factor
    if scaling["kind"] == "banded":
        plain, low, high = f32(1) / powers, numbers["low"], numbers["high"]
        wavelength = f32(2) * FLOAT_PI / plain
        share = (length / wavelength - low) / (high - low)
        between = (f32(1) - share) * plain / factor + share * plain
        return np.where(wavelength < length / high, plain, np.where(wavelength > length / low, plain / factor, between))
    if scaling["kind"] == "yarn":
        first, last = yarn_bounds(rotary, scaling)
        kept = f32(1) - np.clip((np.arange(len(powers), dtype=f32) - first) / (last - first), f32(0), f32(1))
        return f32(1) / (factor * powers) * (f32(1) - kept) + f32(1) / powers * kept
    if scaling["kind"] == "dynamic" and tokens > scaling["length"] and rotary["size"] > 2:
        growth = f64(factor) * tokens / scaling["length"] - (f64(factor) - 1)
        base = f32(f64(f32(base)) * growth ** (rotary["size"] / (rotary["size"] - 2)))
        return f32(1) / powers_of(base, rotary)
    if scaling["kind"] == "long":
        factors = scaling["long" if tokens > scaling["length"] else "short"]
        return f32(1) / (np.array(factors, f32) * powers)
    return f32(1) / powers


def yarn_bounds(rotary, scaling):
    """Pairs between which YaRN's stretching grows."""
    size, base = rotary["size"], f64(f32(rotary["base"]))

    def pair(turns):
        return size * np.log(f64(f32(scaling["length"])) / (f64(f32(turns)) * 2 * np.pi)) / (2 * np.log(base))

    first, last = pair(scaling["fast"]), pair(scaling["slow"])
    if scaling["isTruncated"]:
        first, last = np.floor(first), np.ceil(last)
    first, last = max(first, 0.0), min(last, f64(size - 1))
    return f32(first), f32(last + 0.001 if first == last else last)


def turned(heads, rotary, visible):
    """Heads `[sequence, head, token, column]`, pairs of columns turned by their positions."""
    size, is_interleaved = rotary["size"], rotary.get("isInterleaved", False)
    positions = np.arange(heads.shape[-2], dtype=f32)[:, None]
    lengths = [np.flatnonzero(mask)[-1] + 1 if mask.any() else 0 for mask in visible]
    angles = np.stack([positions * frequencies(rotary, tokens) for tokens in lengths]).astype(f64)[:, None]
    magnitude = f32(rotary.get("scaling", {}).get("magnitude", 1))
    cosines, sines = np.cos(angles).astype(f32) * magnitude, np.sin(angles).astype(f32) * magnitude
    first = slice(0, size, 2) if is_interleaved else slice(0, size // 2)
    second = slice(1, size, 2) if is_interleaved else slice(size // 2, size)
    a, b = heads[..., first], heads[..., second]
    result = heads.copy()
    result[..., first] = fma(a, cosines, -(b * sines))
    result[..., second] = fma(b, cosines, a * sines)
    return result


def bucket(buckets, distance):
    """The bucket of key position − query position."""
    is_bidirectional = buckets["isBidirectional"]
    side = buckets["count"] // 2 if is_bidirectional else buckets["count"]
    first = side if is_bidirectional and distance > 0 else 0
    size = abs(distance) if is_bidirectional else max(-distance, 0)
    exact = side // 2
    if size < exact or exact == 0:
        return first + min(size, side - 1)
    share = logarithm(size, exact) / logarithm(buckets["maximumDistance"], exact)
    return first + min(exact + int(share * f32(side - exact)), side - 1)


def relative_row(table, distance):
    """The row of a table of disentangled positions for query position − key position."""
    place, middle = distance, (table.get("buckets") or 0) // 2
    if 0 < middle < abs(distance) and table["maximumDistance"] > 0:
        share = logarithm(abs(distance), middle) / logarithm(table["maximumDistance"] - 1, middle)
        place = int(np.sign(distance)) * (int(np.ceil(share * f32(middle - 1))) + middle)
    is_of_heads = table.get("isOfHeads", False)
    return min(max(place + table["span"] - is_of_heads, 0), 2 * table["span"] - 1 - is_of_heads)


def logarithm(number, unit):
    return f32(np.log(f64(f32(number) / f32(unit))))


def slope(head, count):
    """ALiBi's slope of one of so many heads."""
    power = 1 << (count.bit_length() - 1)
    exponent = f32(-8) * f32(head + 1) / f32(power)
    if head >= power:
        exponent = f32(-4) * f32(2 * (head - power) + 1) / f32(power)
    return f32(2.0 ** float(exponent))
