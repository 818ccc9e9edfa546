#!/usr/bin/env python3
"""Counts what an analysis in shards costs: what is serial, what every shard does again, how evenly the rest is dealt.

    scripts/simulate_shards.py [--tokens 48000] [--length 35] [--shards 1,2,4,16,64] [MODEL …]
    scripts/simulate_shards.py --parts part-*.analysis

A MODEL is LAYERSxWIDTHxINNERxHEADS (6x384x1536x12), an analysis document, or a part of one. Nothing is run: work is
counted in multiply-adds as `AnalysisCosts` of the analyzer counts it, and dealt as it deals. The columns:
  dearest      work of the shard that is done last
  efficiency   work of one process, over that of the dearest shard times the number of shards
  again        what all shards do beyond the work of one process: passes of the model, the source's outputs
  pieces       of the dearest shard; where it is 1, more shards do not help
With --parts it fails unless each part holds the pieces that are dealt to its shard here. Needs Python 3 alone.
"""
import argparse
import json
import sys

FIELDS = ("model", "products", "solving", "packing")
# What one of each takes, in multiply-adds of a model that runs (`WorkEstimate.weight`).
WEIGHTS = {"model": 1, "products": 1, "solving": 2.5, "packing": 60}
STRENGTHS = 8
CURVE_SHARES, NEURON_SHARES, RANK_POINTS = 4, 5, 4
SAMPLES = {"candidates": 8192, "curves": 16384, "neurons": 32768}
PROPOSALS, PATTERNS = 48, 5
JUDGING_TEXTS = 2000
COMPARED = 1.5e9
# An element of a context that is summed, and a difference of two elements of maps, in multiply-adds.
CONTEXT, DIFFERENCE = 20, 50


def work(**amounts):
    return tuple(float(amounts.get(field, 0)) for field in FIELDS)


def plus(*works):
    return tuple(map(sum, zip(work(), *works)))


def times(factor, amount):
    return tuple(factor * value for value in amount)


def weight(amount):
    return sum(WEIGHTS[field] * value for field, value in zip(FIELDS, amount))


