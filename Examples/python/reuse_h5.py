#!/usr/bin/env python3
"""Reads and runs a .reuse.h5 with nothing but NumPy, h5py and hdf5plugin.

    reuse_h5.py MODEL.reuse.h5                                  check every digest, print what the model is
    reuse_h5.py MODEL.reuse.h5 --inputs in.npz -o out.npz       and run it
    reuse_h5.py … --exact                                       with the bits of the command (reuse_exact.py)
    reuse_h5.py MODEL.reuse.h5 --tensors out.npz                and write its tensors

in.npz holds the model's own inputs, `[batch, tokens]`: `input_ids`, and where the model has them `attention_mask`
(1: may be attended to) and `token_type_ids`; of a model of pictures its pictures.
out.npz gets `hidden_states` `[layers + 1, batch, tokens, hidden]`,
`attentions_<i>` `[batch, heads, queries, keys]` (also the maps of heads that borrow theirs), and the model's outputs by
name, with zeros where the mask hides a position.

Written to be read: one function an operation, double precision, one sequence's mask at a time, no attempt at speed.
Matrices of 8 and 4 bits compute as docs/precision.md says, operation by operation. The file format is described in
docs/format.md.
"""
import argparse
import hashlib
import json
import math
import mmap
import struct
import sys

import h5py
import hdf5plugin  # noqa: F401  registers zstd (filter 32015) with HDF5
import numpy as np

USER_BLOCK = 512
MAGIC = b"\x89REUSE\r\n"
BLOCK = 1 << 20
VERSIONS = (1, 2)


class Damaged(Exception):
    """The file is not what was written."""


# ---- the file -----------------------------------------------------------------------------------------------------


def block_digests(contents):
    """SHA-256 of each MiB, one after the other."""
    return b"".join(hashlib.sha256(contents[at:at + BLOCK]).digest() for at in range(0, len(contents), BLOCK))


def check_bytes(path):
    """Compares every byte of the file with the digests that it carries (docs/format.md)."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as contents:
        head = contents[:USER_BLOCK]
        if len(head) < USER_BLOCK or head[:8] != MAGIC:
            raise Damaged(f"{path}: does not start with the user block of a .reuse.h5")
        if hashlib.sha256(head[:64]).digest() != head[64:96] or any(head[96:]):
            raise Damaged(f"{path}: the user block is damaged")
        version, size, length, table, digest = struct.unpack_from("<IIQQ32s", head, 8)
        if version not in VERSIONS or size != USER_BLOCK:
            raise Damaged(f"{path}: has format version {version}, this program reads versions 1 and 2")
        if length != len(contents) or not USER_BLOCK < table < length:
            raise Damaged(f"{path}: has {len(contents)} bytes, {length} were written")
        found, written = block_digests(memoryview(contents)[USER_BLOCK:table]), contents[table:]
        if hashlib.sha256(written).digest() != digest:
            raise Damaged(f"{path}: the block table is damaged")
        if found == written:
            return
        wrong = [at // 32 for at in range(0, len(found), 32) if found[at:at + 32] != written[at:at + 32]]
        raise Damaged(f"{path}: damaged in block {', '.join(map(str, wrong))} of 1 MiB")


def as_bytes(dataset):
    """Contents of a dataset that holds a text or a file."""
    value = dataset[()]
    return value if isinstance(value, bytes) else value.tobytes()


def numbers(stored, dtype):
    """A stored array as floating point numbers that NumPy can compute with."""
    if dtype == "bfloat16":  # the upper half of a float32
        return (stored.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return stored


def as_text(attribute):
    """An attribute that h5py gives as bytes, because its length is fixed."""
    return attribute.decode() if isinstance(attribute, bytes) else attribute


class Model:
    """Graph, tensors and plan of a .reuse.h5, every digest checked."""

    def __init__(self, path):
        check_bytes(path)
        with h5py.File(path, "r") as file:
            if as_text(file.attrs.get("format")) != "reuse-transformer" \
                    or file.attrs.get("format_version") not in VERSIONS:
                raise Damaged(f"{path}: not a reuse-transformer file of version 1 or 2")
            text = as_bytes(file["manifest"])
            if hashlib.sha256(text).hexdigest() != as_text(file.attrs["manifest_sha256"]):
                raise Damaged(f"{path}: the manifest does not match its digest")
            self.manifest = json.loads(text)
            self.graph = self.manifest["graph"]
            self.tensors = {}
            for entry in self.manifest["tensors"]:
                stored = file["tensors/" + entry["name"]][()]
                if hashlib.sha256(np.ascontiguousarray(stored).tobytes()).hexdigest() != entry["sha256"]:
                    raise Damaged(f"{path}: tensor {entry['name']} does not match its digest")
                if list(stored.shape) != entry["shape"]:
                    raise Damaged(f"{path}: tensor {entry['name']} has shape {stored.shape}, not {entry['shape']}")
                self.tensors[entry["name"]] = numbers(stored, entry["dtype"])
            self.assets = {name: as_bytes(item) for name, item in file.get("assets", {}).items()}

    def run(self, inputs, is_exact=False):
        """Outputs by name; exact ones have the bits of the command's."""
        if is_exact:
            import reuse_exact
            return reuse_exact.Execution(self, inputs).outputs()
        return Execution(self, inputs).outputs()


