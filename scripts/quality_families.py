"""Quality of converted models at their own task: our default against simple baselines, at several budgets.

    scripts/quality-families --source MODEL --calibration DATA [DATA …] --task KIND DATA [--budgets 1/3,1/2]
                             [--tokens 48000] [--rows default,copy,…] [--output table.md]

KIND and DATA are what `reuseformer eval` takes: `texts` (perplexity), `images` (accuracy), `answers` (accuracy of whole
answers), `labelled` (accuracy). Rows of the table:

    default    convert --budget B
    unhealed   the default's plan, nothing repaired
    copy       whole layers, head i reads head i of the layer of its kind below, nothing repaired
    similar    single heads anywhere by similarity alone, nothing repaired
    dropped    the default's heads left out, their mean kept in the bias
    identity   the default's heads look at their own position (in cross-attention: at all keys alike), nothing repaired

and each baseline but `unhealed` once more with `=`: with as many heads as save the default's multiply-adds (a dropped
head saves its values as well, so there are fewer of them).
"""
import fractions
import json
import os
import subprocess
import sys
import tempfile

import quality_study
from quality import computed, heads, most_similar, replaced

BASELINES = "copy,similar,dropped,identity"


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        study = Study(arguments, folder)
        lines = ["| maps removed | row | multiply-adds saved | %s | change |" % study.measure,
                 "| --- | --- | --- | --- | --- |", study.line(0, "source", 0, study.source)]
        for budget in arguments.budgets.split(","):
            for row in arguments.rows.split(","):
                line = study.row(row, budget)
                if line:
                    lines.append(line)
                    print(line, file=sys.stderr)
        quality_study.write_table(lines, arguments.output)


def parse():
    parser = quality_study.parser(__doc__)
    parser.add_argument("--task", nargs=2, required=True, metavar=("KIND", "DATA"))
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--budgets", default="1/3,1/2")
    every = BASELINES.split(",")
    parser.add_argument("--rows", default=",".join(["default", "unhealed"] + every + [row + "=" for row in every]))
    parser.add_argument("--output")
    return parser.parse_args()


