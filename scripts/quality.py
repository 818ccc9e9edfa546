"""Quality of converted sentence-embedding models: our default against simple baselines, at several budgets.

    scripts/quality --source MODEL --calibration TEXTS [TEXTS …] --sets DIR --heldout TEXTS [--budgets 1/3,1/2,2/3]
                    [--tokens 48000] [--rows default,copy,similar,dropped,identity] [--output table.md]

The sets are not part of this repository: DIR holds `*.tsv` files, `score<TAB>sentence<TAB>sentence` a line. Rows of the
table:

    default    convert --budget B
    unhealed   the default's plan, nothing repaired
    copy       whole layers, head i reads head i of the layer below, nothing repaired
    similar    single heads anywhere by similarity alone, nothing repaired
    dropped    the default's heads left out, their mean kept in the bias
    identity   the default's heads look at their own position, nothing repaired

share: mean Spearman over the sets as a share of the source's; min: the worst set's share; cosine: mean cosine between
the held-out texts' embeddings (mean-pooled, normalised) and the source's.
"""
import fractions
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

import quality_study


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        analysis = os.path.join(folder, "analysis.json")
        command(arguments, "analyze", arguments.source, *texts(arguments), "-o", analysis)
        document = json.load(open(analysis, encoding="utf8"))
        judge = Judge(arguments, folder)
        lines = ["| maps removed | row | cosine | share % | min % | sets % |", "| --- | --- | --- | --- | --- | --- |"]
        for budget in arguments.budgets.split(","):
            for row in arguments.rows.split(","):
                model = os.path.join(folder, "%s-%s.reuse.h5" % (row, budget.replace("/", "-")))
                removed = convert(arguments, row, budget, document, folder, model)
                if removed is not None:
                    lines.append(judge.line(model, row, removed))
                    print(lines[-1], file=sys.stderr)
                    os.remove(model)
        quality_study.write_table(lines, arguments.output)


def parse():
    parser = quality_study.sets_parser(__doc__)
    parser.add_argument("--budgets", default="1/3,1/2,2/3")
    parser.add_argument("--rows", default="default,unhealed,copy,similar,dropped,identity")
    parser.add_argument("--output")
    return parser.parse_args()


def texts(arguments):
    files = [word for name in arguments.calibration for word in ("--calibration", name)]
    return files + ["--calibration-tokens", str(arguments.tokens)]


def command(arguments, *words):
    subprocess.run([arguments.bin, *words], check=True, stdout=subprocess.DEVNULL)


# Plans


def convert(arguments, row, budget, document, folder, model):
    """Writes the model of one row; returns how many maps it lacks, or None where the row cannot be made."""
    plan_path, analysis = os.path.join(folder, "plan.json"), os.path.join(folder, "analysis.json")
    command(arguments, "plan", analysis, "--budget", budget, "-o", plan_path, "--force")
    plan = json.load(open(plan_path, encoding="utf8"))
    if row == "default":
        command(arguments, "convert", arguments.source, *texts(arguments), "--analysis", analysis, "--budget", budget,
                "-o", model, "--force")
        return replaced(plan)
    if row == "copy":
        plan = copied_layers(plan, budget)
    elif row == "similar":
        plan = most_similar(plan, document, replaced(plan))
    elif row in ("dropped", "identity"):
        for head in heads(plan):
            if head["source"] != "computed":
                head.clear()
                head.update({"source": "dropped"} if row == "dropped" else
                            {"source": "borrowed", "terms": [{"weight": 1, "pattern": "identity"}]})
    elif row != "unhealed":
        sys.exit("unknown row " + row)
    if plan is None:
        return None
    with open(plan_path, "w", encoding="utf8") as file:
        json.dump(plan, file)
    command(arguments, "convert", arguments.source, *texts(arguments), "--plan", plan_path, "--heal", "none",
            "-o", model, "--force")
    return replaced(plan)


def heads(plan):
    return [head for layer in plan["layers"] for head in layer["heads"]]


def replaced(plan):
    return sum(head["source"] != "computed" for head in heads(plan))


def computed(plan):
    for head in heads(plan):
        head.clear()
        head["source"] = "computed"
    return plan