# ---- functions of arrays ------------------------------------------------------------------------------------------

# NumPy has no erf: a table of the normal distribution, exact to 1e-9 between its points.
POINTS = np.linspace(-9, 9, 1 << 17)
NORMAL = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in POINTS])


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * np.interp(x, POINTS, NORMAL),
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "tanh": np.tanh,
    "silu": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "quick_gelu": lambda x: x * sigmoid(1.702 * x),
    "relu_squared": lambda x: np.maximum(x, 0) ** 2,
}


# One row of several, which stand at some positions, counted from 1.
POOLINGS = {
    "first": lambda rows, places: rows[0],
    "last": lambda rows, places: rows[-1],
    "mean": lambda rows, places: rows.mean(0),
    "max": lambda rows, places: rows.max(0),
    "mean_square_root": lambda rows, places: rows.sum(0) / math.sqrt(len(rows)),
    "weighted_mean": lambda rows, places: places @ rows / places.sum(),
}


def powers(scores, allowed):
    """e to what each allowed score is below its row's largest, 0 elsewhere, and their sums."""
    scores = np.where(allowed, scores, -np.inf)
    top = scores.max(-1, keepdims=True, initial=-np.inf)
    result = np.where(allowed, np.exp(scores - np.where(np.isfinite(top), top, 0)), 0)
    return result, result.sum(-1, keepdims=True)


def one_key(scores, allowed):
    """1 for the allowed key with the largest score, the first of equal ones; sums as of `powers`."""
    scores = np.where(allowed, scores, -np.inf)
    result = np.zeros_like(scores)
    np.put_along_axis(result, scores.argmax(-1)[..., None], 1.0, -1)
    result = np.where(np.isfinite(scores), result, 0)
    return result, result.sum(-1, keepdims=True)


def shares(parts, total):
    """Parts of a total; zeros where there is none."""
    return np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)


def static_map(pattern, visible, allowed):
    """A map that needs no computing, `[queries, keys]`, of a sequence whose keys are `visible` and, for each query,
    `allowed`."""
    tokens = len(visible)
    result = np.zeros((tokens, tokens))
    keys = np.flatnonzero(visible)
    if len(keys) == 0:
        return result
    if pattern == "mean":
        count = allowed.sum(-1, keepdims=True)
        return np.divide(allowed, count, out=result, where=count > 0)
    for query in range(tokens):
        # A hidden query stands where the next visible key does.
        own = min(np.searchsorted(keys, query), len(keys) - 1)
        if pattern == "first":
            seen = np.flatnonzero(allowed[query])
            if len(seen):
                result[query, seen[0]] = 1
            continue
        place = {"identity": own, "previous": max(own - 1, 0), "next": min(own + 1, len(keys) - 1)}[pattern]
        result[query, keys[place if allowed[query, keys[place]] else own]] = 1
    return result


# ---- matrices of fewer bits (docs/precision.md) ---------------------------------------------------------------------

f32 = np.float32