class Costs:
    """What the pieces of an analysis cost."""

    def __init__(self, nodes, fit, fitting_tokens, choosing, choosing_tokens):
        self.nodes = {node["name"]: node for node in nodes}
        self.tokens = tokens = max(1, fitting_tokens // max(1, fit))
        self.fit = fit
        step = {name: max(1, -(-fitting_tokens // wanted)) for name, wanted in SAMPLES.items()}
        self.sample = {name: -(-fit // step[name]) for name in SAMPLES}
        self.choosing = choosing_tokens * min(1, JUDGING_TEXTS / max(1, choosing)) / tokens
        self.by_node, self.up_to, self.parameters, total = {}, {}, 0, 0
        for node in nodes:
            adds, parameters = self.count(node["operation"], 1 if node["name"].startswith("pooler") else tokens)
            self.by_node[node["name"]] = adds
            total += adds
            self.parameters += parameters
            self.up_to[node["name"]] = total
        self.whole = total
        self.pairs, self.candidates, before = {}, {}, 0
        for node in nodes:
            if node["operation"]["kind"] == "attention":
                heads = len(node["operation"]["heads"])
                self.pairs[node["name"]] = sum(before + index for index in range(heads))
                self.candidates[node["name"]] = before + heads - 1
                before += heads
        attention = list(self.pairs)
        wide = [node["name"] for node in nodes if node["name"].endswith("/down")]
        self.pieces = ([("maps", name) for name in attention] + [("neurons", name) for name in wide]
                       + [("linear", name) for name in attention[1:]] + [("ranks", name) for name in attention])

    @staticmethod
    def count(operation, tokens):
        """Multiply-adds of one text, and parameters."""
        kind = operation["kind"]
        if kind == "linear":
            size = operation["inputWidth"] * operation["outputWidth"]
            return tokens * size, size + operation["outputWidth"] * operation["hasBias"]
        if kind == "attention":
            heads, width = len(operation["heads"]), operation["inputWidth"]
            maps, contexts = heads * operation["headSize"], heads * operation["valueSize"]
            shared = operation["groupCount"] * (operation["headSize"] + operation["valueSize"])
            size = width * (maps + shared) + contexts * operation["outputWidth"]
            pairs = tokens * (tokens + 1) // 2 if operation["mask"]["isCausal"] else tokens * tokens
            return tokens * size + pairs * (maps + contexts), size + maps + shared + operation["outputWidth"]
        if kind == "embedding":
            rows = operation["vocabulary"] + operation.get("types", 0)
            return 0, (rows + (operation.get("positions") or {}).get("count", 0)) * operation["width"]
        return 0, 2 * operation["width"] if kind == "norm" else 0

    def passing(self, node, texts):
        share = self.up_to[node] / self.whole
        return work(model=texts * self.up_to[node], packing=self.parameters * share)

    def probe(self, node=None):
        """A look at the output of a model that is changed from a node on; without one all of it runs."""
        left = self.whole - self.up_to[node] + self.by_node[node] if node else self.whole
        return work(model=self.choosing * left, packing=self.parameters * left / self.whole)

    def around(self, node):
        """What a refit runs beside what source and rewrite have in common: the node, in each of them once."""
        return work(model=2 * self.sample["curves"] * self.by_node[node])

    def refit(self, features, targets):
        square = features * features
        return work(
            products=self.sample["curves"] * self.tokens * features * (features / 2 + targets),
            solving=(STRENGTHS + 1) * square * (features / 3 + targets) + STRENGTHS * square * targets)

    def trial(self, node):
        operation = self.nodes[node]["operation"]
        features = len(operation["heads"]) * operation["valueSize"]
        return plus(self.around(node), self.refit(features, operation["outputWidth"]), self.probe(node))

    def first(self, node):
        """The first matrix of a feed-forward part, by the name of its last."""
        name = node.removesuffix("down") + "up"
        return name if name in self.nodes else node

    def own(self, piece):
        """What a piece costs beside what it has in common with others of its shard."""
        kind, node = piece
        operation = self.nodes[node]["operation"]
        if kind == "neurons":
            width = operation["inputWidth"]
            return plus(
                work(products=self.sample["neurons"] * self.tokens * width * width / 2,
                     solving=3 * width**3 + 2 * width * width * operation["outputWidth"]),
                times(NEURON_SHARES, self.probe(self.first(node))))
        if kind == "ranks":
            size = operation["headSize"]
            step = 16 if size > 16 else max(1, size // 4)
            points = min(RANK_POINTS, len(range((size - 1) // step * step, 0, -step)))
            width = operation["inputWidth"]
            moments = work(products=self.sample["curves"] * self.tokens * width * width / 2)
            return plus(times(points, self.trial(node)), moments)
        if kind == "linear":
            return plus(self.around(node), self.refit(operation["inputWidth"], operation["outputWidth"]),
                        self.probe(node))
        heads, others = len(operation["heads"]), min(self.candidates[node], PROPOSALS) + PATTERNS
        contexts = self.sample["candidates"] * heads * self.tokens * operation["valueSize"]
        return plus(
            work(products=contexts * (operation["inputWidth"] + others * (self.tokens + others + CONTEXT))),
            work(products=DIFFERENCE * min(self.fit * self.tokens**2 * self.pairs[node], COMPARED)),
            times(min(CURVE_SHARES, heads), self.trial(node)))

    def shared(self, pieces):
        """What a shard computes once for all of its pieces."""
        if not pieces:
            return work()
        total = times(2, self.probe())
        for kinds, texts in [(["maps"], [self.fit, self.sample["candidates"]]), (["neurons"], [self.sample["neurons"]]),
                             (["maps", "linear", "ranks"], [self.sample["curves"]])]:
            nodes = [node for other, node in pieces if other in kinds]
            if nodes:
                last = max(nodes, key=self.up_to.get)
                total = plus(total, *(self.passing(last, count) for count in texts))
        return total

    def total(self, pieces):
        return weight(plus(self.shared(pieces), *map(self.own, pieces)))


class Dealing:
    """Deals pieces out to shards."""

    def __init__(self, costs, count):
        self.pieces = costs.pieces
        self.costs = costs
        self.weights = [weight(costs.own(piece)) for piece in self.pieces]
        self.count = min(count, len(self.pieces))
        shards = min((self.improved(shards) for shards in [self.dearest_first(), self.in_order()]),
                     key=lambda shards: max(map(self.cost, shards)))
        self.shards = [sorted(shard) for shard in shards] + [[]] * (count - self.count)

    def cost(self, shard):
        shared = weight(self.costs.shared([self.pieces[index] for index in shard]))
        return shared + sum(self.weights[index] for index in shard)

    def dearest_first(self):
        """Each to the shard that is done soonest with it."""
        shards = [[] for _ in range(self.count)]
        for index in sorted(range(len(self.pieces)), key=lambda index: (-self.weights[index], index)):
            costs = [self.cost(shard + [index]) for shard in shards]
            shards[costs.index(min(costs))].append(index)
        return shards

    def in_order(self):
        """Neighbours together: pieces of one kind share passes."""
        shards, before, whole = [[] for _ in range(self.count)], 0, sum(self.weights)
        for index, own in enumerate(self.weights):
            shards[min(self.count - 1, int((before + own / 2) / whole * self.count))].append(index)
            before += own
        return shards

    def improved(self, shards):
        """Moves and exchanges between the dearest shard and another, as long as both get cheaper than it."""
        shards = [list(shard) for shard in shards]
        costs = [self.cost(shard) for shard in shards]
        for _ in range(4 * len(self.pieces)):
            worst = costs.index(max(costs))
            best = None
            for other in range(len(shards)):
                for mine in shards[worst] if other != worst else []:
                    for theirs in [None] + shards[other]:
                        first = [index for index in shards[worst] if index != mine]
                        first += [] if theirs is None else [theirs]
                        second = [index for index in shards[other] if index != theirs] + [mine]
                        found = self.cost(first), self.cost(second)
                        if max(found) < (costs[worst] if best is None else best[0]) * (1 - 1e-9):
                            best = max(found), other, first, second, found
            if best is None:
                break
            _, other, shards[worst], shards[other], (costs[worst], costs[other]) = best
        return shards


def bert(shape, tokens, length):
    """An encoder's graph from its sizes."""
    layers, width, inner, heads = (int(number) for number in shape.split("x"))
    nodes = [{"name": "embeddings", "operation": {
        "kind": "embedding", "vocabulary": 30522, "types": 2, "positions": {"count": 512}, "width": width}}]
    for layer in range(layers):
        nodes += [
            {"name": f"layer_{layer}/attention", "operation": {
                "kind": "attention", "heads": [{}] * heads, "groupCount": heads, "headSize": width // heads,
                "valueSize": width // heads, "inputWidth": width, "outputWidth": width, "mask": {"isCausal": False}}},
            {"name": f"layer_{layer}/up", "operation": {
                "kind": "linear", "inputWidth": width, "outputWidth": inner, "hasBias": True}},
            {"name": f"layer_{layer}/down", "operation": {
                "kind": "linear", "inputWidth": inner, "outputWidth": width, "hasBias": True}}]
    fitting, choosing = tokens * 8 // 9, tokens // 9
    return Costs(nodes, fitting // length, fitting, choosing // length, choosing)


def read(document, length):
    """From an analysis or a part of one; its texts are taken to be of one length."""
    origin = document.get("origin", document)
    texts, tokens = origin["calibration"]["texts"], origin["calibration"]["tokens"]
    fit = origin.get("texts", texts - texts // 9)
    nodes = origin["graph"]["nodes"]
    return Costs(nodes, fit, tokens * fit // texts, texts - fit, tokens - tokens * fit // texts)


def compare(paths):
    """Whether parts hold what is dealt to their shards."""
    same = True
    for path in paths:
        with open(path, encoding="utf-8") as file:
            part = json.load(file)
        costs = read(part, None)
        shard = part["shard"]
        dealt = Dealing(costs, shard["count"]).shards[shard["index"] - 1]
        here = [f"{kind} {node}" for kind, node in (costs.pieces[index] for index in dealt)]
        found = [f"{unit['kind']} {unit['node']}" for unit in part["units"]]
        if here != found:
            print(f"{path}: holds {', '.join(found)}; dealt here are {', '.join(here)}", file=sys.stderr)
            same = False
    return 0 if same else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["6x384x1536x12", "12x768x3072x12", "24x1024x4096x16"])
    parser.add_argument("--parts", nargs="+")
    parser.add_argument("--tokens", type=int, default=48000, help="that fit or choose")
    parser.add_argument("--length", type=int, default=35, help="tokens of a text, of models given by their sizes")
    parser.add_argument("--shards", default="1,2,4,8,16,32,64")
    options = parser.parse_args()
    if options.parts:
        return compare(options.parts)
    print("| model | pieces | shards | dearest, 10⁹ | efficiency | again | pieces of the dearest |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for model in options.models:
        if model[0].isdigit() and "/" not in model:
            costs = bert(model, options.tokens, options.length)
        else:
            with open(model, encoding="utf-8") as file:
                costs = read(json.load(file), options.length)
        one = costs.total(costs.pieces)
        for count in map(int, options.shards.split(",")):
            dealing = Dealing(costs, count)
            totals = [dealing.cost(shard) for shard in dealing.shards]
            dearest = max(totals)
            held = len(dealing.shards[totals.index(dearest)])
            print(f"| {model} | {len(costs.pieces)} | {count} | {dearest / 1e9:,.0f} | {one / count / dearest:.2f} "
                  f"| {max(0, sum(totals) / one - 1):.0%} | {held} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