def copied_layers(plan, budget):
    """Middle layers that read the layer below, each head the head of its number."""
    plan = computed(plan)
    layers = plan["layers"]
    number = round(fractions.Fraction(budget) * len(layers))
    middle = list(range(1, len(layers) - 1))
    if number > len(middle):
        return None
    # Every second layer first, so that a copied layer stands above a computed one as long as there are enough.
    order = middle[1::2] + middle[0::2]
    for index in sorted(order[:number]):
        for head, source in enumerate(layers[index]["heads"]):
            source.update(source="borrowed", terms=[{"weight": 1, "node": layers[index - 1]["node"], "head": head}])
    return plan


def most_similar(plan, document, number):
    """The pairs of highest similarity; a head that lends its map keeps computing it."""
    plan = computed(plan)
    ids = [(head["node"], head["head"]) for head in document["heads"]]
    place = {layer["node"]: layer["heads"] for layer in plan["layers"]}
    first = plan["layers"][0]["node"]
    pairs = sorted(
        ((value, later, earlier) for later, row in enumerate(document["similarity"])
         for earlier, value in enumerate(row)
         if ids[later][0] != first), key=lambda pair: (-pair[0], pair[1], pair[2]))
    borrowers, lenders = set(), set()
    for _, later, earlier in pairs:
        if len(borrowers) == number:
            break
        if later in borrowers or later in lenders or earlier in borrowers:
            continue
        borrowers.add(later)
        lenders.add(earlier)
        node, head = ids[later]
        place[node][head].update(
            source="borrowed", terms=[{"weight": 1, "node": ids[earlier][0], "head": ids[earlier][1]}])
    return plan


# Judgement


class Judge:
    """Embeds the sets and the held-out texts with the source once, and with every converted model."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.sets = {}
        for path in sorted(glob.glob(os.path.join(arguments.sets, "*.tsv"))):
            rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf8")]
            self.sets[os.path.basename(path)[:-4]] = ([float(row[0]) for row in rows], [row[1:3] for row in rows])
        if not self.sets:
            sys.exit("no .tsv files in " + arguments.sets)
        self.held = [line.rstrip("\n") for line in open(arguments.heldout, encoding="utf8")][:arguments.heldout_lines]
        self.texts = sorted({text for _, pairs in self.sets.values() for pair in pairs for text in pair})
        self.index = {text: number for number, text in enumerate(self.texts)}
        self.source, self.source_held = self.embed(arguments.source)
        self.source_scores = self.scores(self.source)

    def embed(self, model):
        texts, output = os.path.join(self.folder, "texts.txt"), os.path.join(self.folder, "embeddings.npy")
        with open(texts, "w", encoding="utf8") as file:
            file.writelines(text + "\n" for text in self.texts + self.held)
        command(self.arguments, "run", model, "--texts", texts, "--pool", "mean", "--normalize", "-o", output,
                "--force")
        rows = np.load(output)
        return rows[:len(self.texts)], rows[len(self.texts):]

    def scores(self, embeddings):
        result = {}
        for name, (gold, pairs) in self.sets.items():
            left = embeddings[[self.index[pair[0]] for pair in pairs]]
            right = embeddings[[self.index[pair[1]] for pair in pairs]]
            result[name] = spearman((left * right).sum(1), gold)
        return result

    def line(self, model, row, removed):
        embeddings, held = self.embed(model)
        scores = self.scores(embeddings)
        shares = {name: 100 * scores[name] / self.source_scores[name] for name in scores}
        mean = 100 * sum(scores.values()) / sum(self.source_scores.values())
        cosine = float((held * self.source_held).sum(1).mean())
        return "| %d | %s | %.4f | %.2f | %.2f | %s |" % (
            removed, row, cosine, mean, min(shares.values()), " ".join("%s %.2f" % share for share in shares.items()))


def ranks(values):
    values = np.asarray(values)
    order = np.argsort(values, kind="stable")
    positions = np.empty(len(values))
    positions[order] = np.arange(len(values))
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.bincount(inverse, positions) / counts)[inverse]


def spearman(left, right):
    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])


if __name__ == "__main__":
    main()