def quantized_rows(x):
    """Rows of float32 as 8-bit numbers: the numbers less their zero point, and the scale of each row."""
    low, high = np.minimum(x.min(-1, keepdims=True), f32(0)), np.maximum(x.max(-1, keepdims=True), f32(0))
    with np.errstate(all="ignore"):
        span = high - low
        sound = np.isfinite(x).all(-1, keepdims=True) & np.isfinite(span)
        wide = sound & (span >= f32(2.0**-100))
        inverse, scale = f32(255) / span, span / f32(255)
        zero = np.rint(-low * inverse)
        values = np.clip(np.rint(x * inverse) + zero, 0, 255) - zero
    scale = np.where(wide, scale, np.where(sound, f32(0), f32(np.nan)))
    return np.where(wide, values, f32(0)), scale


def bfloat16(x):
    """Float32 rounded to bfloat16, ties to the even number; what is below 2⁻⁵⁶ is zero."""
    bits = np.ascontiguousarray(x, f32).view(np.uint32)
    rounded = ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(f32)
    rounded = np.where(np.abs(rounded) < f32(2.0**-56), f32(0), rounded)
    return np.where(np.isnan(x), x, rounded).astype(f32)


def paired_product(x, weight):
    """x · weight of bfloat16 numbers, summed in float32: of each pair of inputs the second first."""
    total = np.zeros((*x.shape[:-1], weight.shape[1]), f32)
    for first in range(0, x.shape[-1], 2):
        for index in (first + 1, first):
            if index < x.shape[-1]:
                total = total + x[..., index, None] * weight[index]
    return total


def unpacked(values, rows):
    """Two numbers of 4 bits a byte, the lower half first, 8 taken off."""
    both = np.stack([values & 15, values >> 4], axis=1).reshape(-1, values.shape[1])
    return both[:rows].astype(np.int8) - np.int8(8)


# ---- tokens that are merged (docs/format.md) ------------------------------------------------------------------------


