"""Runs a .reuse.h5 in NumPy so that every bit of every output is the command's.

`reuse_h5.py MODEL.reuse.h5 --inputs in.npz -o out.npz --exact` uses it. What the operations mean stands in reuse_h5.py,
how each of them rounds in docs/arithmetic.md and reuse_arithmetic.py; this module says which of them make up a node.
Kinds of nodes that no transformer of the usual families has raise NotImplementedError.
"""
import numpy as np

import reuse_h5
from reuse_arithmetic import (
    LANES, activated, bucket, f32, f64, fma, layer_norm, one_key, padded, paired_product, powers, product,
    relative_row, slope, split, sum_row, tanh, turned)

KINDS = {"activation", "add", "affine", "attention", "concatenate", "convolution", "embedding", "exit", "gate",
         "linear", "multiply", "norm", "pooling", "slice", "table", "token_mask"}


class Execution(reuse_h5.Execution):
    """The same run in float32. Knows more kinds of nodes, and other rows than those of one text."""

    def __init__(self, model, inputs):
        self.model, graph = model, model.graph
        self.head_width = 0  # of a product's inputs, where those are heads side by side
        self.values, self.maps, self.attention_nodes = {}, {}, []
        self.texts = {}  # by input: ids and types
        self.axes, self.rows = {}, {}  # by value: the axis that its rows lie along, and which of them are keys
        if "input_ids" in inputs:
            ids = np.asarray(inputs["input_ids"])
            self.texts["input_ids"] = ids, np.asarray(inputs.get("token_type_ids", np.zeros_like(ids)))
            self.axes["input_ids"] = "tokens"
            self.rows["input_ids"] = np.asarray(inputs.get("attention_mask", np.ones_like(ids))) != 0
        for name, layout in graph.get("inputLayouts", {}).items():
            self.load(name, layout, inputs)
        with np.errstate(invalid="ignore", over="ignore"):
            for node in graph["nodes"]:
                self.compute(node)

    def load(self, name, layout, inputs):
        """An input that the graph lays out: ids with a mask of their own, or numbers."""
        if layout["content"] == "ids":
            ids = np.asarray(inputs[name])
            self.texts[name] = ids, np.zeros_like(ids)
            self.axes[name] = name
            self.rows[name] = np.asarray(inputs.get(layout.get("mask"), np.ones_like(ids))) != 0
            return
        is_of_tokens = layout["rows"] == "tokens" and "input_ids" in self.rows
        if name in inputs:
            given = np.asarray(inputs[name], f32)
        else:
            given = np.full(self.rows["input_ids"].shape, layout.get("absent", 0), f32)
        if layout.get("isChannelsFirst", False):
            given = np.moveaxis(given, 1, -1)
        self.values[name] = given = given.reshape(len(given), -1, layout["width"])
        self.axes[name] = "tokens" if is_of_tokens else name
        self.rows[name] = self.rows["input_ids"] if is_of_tokens else np.ones(given.shape[:2], bool)

    def compute(self, node):
        operation, names = node["operation"], node["inputs"]
        if operation["kind"] not in KINDS:
            raise NotImplementedError(f"{node['name']}: nodes of kind {operation['kind']}")
        reads_ids = operation["kind"] in ("embedding", "token_mask")
        arguments = [] if reads_ids else [self.values[name] for name in names]
        self.values[node["name"]] = value = getattr(self, operation["kind"])(node, operation, *arguments)
        if value.ndim == 3:
            same = [name for name in names if name in self.rows and self.rows[name].shape == value.shape[:2]]
            self.axes[node["name"]] = self.axes[same[0]] if same else node["name"]
            self.rows[node["name"]] = self.rows[same[0]] if same else np.ones(value.shape[:2], bool)

    def parameter(self, node, name):
        tensor = super().parameter(node, name)
        return None if tensor is None else tensor.astype(f32)

    def stored_table(self, node, name):
        rows = super().stored_table(node, name)
        return None if rows is None else rows.astype(f32)

    def product(self, x, weight):
        rows = x.reshape(-1, x.shape[-1])
        return product(rows, weight).reshape(*x.shape[:-1], weight.shape[-1])

    def paired_product(self, x, weight):
        rows = x.reshape(-1, x.shape[-1])
        if self.head_width % 2:  # pairs never span two heads
            heads = len(weight) // self.head_width
            rows = padded(rows.reshape(len(rows), heads, -1), 2).reshape(len(rows), -1)
            weight = padded(weight.T.reshape(-1, heads, self.head_width), 2).reshape(weight.shape[1], -1).T
        return paired_product(rows, weight).reshape(*x.shape[:-1], weight.shape[-1])

    def project(self, node, x, prefix="", factor=1):
        if node.get("precisions", {}).get(prefix + "weight"):
            return super().project(node, x, prefix, factor).astype(f32)
        weight, bias = self.parameter(node, prefix + "weight"), self.parameter(node, prefix + "bias")
        result = f32(0) if weight is None else self.product(x, weight * f32(factor))
        return result if bias is None else result + bias * f32(factor)

    def embedding(self, node, operation):
        name = node["inputs"][0]
        ids, types = self.texts[name]
        if "shiftedFrom" in operation:
            ids = np.concatenate([np.full_like(ids[:, :1], operation["shiftedFrom"]), ids[:, :-1]], axis=1)
        x = self.stored_table(node, "tokens")[ids] * f32(operation["scale"])
        table = self.stored_table(node, "positions")
        if table is not None:
            x = x + table[self.positions(operation, ids, self.rows[name])]
        table = self.parameter(node, "types")
        return x if table is None else x + table[types]

    def norm(self, node, operation, x):
        epsilon, width = f32(operation["epsilon"]), f32(x.shape[-1])
        if operation["norm"] == "unit":
            return x * (f32(1) / np.sqrt(np.maximum(sum_row(x, True), epsilon)))
        scale, offset = self.parameter(node, "scale"), self.parameter(node, "offset")
        if operation["norm"] == "rms":
            factor = f32(1) / np.sqrt(sum_row(x, True) / width + epsilon)
            return x * factor * (scale + f32(operation["scaleOffset"]))
        return layer_norm(x, epsilon, scale, offset)

    def activation(self, node, operation, x):
        return activated(operation["function"], x)

    def gate(self, node, operation, x, other):
        return activated(operation["function"], x) * other

    def affine(self, node, operation, x):
        scale, offset = self.parameter(node, "scale"), self.parameter(node, "offset")
        scale = (f32(1) if scale is None else scale) * f32(operation["factor"])
        return x * scale + ((f32(0) if offset is None else offset) + f32(operation["shift"]))

    def table(self, node, operation, *inputs):
        """Stored rows, the same for every sequence."""
        resampling = operation.get("resampling", {"stored": [], "wanted": []})
        if resampling["stored"] != resampling["wanted"] or "sequences" in operation:
            raise NotImplementedError(f"{node['name']}: a table that is resampled or differs by sequence")
        first = operation.get("offset", 0)
        rows = self.parameter(node, "rows")[first:]
        if operation["isAlongInput"]:  # numbered without hidden tokens
            shown = self.rows[node["inputs"][0]]
            return rows[np.maximum(np.cumsum(shown, axis=1) - 1, 0)]
        return np.broadcast_to(rows[:operation["count"]], (self.batch, operation["count"], rows.shape[1]))

    @property
    def batch(self):
        return len(next(iter(self.rows.values())))

    def slice(self, node, operation, x):
        start, count, step = operation["start"], operation.get("count"), operation.get("step", 1)
        axis = 2 if operation["axis"] == "width" else 1

        def part(array, axis):
            length = array.shape[axis]
            first = length + start if start < 0 else start
            end = length - operation["less"] if count is None else first + count
            return np.take(array, np.arange(first, end, step), axis)

        if not operation.get("isSqueezed", False):
            return part(x, axis)
        shown = self.rows[node["inputs"][0]]  # hidden tokens are no rows
        return np.stack([part(rows[mask], 0)[0] for rows, mask in zip(x, shown)])

    def token_mask(self, node, operation):
        ids, _ = self.texts[node["inputs"][0]]
        return (np.isin(ids, operation["ids"]) != operation.get("isHiding", False)).astype(f32)[..., None]

    def convolution(self, node, operation, x):
        """Windows of a grid, zeros beyond its ends, are the rows of one product."""
        if operation.get("groups", 1) != 1:
            raise NotImplementedError(f"{node['name']}: a convolution of several groups")
        grid = operation["grid"] or [x.shape[1]]
        if not operation["grid"]:  # hidden tokens count as zeros
            x = np.where(self.rows[node["inputs"][0]][..., None], x, f32(0))
        x = x.reshape(len(x), *grid, -1)
        for axis, window in enumerate(operation["windows"], 1):
            inside, length = np.arange(window["size"]) * window["dilation"], x.shape[axis]
            missing = max((-(-length // window["stride"]) - 1) * window["stride"] + inside[-1] + 1 - length, 0)
            padding = window.get("padding") or {"before": missing // 2, "after": missing - missing // 2}
            beyond = [(0, 0)] * x.ndim
            beyond[axis] = padding["before"], padding["after"]
            x = np.pad(x, beyond)
            starts = np.arange(0, x.shape[axis] - inside[-1], window["stride"])
            x = np.moveaxis(np.take(x, starts[:, None] + inside, axis), axis + 1, -2)
        return self.project(node, x.reshape(len(x), int(np.prod(x.shape[1:1 + len(grid)])), -1))

    def pooling(self, node, operation, x, shown=None):
        visible = self.rows[node["inputs"][0]]
        kind = operation["pool"]
        if kind not in ("mean", "mean_square_root", "weighted_mean"):
            return super().pooling(node, operation, x, shown)
        counts = visible if shown is None else visible & (shown[..., 0] != 0)
        return np.stack([self.mean(kind, rows[mask], np.flatnonzero(mask)) for rows, mask in zip(x, counts)])

    def mean(self, kind, rows, places):
        """Rows added in their order, then divided."""
        total, count = np.zeros(rows.shape[-1], f32), f32(0)
        for row, place in zip(rows, places):
            weight = f32(place + 1 if kind == "weighted_mean" else 1)
            total, count = total + weight * row, count + weight
        divisor = np.sqrt(count) if kind == "mean_square_root" else count
        return total / divisor if divisor > 0 else total

    # ---- attention ----

    def attention(self, node, operation, x, memory=None, *masks):
        unknown = {"masking", "comparison", "contextRounding"} & operation.keys()
        if masks or unknown:
            raise NotImplementedError(f"{node['name']}: attention with {', '.join(sorted(unknown)) or 'masks'}")
        name, sources, width = node["name"], operation["heads"], operation["valueSize"]
        kept = [h for h, source in enumerate(sources) if source["source"] != "dropped"]
        group = [h * operation["groupCount"] // len(sources) for h in range(len(sources))]
        groups = sorted({group[h] for h in kept})
        memory = x if memory is None else memory
        visible, (batch, tokens) = self.rows[node["inputs"][-1]], x.shape[:2]
        # Products of numbers that were rounded already are of bfloat16 numbers.
        kind = node.get("precisions", {}).get("value_weight", {}).get("kind")
        is_rounded = kind in ("int8", "bfloat16")
        multiply = (lambda a, b: paired_product(reuse_h5.bfloat16(a), reuse_h5.bfloat16(b))) if is_rounded else product

        scored = self.scored(node, operation, x, memory, group)
        value = padded(split(self.project(node, memory, "value_"), len(groups), width), LANES) if kept else None
        context = np.zeros((batch, len(kept), tokens, width + -width % LANES), f32)
        for head in range(len(sources)):
            self.maps[name, head] = np.zeros((batch, tokens, memory.shape[1]), f32)
        for sequence in range(batch):
            # Hidden keys are no rows: lanes and pairs count visible ones.
            shown = np.flatnonzero(visible[sequence])
            seen = self.seen(operation["mask"], tokens, shown)
            positions, own = operation.get("positions", {}), {}
            is_relative = positions.get("kind") == "disentangled"
            relative = self.relative(node, operation, positions, scored, sequence) if is_relative else {}
            for place, (head, (query, key)) in enumerate(scored.items()):
                scores = multiply(query[sequence], key[sequence][shown].T)
                scores = self.adjusted(node, operation, scores, place, head, shown, relative.get(head))
                own[head] = weights, factor = (one_key if sources[head]["source"] == "hard" else powers)(
                    np.where(seen, scores, f32(-np.inf)))
                self.maps[name, head][sequence][:, shown] = (weights * factor)[:, :len(shown)]
            for head, source in enumerate(sources):
                if source["source"] == "borrowed":
                    known = self.blend(source["terms"], sequence, shown, seen, visible[sequence])
                    self.maps[name, head][sequence][:, shown] = known
            for place, head in enumerate(kept):
                rows = value[sequence, groups.index(group[head])][shown]
                weights, factor = own.get(self.root(name, head, sources[head]), (None, None))
                if weights is None:
                    context[sequence, place] = multiply(self.maps[name, head][sequence][:, shown], rows)
                else:
                    context[sequence, place] = multiply(weights[:, :len(shown)], rows) * factor
        self.attention_nodes.append((name, len(sources)))
        self.head_width = width
        result = self.project(node, context.transpose(0, 2, 1, 3)[..., :width].reshape(batch, tokens, -1), "output_")
        self.head_width = 0
        return np.broadcast_to(result, (batch, tokens, operation["outputWidth"]))

    def root(self, name, head, source):
        """The head whose powers a head multiplies: another one of the same node where it borrows that map alone."""
        terms = source.get("terms", [])
        if len(terms) == 1 and terms[0].get("node") == name and terms[0].get("weight", 1) == 1:
            return terms[0]["head"]
        return head

    def scored(self, node, operation, x, memory, group):
        """Queries and keys, `[batch, token, column]`, of each head that computes a map."""
        heads = [h for h, source in enumerate(operation["heads"]) if source["source"] in ("computed", "hard")]
        if not heads:
            return {}
        groups, size = sorted({group[h] for h in heads}), operation["headSize"]
        # The factor on the scores is part of the query, or of its norm.
        norm, scale = operation.get("headNorm"), operation["scale"]
        query = split(self.project(node, x, "query_", factor=1 if norm else scale), len(heads), size)
        key = split(self.project(node, memory, "key_"), len(groups), size)
        if norm:
            query = self.head_norm(node, norm, "query_norm", query, scale)
            key = self.head_norm(node, norm, "key_norm", key, 1)
        positions = operation.get("positions", {})
        if positions.get("kind") == "rotary":
            query, key = (turned(part, positions, self.rows[node["inputs"][0]]) for part in (query, key))
        query, key = padded(query, LANES), padded(key, LANES)
        return {head: (query[:, place], key[:, groups.index(group[head])]) for place, head in enumerate(heads)}

    def head_norm(self, node, norm, name, heads, factor):
        """RMS norm of the columns of each head, or of all of them together."""
        scale = (self.parameter(node, name) + f32(norm.get("scaleOffset", 0))) * f32(factor)
        epsilon = f32(norm["epsilon"])
        if not norm.get("isJoint", False):
            return heads * (f32(1) / np.sqrt(sum_row(heads, True) / f32(heads.shape[-1]) + epsilon)) * scale
        total = np.zeros((heads.shape[0], heads.shape[2]))
        for head in range(heads.shape[1]):  # in double precision, one column after the other
            for column in range(heads.shape[3]):
                total = total + heads[:, head, :, column].astype(f64) ** 2
        own = (1 / np.sqrt(total / (heads.shape[1] * heads.shape[3]) + f64(epsilon))).astype(f32)
        return heads * (own[:, None, :, None] * scale.reshape(heads.shape[1], 1, heads.shape[3]))

    def seen(self, mask, tokens, shown):
        """Which of the visible keys each query looks at."""
        distance = np.arange(tokens)[:, None] - shown
        near = np.ones(distance.shape, bool)
        if mask["isCausal"]:
            near &= distance >= 0
        if mask.get("window") is not None:
            near &= (distance if mask["isCausal"] else np.abs(distance)) < mask["window"]
        return near

    def relative(self, node, operation, table, scored, sequence):
        """Products of each head's queries with the keys of a table of positions, and of its keys with the queries."""
        rows = self.parameter(node, "relative_embeddings")
        if table.get("epsilon") is not None:
            scale, offset = self.parameter(node, "relative_scale"), self.parameter(node, "relative_offset")
            rows = layer_norm(rows, f32(table["epsilon"]), scale, offset)
        size, prefix = operation["headSize"], "position_" if table.get("hasOwnProjections", False) else ""
        is_of_heads = table.get("isOfHeads", False)

        def projected(name):
            if is_of_heads:
                return rows
            result, bias = product(rows, self.dequantized(node, name + "_weight")), self.parameter(node, name + "_bias")
            return result if bias is None else result + bias

        keys = projected(prefix + "key") if table.get("hasContentToPosition", True) else None
        queries = projected(prefix + "query") if table.get("hasPositionToContent", True) else None
        queries = None if queries is None else queries * f32(operation["scale"])
        count = len(operation["heads"])
        groups = sorted({head * operation["groupCount"] // count for head in scored})
        result = {}
        for place, (head, (query, key)) in enumerate(scored.items()):
            slot = groups.index(head * operation["groupCount"] // count)
            slot, place = (0, 0) if is_of_heads else (slot, place)
            result[head] = [
                np.zeros((part.shape[1], len(rows)), f32) if other is None
                else product(part[sequence, :, :size], other[:, at * size:(at + 1) * size].T)
                for part, other, at in ((query, keys, slot), (key, queries, place))]
        return result

    def dequantized(self, node, name):
        """What a matrix of fewer bits stands for."""
        precision = node.get("precisions", {}).get(name, {"kind": "bfloat16"})
        if precision["kind"] == "bfloat16":
            return self.parameter(node, name)
        values, scale, _ = self.stored(node, name)
        if precision["kind"] == "int4_weights":
            values = reuse_h5.unpacked(values, node["operation"]["inputWidth"])
        if "group" in precision:
            scale = np.repeat(scale, precision["group"], axis=0)[:len(values)]
        factors = self.smoothing(node, name)
        result = values.astype(f32) * scale.astype(f32)
        return result if factors is None else factors[:, None] * result

    def adjusted(self, node, operation, scores, place, head, shown, own):
        """Scores, capped, with what positions add to them."""
        if operation.get("softCap"):
            cap = f32(operation["softCap"])
            scores = cap * tanh(scores * (f32(1) / cap))
        positions = operation.get("positions", {"kind": "rotary"})
        if positions["kind"] == "rotary":
            return scores
        queries = np.arange(len(scores))[:, None]
        if positions["kind"] == "alibi":  # counts visible keys
            own = np.maximum(np.searchsorted(shown, queries, "right") - 1, 0)
            distance = (np.arange(len(shown)) - own).astype(f32)
            return fma(slope(head, len(operation["heads"])), distance, scores)
        distance = shown - queries
        if positions["kind"] == "disentangled":
            by_query, by_key = own
            reach = max(positions["maximumDistance"], positions["span"])
            known = np.array([relative_row(positions, -number) for number in range(-reach, reach + 1)])
            columns = known[np.clip(distance, -reach, reach) + reach]
            return scores + (by_query[queries, columns] + by_key[shown][np.arange(len(shown)), columns])
        if positions["kind"] == "clamped":
            rows = np.clip(distance + positions["length"] - 1, 0, 2 * positions["length"] - 2)
        else:
            reach = max(positions["maximumDistance"], positions["count"])
            known = np.array([bucket(positions, number) for number in range(-reach, reach + 1)])
            rows = known[np.clip(distance, -reach, reach) + reach]
        return scores + self.parameter(node, "position_bias")[rows, place]

    def blend(self, terms, sequence, shown, seen, visible):
        """The weighted sum of maps, then of patterns, over the keys that each query sees."""
        result = np.zeros(seen.shape, f32)
        for term in terms:
            if "pattern" not in term:
                known = self.maps[term["node"], term["head"]][sequence][:, shown]
                result = fma(f32(term.get("weight", 1)), known, result)
        for term in terms:
            if "pattern" not in term:
                continue
            weight = f32(term.get("weight", 1))
            if term["pattern"] == "mean":
                share = weight / np.maximum(seen.sum(-1, keepdims=True), 1).astype(f32)
                result = result + share * seen
            else:
                allowed = np.zeros((len(seen), len(visible)), bool)
                allowed[:, shown] = seen
                points = reuse_h5.static_map(term["pattern"], visible, allowed)
                result = result + weight * points[:, shown].astype(f32)
        return np.where(seen, result, f32(0))

    # ---- outputs ----

    def outputs(self):
        graph, result = self.model.graph, {}
        has_decoder = "encoderHiddenStates" in graph

        def hide(name, value):  # rows of a decoder are computed whether its mask shows them or not
            if self.axes.get(name) != "tokens":
                return value
            shown = self.rows[name]
            return np.where(shown.reshape(*shown.shape, *[1] * (value.ndim - 2)), value, 0)

        for part, names in (("encoder_", graph.get("encoderHiddenStates", [])),
                            ("decoder_" if has_decoder else "", graph["hiddenStates"])):
            states = [hide(name, self.values[name]) for name in names]
            if len({state.shape for state in states}) == 1:
                result[part + "hidden_states"] = np.stack(states)
            else:
                result.update({f"{part}hidden_states_{i}": state for i, state in enumerate(states)})
        # What cross-attention looks at comes from the encoder, and so does everything that it is made of.
        encoder = {node["inputs"][1] for node in graph["nodes"] if "memoryWidth" in node["operation"]}
        for node in reversed(graph["nodes"]):
            encoder.update(node["inputs"] if node["name"] in encoder else ())
        is_of_keras = any(output["name"].split(".")[0] == "output" for output in graph["outputs"])
        counts = {}
        operations = {node["name"]: node["operation"] for node in graph["nodes"]}
        for name, heads in self.attention_nodes:
            part = "encoder_" if name in encoder else "decoder_"
            part = "cross_" if "memoryWidth" in operations[name] else part
            part = part if has_decoder and not is_of_keras else ""
            number = counts[part] = counts.get(part, -1) + 1
            maps = np.stack([self.maps[name, head] for head in range(heads)], axis=2)
            result[f"{part}attentions_{number}"] = hide(name, maps).transpose(0, 2, 1, 3)
        for output in graph["outputs"]:
            value = hide(output["value"], self.values[output["value"]])
            result[output["name"]] = value[..., 0] if output.get("isSqueezed") else value
        return {name: np.ascontiguousarray(value, f32) for name, value in result.items()}