class Study:
    """One source model, its analysis, and what it reaches at its task."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.analysis = os.path.join(folder, "analysis.json")
        self.command("analyze", arguments.source, *self.texts(), "-o", self.analysis)
        with open(self.analysis, encoding="utf8") as file:
            self.document = json.load(file)
        # Kinds of layers that may borrow from each other, by what the graph says about their maps.
        self.kinds = {}
        for node in self.document["graph"]["nodes"]:
            operation = node["operation"]
            if operation["kind"] == "attention":
                cross = "memoryWidth" in operation
                mask = json.dumps(operation.get("mask", {}), sort_keys=True)
                stack = node["name"].split("/")[0] if "/" in node["name"] else ""
                self.kinds[node["name"]] = (cross, mask, stack if stack in ("encoder", "decoder") else "")
        self.measure, self.source = self.judge(arguments.source)
        self.saved = {}

    def command(self, *words):
        done = subprocess.run([self.arguments.bin, *words], stdout=subprocess.PIPE, check=True)
        return done.stdout.decode("utf8")

    def texts(self):
        files = [word for name in self.arguments.calibration for word in ("--calibration", name)]
        return files + ["--calibration-tokens", str(self.arguments.tokens),
                        "--max-length", str(self.arguments.max_length)]

    def judge(self, model):
        kind, data = self.arguments.task
        report = json.loads(self.command("eval", model, "--" + kind, data, "--json"))
        # Answers give two measures; the task's own is the accuracy.
        row = next((row for row in report["results"] if row["measure"] == "accuracy"), report["results"][0])
        return row["measure"], row["values"][0]

    def line(self, removed, row, saved, value):
        if self.measure == "perplexity":
            shown, change = "%.4f" % value, "%+.2f %%" % (100 * (value / self.source - 1))
        else:
            shown, change = "%.2f %%" % (100 * value), "%+.2f points" % (100 * (value - self.source))
        return "| %d | %s | %.2f %% | %s | %s |" % (removed, row, 100 * saved, shown, change)

    def row(self, row, budget):
        model = os.path.join(self.folder, "converted.reuse.h5")
        words = ["convert", self.arguments.source, *self.texts(), "-o", model, "--force", "--json"]
        plan_path = os.path.join(self.folder, "plan.json")
        self.command("plan", self.analysis, "--budget", budget, "-o", plan_path, "--force")
        with open(plan_path, encoding="utf8") as file:
            plan = json.load(file)
        number = replaced(plan)
        if row == "default":
            verdict = json.loads(self.command(*words, "--analysis", self.analysis, "--budget", budget))
            self.saved[budget] = saving(verdict)
        else:
            name = row.rstrip("=")
            plan = self.plan(name, plan, budget, number)
            if plan is None:
                return None
            verdict = self.written(words, plan_path, plan)
            if row.endswith("="):
                target, reached = self.saved[budget], saving(verdict)
                if abs(reached - target) * replaced(plan) < reached / 2:
                    return None
                plan = self.fewer(plan, max(1, round(replaced(plan) * target / reached)))
                verdict = self.written(words, plan_path, plan)
            number = replaced(plan)
        _, value = self.judge(model)
        return self.line(number, row, saving(verdict), value)

    def written(self, words, plan_path, plan):
        with open(plan_path, "w", encoding="utf8") as file:
            json.dump(plan, file)
        return json.loads(self.command(*words, "--plan", plan_path, "--heal", "none"))

    def plan(self, row, plan, budget, number):
        if row == "copy":
            return self.copied_layers(plan, budget)
        if row == "similar":
            return most_similar(plan, self.document, number)
        if row in ("dropped", "identity"):
            for layer in plan["layers"]:
                pattern = "mean" if self.kinds[layer["node"]][0] else "identity"
                for head in layer["heads"]:
                    if head["source"] != "computed":
                        head.clear()
                        head.update({"source": "dropped"} if row == "dropped" else
                                    {"source": "borrowed", "terms": [{"weight": 1, "pattern": pattern}]})
        elif row != "unhealed":
            sys.exit("unknown row " + row)
        return plan

    def copied_layers(self, plan, budget):
        """Layers that read the layer of their kind below, each head the head of its number; ends of stacks last."""
        plan = computed(plan)
        stacks = {}
        for layer in plan["layers"]:
            stacks.setdefault(self.kinds[layer["node"]], []).append(layer)
        order = []
        for stack in stacks.values():
            middle = list(range(1, len(stack) - 1))
            turns = middle[1::2] + middle[0::2] + ([len(stack) - 1] if len(stack) > 1 else [])
            order.append([(stack[index - 1], stack[index]) for index in turns])
        number = round(fractions.Fraction(budget) * len(plan["layers"]))
        turns = [pairs[turn] for turn in range(max(map(len, order))) for pairs in order if turn < len(pairs)]
        if number > len(turns):
            return None
        for below, layer in turns[:number]:
            for head, source in enumerate(layer["heads"]):
                source.update(source="borrowed", terms=[{"weight": 1, "node": below["node"], "head": head}])
        return plan

    def fewer(self, plan, number):
        """The plan with its costliest replacements taken back."""
        order = {}
        for curve in self.document["curves"]:
            for place, head in enumerate(curve["order"]):
                order[(curve["node"], head)] = place / max(1, len(curve["order"]))
        chosen = [(order.get((layer["node"], index), 1), layer["node"], index) for layer in plan["layers"]
                  for index, head in enumerate(layer["heads"]) if head["source"] != "computed"]
        dropped = {(node, index) for _, node, index in sorted(chosen)[number:]}
        for layer in plan["layers"]:
            for index, head in enumerate(layer["heads"]):
                if (layer["node"], index) in dropped:
                    head.clear()
                    head["source"] = "computed"
        return plan


def saving(verdict):
    change = verdict["savings"]["multiplyAdds"]
    return 1 - change["converted"] / change["source"]


if __name__ == "__main__":
    main()