def merged_count(operation, rows):
    """How many of so many rows are merged into others."""
    candidates = rows - operation["firstKept"] - operation["lastKept"]
    wanted = math.floor(operation["share"] * rows) if "share" in operation else operation["count"]
    return min(wanted, (candidates + 1) // 2) if candidates >= 2 else 0


def matched_rows(operation, keys):
    """The number of the row that each row becomes; `keys`: a row a token, the sums over heads."""
    rows, first = len(keys), operation["firstKept"]
    count = merged_count(operation, rows)
    left = np.arange(first, rows - operation["lastKept"], 2)
    right = np.arange(first + 1, rows - operation["lastKept"], 2)
    goes_to = {}
    if count:
        length = np.linalg.norm(keys, axis=-1, keepdims=True)
        unit = np.divide(keys, length, out=keys.copy(), where=length > 0)
        cosines = unit[left] @ unit[right].T
        best = cosines.argmax(1)  # the earliest of several
        order = np.argsort(-cosines.max(1), kind="stable")
        goes_to = {left[a]: right[best[a]] for a in order[:count]}
    numbers = np.cumsum([row not in goes_to for row in range(rows)]) - 1
    return np.array([numbers[goes_to.get(row, row)] for row in range(rows)], int)


# ---- the graph ----------------------------------------------------------------------------------------------------


class Execution:
    """One run: values by node name, `[batch, tokens, width]` or `[batch, width]`, and maps by (node, head)."""

    def __init__(self, model, inputs):
        self.model = model
        self.values, self.maps, self.keys, self.attention_nodes = {}, {}, {}, []
        self.rows = {}  # which rows of a value count, [batch, rows]
        layouts = model.graph.get("inputLayouts", {})
        if "input_ids" in inputs:
            self.ids = np.asarray(inputs["input_ids"])
            self.visible = np.asarray(inputs.get("attention_mask", np.ones_like(self.ids))) != 0
            self.types = np.asarray(inputs.get("token_type_ids", np.zeros_like(self.ids)))
        for name, layout in layouts.items():
            if "input_ids" in inputs:  # numbers, one a token: what a mask is
                given = inputs.get(name, np.full(self.ids.shape, layout.get("absent", 0)))
                self.values[name] = np.asarray(given, np.float64).reshape(*self.ids.shape, -1)
                continue
            given = np.asarray(inputs[name], np.float64)  # a picture: rows of its grid, a column a channel
            if layout.get("isChannelsFirst"):
                given = np.moveaxis(given, 1, -1)
            self.values[name] = given.reshape(len(given), layout["rows"], layout["width"])
            self.rows[name] = np.ones(self.values[name].shape[:2], bool)
            self.visible = self.rows[name]
        self.batch = len(self.visible)
        for node in model.graph["nodes"]:
            operation = node["operation"]
            arguments = [self.values[name] for name in node["inputs"]] if operation["kind"] != "embedding" else []
            # Rows count as those of the first input do, where an operation does not say otherwise.
            known = [self.rows[name] for name in node["inputs"] if name in self.rows]
            self.rows[node["name"]] = known[0] if known else self.visible
            value = getattr(self, operation["kind"])(node, operation, *arguments)
            self.values[node["name"]] = value
            if value.ndim == 3 and value.shape[1] != self.rows[node["name"]].shape[1]:
                self.rows[node["name"]] = np.ones(value.shape[:2], bool)

    def parameter(self, node, name):
        """A node's tensor, its own or another node's; None where it has none."""
        tie = node.get("ties", {}).get(name)
        tensor = self.model.tensors.get(tie["parameter"] if tie else f"{node['name']}/{name}")
        if tensor is None:
            return None
        tensor = tensor.astype(np.float64)
        return tensor.T if tie and tie["isTransposed"] else tensor

    def stored(self, node, name):
        """A matrix as it is stored: values, scales, and whether its axes are exchanged; None where it has none."""
        tie = node.get("ties", {}).get(name)
        owner = tie["parameter"] if tie else f"{node['name']}/{name}"
        return self.model.tensors[owner], self.model.tensors[owner + "_scale"], bool(tie and tie["isTransposed"])

    def smoothing(self, node, name):
        """Factors of the inputs of a matrix; None where it has none."""
        if not node["precisions"][name].get("isSmoothed"):
            return None
        stream = {"weight": "", "query_weight": "input_", "output_weight": "output_"}.get(name)
        if stream is None:
            stream = "memory_" if node["operation"].get("memoryWidth") else "input_"
        return self.model.tensors[f"{node['name']}/{stream}smoothing"]

    def coarse(self, node, name, x, precision, factor):
        """x · weight + bias of a matrix of fewer bits; `factor` belongs to the weights and the bias."""
        bias = self.parameter(node, name.replace("weight", "bias"))
        bias = None if bias is None else bias.astype(f32) * f32(factor)
        x = x.astype(f32)
        if precision["kind"] == "bfloat16":
            tie = node.get("ties", {}).get(name)
            weight = self.model.tensors[tie["parameter"] if tie else f"{node['name']}/{name}"]
            weight = weight.T if tie and tie["isTransposed"] else weight
            if tie and tie["isTransposed"]:  # a table: inputs stay as they are
                result = self.product(x, weight * f32(factor))
            else:
                result = self.paired_product(bfloat16(x), bfloat16(weight)) * f32(factor)
            return result if bias is None else result + bias
        values, scale, is_transposed = self.stored(node, name)
        if precision["kind"] == "int8":
            factors = self.smoothing(node, name)
            rows, row_scale = quantized_rows(x if factors is None else x * factors)
            # Whole numbers below 2³¹: exact in double precision.
            sums = rows.astype(np.float64) @ (values.T if is_transposed else values).astype(np.float64)
            result = sums.astype(f32) * row_scale * (scale * f32(factor))
            return result if bias is None else result + bias
        if precision["kind"] == "int4_weights":
            values = unpacked(values, x.shape[-1])
        if "group" in precision:
            scale = np.repeat(scale, precision["group"], axis=0)[:len(values)]
        scale = scale.astype(f32) * f32(factor)
        weight = values.astype(f32) * (scale[:, None] if is_transposed else scale)
        result = self.product(x, weight.T if is_transposed else weight)
        return result if bias is None else result + bias

    def product(self, x, weight):
        """x · weight of float32 numbers."""
        return x.astype(np.float64) @ weight.astype(np.float64)

    def paired_product(self, x, weight):
        """x · weight of bfloat16 numbers."""
        return paired_product(x, weight)

    def stored_table(self, node, name):
        """Rows to be looked up; None where the node has no such table."""
        if name not in node.get("precisions", {}) or node["precisions"][name]["kind"] == "bfloat16":
            return self.parameter(node, name)
        values, scale, _ = self.stored(node, name)
        return (values.astype(f32) * scale[:, None]).astype(np.float64)

    def project(self, node, x, prefix="", factor=1):
        precision = node.get("precisions", {}).get(prefix + "weight")
        if precision:
            return self.coarse(node, prefix + "weight", x, precision, factor).astype(np.float64)
        weight, bias = self.parameter(node, prefix + "weight"), self.parameter(node, prefix + "bias")
        result = x @ weight if weight is not None else 0
        return (result if bias is None else result + bias) * factor

    def embedding(self, node, operation):
        x = self.stored_table(node, "tokens")[self.ids] * operation["scale"]
        table = self.stored_table(node, "positions")
        if table is not None:
            x = x + table[self.positions(operation, self.ids, self.visible)]
        table = self.parameter(node, "types")
        return x if table is None else x + table[self.types]

    def positions(self, operation, ids, visible):
        numbering, offset = operation["positions"]["numbering"], operation["positions"]["offset"]
        if numbering == "sequential":
            return offset + np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
        counted = visible if numbering == "visible" else ids != operation["paddingID"]
        return np.where(counted, offset + np.cumsum(counted, axis=1) - 1, offset - 1)

    def norm(self, node, operation, x):
        if operation["norm"] == "unit":
            return x / np.sqrt(np.maximum((x * x).sum(-1, keepdims=True), operation["epsilon"]))
        if operation["norm"] == "layer":
            x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + operation["epsilon"])
        x = x * (self.parameter(node, "scale") + operation["scaleOffset"])
        offset = self.parameter(node, "offset")
        return x if offset is None else x + offset

    def linear(self, node, operation, x):
        return self.project(node, x)

    def activation(self, node, operation, x):
        return ACTIVATIONS[operation["function"]](x)

    def gate(self, node, operation, x, other):
        return ACTIVATIONS[operation["function"]](x) * other

    def add(self, node, operation, *terms):
        return sum(terms[1:], terms[0])

    def multiply(self, node, operation, *factors):
        return np.prod(np.broadcast_arrays(*factors), axis=0)

    def elementwise(self, node, operation, x, other):
        assert operation["function"] == "divide", operation
        return x / other

    def affine(self, node, operation, x):
        scale, offset = self.parameter(node, "scale"), self.parameter(node, "offset")
        x = x * operation["factor"] * (1 if scale is None else scale) + operation["shift"]
        return x if offset is None else x + offset

    def table(self, node, operation, x=None):
        rows = self.parameter(node, "rows")[operation.get("offset", 0):]
        if x is not None:
            rows = rows[:x.shape[1]]
        return np.broadcast_to(rows, (self.batch, *rows.shape))

    def slice(self, node, operation, x):
        axis = -1 if operation["axis"] == "width" else 1
        length = x.shape[axis]
        start = operation["start"] if operation["start"] >= 0 else length + operation["start"]
        stop = start + operation["count"] if "count" in operation else length - operation["less"]
        x = x[..., start:stop:operation.get("step", 1)] if axis == -1 else x[:, start:stop:operation.get("step", 1)]
        return x[:, 0] if operation["isSqueezed"] else x

    def convolution(self, node, operation, x):
        """Windows over a grid without padding: patches of a picture."""
        grid, windows = operation["grid"], operation["windows"]
        assert operation.get("groups", 1) == 1 and all(
            w.get("dilation", 1) == 1 and w.get("padding") == {"before": 0, "after": 0} for w in windows), operation
        x = x.reshape(self.batch, *grid, x.shape[-1])
        for axis, window in enumerate(windows):  # the places inside a window go behind all axes of the grid
            count = (grid[axis] - window["size"]) // window["stride"] + 1
            places = np.arange(count)[:, None] * window["stride"] + np.arange(window["size"])
            x = np.moveaxis(np.take(x, places, axis=1 + axis), 2 + axis, -2)
        width = operation["inputWidth"] * math.prod(w["size"] for w in windows)
        return self.project(node, x.reshape(self.batch, -1, width))

    def token_matching(self, node, operation, value):
        rows, keys = self.rows[node["name"]], self.keys[node["inputs"][0]]
        result = np.full((*rows.shape, 1), -1.0)
        for index, (own, shown) in enumerate(zip(keys, rows)):
            result[index, shown, 0] = matched_rows(operation, own[shown])
        return result

    def token_merge(self, node, operation, *inputs):
        has_rows = operation["function"] == "mean"
        matching = inputs[1 if has_rows else 0][..., 0]
        sizes = inputs[-1] if len(inputs) > (2 if has_rows else 1) else np.ones((*matching.shape, 1))
        rows = sizes * inputs[0] if has_rows else sizes
        counts = (matching.max(1) + 1).astype(int)  # rows that are left of each sequence
        result, total = np.zeros((self.batch, max(counts), rows.shape[-1])), np.zeros((self.batch, max(counts), 1))
        for index, places in enumerate(matching):
            shown = places >= 0
            np.add.at(result[index], places[shown].astype(int), rows[index, shown])
            np.add.at(total[index], places[shown].astype(int), sizes[index, shown])
        self.rows[node["name"]] = np.arange(max(counts)) < counts[:, None]
        return np.divide(result, total, out=result, where=total > 0) if has_rows else result

    def exit(self, node, operation, early, stream, late):
        """Scores of an exit where they are sure enough, those of the whole model elsewhere."""
        first = np.sort(early, axis=-1)
        leaves = first[..., -1:] - first[..., -2:-1] >= np.float32(operation["margin"])  # never where one is NaN
        return np.where(leaves & ~np.isnan(early).any(-1, keepdims=True), early, late)

    def concatenate(self, node, operation, *parts):
        return np.concatenate(parts, axis=-1 if operation["along"] == "width" else 1)

    def pooling(self, node, operation, x, shown=None):
        kind = operation["pool"]
        if kind == "first" and shown is None:  # whether the mask shows it or not
            return x[:, 0]
        visible = self.rows[node["inputs"][0]]
        counts = visible if shown is None else visible & (shown[..., 0] != 0)
        return np.stack([
            POOLINGS[kind](rows[mask], np.flatnonzero(mask) + 1.0) if mask.any() else np.zeros_like(rows[0])
            for rows, mask in zip(x, counts)])

    def attention(self, node, operation, x, memory=None):
        sizes = None
        if operation.get("masking", {}).get("sizes"):  # how many tokens each key stands for
            sizes, memory = memory, None
        sources, size, width = operation["heads"], operation["headSize"], operation["valueSize"]
        computed = [h for h, source in enumerate(sources) if source["source"] in ("computed", "hard")]
        kept = [h for h, source in enumerate(sources) if source["source"] != "dropped"]
        # Heads of a group share key and value; a group is kept as long as one of its heads needs it.
        group = [h * operation["groupCount"] // len(sources) for h in range(len(sources))]
        key_groups, value_groups = sorted({group[h] for h in computed}), sorted({group[h] for h in kept})
        visible = self.rows[node["inputs"][0]]
        allowed = self.allowed(operation["mask"], visible)
        memory = x if memory is None else memory

        query = self.project(node, x, "query_", factor=operation["scale"])
        key = self.project(node, memory, "key_")
        # Where values come of rounded inputs, both products of attention take bfloat16.
        kind = node.get("precisions", {}).get("value_weight", {}).get("kind")
        rounded = bfloat16 if kind in ("int8", "bfloat16") else lambda numbers: numbers
        if computed:
            self.keys[node["name"]] = key.reshape(*key.shape[:2], -1, size).sum(2)
        own_powers = {}
        for place, head in enumerate(computed):
            q = query[..., place * size:(place + 1) * size]
            k_place = key_groups.index(group[head])
            k = key[..., k_place * size:(k_place + 1) * size]
            scores = rounded(q).astype(np.float64) @ rounded(k).astype(np.float64).transpose(0, 2, 1)
            if sizes is not None:
                scores = scores + np.log(np.maximum(sizes, 1)).transpose(0, 2, 1)
            own_powers[head] = (one_key if sources[head]["source"] == "hard" else powers)(scores, allowed)
            self.maps[node["name"], head] = shares(*own_powers[head])
        for head, source in enumerate(sources):
            if source["source"] == "borrowed":
                self.maps[node["name"], head] = sum(self.term(term, allowed, visible) for term in source["terms"])

        value = self.project(node, memory, "value_")
        parts = []
        for head in kept:
            place = value_groups.index(group[head])
            own = rounded(value[..., place * width:(place + 1) * width]).astype(np.float64)
            # What this node computes is divided by its sums at last; what it borrows is rounded as it stands.
            weights, total = own_powers.get(head, (self.maps[node["name"], head], 1))
            parts.append(shares(rounded(weights).astype(np.float64) @ own, total))
        self.attention_nodes.append((node["name"], len(sources)))
        context = np.concatenate(parts, axis=-1) if parts else np.zeros((*x.shape[:2], 0))
        result = self.project(node, context, "output_")
        return np.broadcast_to(result, (*x.shape[:2], operation["outputWidth"]))

    def allowed(self, mask, visible):
        """Which key each query may look at, `[batch, queries, keys]`."""
        tokens = visible.shape[1]
        distance = np.arange(tokens)[:, None] - np.arange(tokens)
        near = np.ones((tokens, tokens), bool)
        if mask["isCausal"]:
            near &= distance >= 0
        if mask.get("window") is not None:
            near &= (distance if mask["isCausal"] else np.abs(distance)) < mask["window"]
        return near & visible[:, None, :]

    def term(self, term, allowed, visible):
        weight = term.get("weight", 1)
        if "pattern" not in term:
            return weight * self.maps[term["node"], term["head"]]
        return weight * np.stack([static_map(term["pattern"], v, a) for v, a in zip(visible, allowed)])

    def outputs(self):
        """Everything under the names that `reuseformer run` uses."""
        def hide(name):  # [batch, tokens, …]: zeros at positions that the mask hides
            value, shown = self.values[name], self.rows[name]
            return value if value.ndim < 3 else np.where(shown.reshape(*shown.shape, *[1] * (value.ndim - 2)), value, 0)

        result = {}
        states = [hide(name) for name in self.model.graph["hiddenStates"]]
        if states and len({state.shape for state in states}) == 1:
            result["hidden_states"] = np.stack(states)
        else:
            result.update({f"hidden_states_{i}": state for i, state in enumerate(states)})
        # Of a model that merges tokens nothing is handed out that has a row for each of them, nor of one with exits.
        merges = any(node["operation"]["kind"] in ("token_matching", "exit") for node in self.model.graph["nodes"])
        for i, (node, heads) in enumerate([] if merges else self.attention_nodes):
            shown = self.rows[node]
            empty = np.zeros((*shown.shape, shown.shape[1]))
            maps = np.stack([self.maps.get((node, head), empty) for head in range(heads)], axis=1)
            result[f"attentions_{i}"] = np.where(shown[:, None, :, None], maps, 0)
        for output in self.model.graph["outputs"]:
            value = hide(output["value"])
            result[output["name"]] = value[..., 0] if output.get("isSqueezed") else value
        return {name: value.astype(np.float32) for name, value in result.items()}


# ---- the command --------------------------------------------------------------------------------------------------


def summary(model):
    lines = [f"{len(model.graph['nodes'])} nodes, {len(model.tensors)} tensors, "
             f"{sum(t.size for t in model.tensors.values()):,} numbers, assets: {', '.join(model.assets) or 'none'}"]
    for node in model.graph["nodes"]:
        if node["operation"]["kind"] == "attention":
            lines.append(f"{node['name']}: " + ", ".join(map(describe, node["operation"]["heads"])))
    return "\n".join(lines)


def describe(source):
    if source["source"] != "borrowed":
        return source["source"]
    return " + ".join(f"{term.get('weight', 1):.3g} · {term.get('pattern') or '%s#%d' % (term['node'], term['head'])}"
                      for term in source["terms"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--inputs")
    parser.add_argument("-o", "--output")
    parser.add_argument("--tensors")
    parser.add_argument("--exact", action="store_true", help="the bits of the command's outputs: slower")
    options = parser.parse_args()
    if (options.inputs is None) != (options.output is None):
        parser.error("--inputs and -o go together")
    try:
        model = Model(options.model)
    except (Damaged, OSError, KeyError, ValueError) as error:
        sys.exit(f"reuse_h5.py: {error}")
    if options.tensors:
        np.savez(options.tensors, **model.tensors)
    if options.inputs:
        with np.load(options.inputs) as inputs:
            try:
                outputs = model.run(dict(inputs), options.exact)
            except NotImplementedError as error:
                sys.exit(f"reuse_h5.py: {options.model}: not implemented: {error}")
        np.savez(options.output, **outputs)
    elif not options.tensors:
        print(summary(model))


if __name__ == "__main__":
    main()
