"""The planner's moves side by side: sentence embeddings at equal multiply-adds, each move alone and in the mix.

    scripts/quality-moves --source MODEL --calibration TEXTS [TEXTS …] --sets DIR --heldout TEXTS
                          [--samples 3] [--take 1] [--budgets 15%,25%,40%] [--at 128] [--tokens 48000]
                          [--rows mix,neurons,maps] [--precisions f32,int8] [--threads 2] [--keep FOLDER]
                          [--output table.md]

The sets are those of scripts/quality: DIR holds `*.tsv` files, `score<TAB>sentence<TAB>sentence` a line. The lines of
all calibration texts are dealt in turn to as many samples as asked for, of which --take takes the first so many; each
is analysed once and makes all rows. Rows are kinds of moves, each with `-equal`, `-unhealed` or both behind it:

    mix        convert --budget macs:B@N: the planner chooses among all moves
    neurons    the same with --allow neurons
    maps       the same with --allow reuse,blend,static
    ranks      the same with --allow ranks
    linear     the same with --allow linear
    …-equal    no planner: as many maps, neurons and columns of queries and keys as the row without `-equal` gives up,
               the same share in every layer
    …-unhealed the same plan, nothing repaired but means

`--rows ablation` stands for all of them. A row is missing where its moves cannot save so much.

Columns, one number a sample: saved: multiply-adds of a sequence of 128 tokens, as the cost model counts them; ranks:
attention layers with narrower queries and keys; linear: those that became one matrix; damage: at the output, on the
texts that choose; cosine: mean cosine between the held-out texts' embeddings (mean-pooled, normalised) and the
source's; share: mean Spearman over the sets as a share of the source's; min: the worst set's share.

--keep FOLDER holds analyses and, in results.jsonl, the figures of each model; what is there is not made again. A
folder serves one model and one set of texts.
"""
import copy
import json
import math
import os
import subprocess
import sys
import tempfile

import h5py

import quality_study
from quality import Judge, replaced

ALLOWED = {"mix": None, "neurons": "neurons", "maps": "reuse,blend,static", "ranks": "ranks", "linear": "linear"}
ABLATION = [kind + planner + healing for kind in ALLOWED for planner in ("", "-equal") for healing in ("", "-unhealed")
            if kind + planner != "linear-equal"]
COLUMNS = ("saved", "maps", "neurons", "ranks", "linear", "damage", "cosine", "share", "min")
FORMATS = ("%.1f", "%d", "%d", "%d", "%d", "%.4f", "%.4f", "%.2f", "%.2f")
# What the planner multiplies the damage of the first layer's maps by.
CAUTION = 10


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        study = Study(arguments, arguments.keep or folder, folder)
        lines = ["| asked for | row | bits | %s |" % " | ".join(COLUMNS), "| --- " * (3 + len(COLUMNS)) + "|"]
        samples = range(1, (arguments.take or arguments.samples) + 1)
        for budget in arguments.budgets.split(","):
            for row in ABLATION if arguments.rows == "ablation" else arguments.rows.split(","):
                for precision in arguments.precisions.split(","):
                    figures = [study.figures(sample, budget, row, precision) for sample in samples]
                    if any("share" in one for one in figures):
                        lines.append(line(budget, row, precision, figures))
                        print(lines[-1], file=sys.stderr, flush=True)
        quality_study.write_table(lines, arguments.output)


def parse():
    parser = quality_study.sets_parser(__doc__)
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--take", type=int)
    parser.add_argument("--budgets", default="15%,25%,40%")
    parser.add_argument("--at", type=int, default=128)
    parser.add_argument("--rows", default="mix,neurons,maps,linear")
    parser.add_argument("--precisions", default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep")
    parser.add_argument("--output")
    return parser.parse_args()


def line(budget, row, precision, figures):
    """One line of the table; a dash where a sample's row cannot be made."""
    cells = [" ".join(form % one[name] if name in one else "–" for one in figures)
             for name, form in zip(COLUMNS, FORMATS)]
    return "| %s | %s | %s | %s |" % (budget.replace("%", " %"), row, precision, " | ".join(cells))


class Study:
    """Samples of calibration texts, and what models made with them reach."""

    def __init__(self, arguments, kept, folder):
        self.arguments, self.kept, self.folder = arguments, kept, folder
        os.makedirs(kept, exist_ok=True)
        self.results = os.path.join(kept, "results.jsonl")
        self.known = {}
        if os.path.exists(self.results):
            for text in open(self.results, encoding="utf8"):
                result = json.loads(text)
                self.known[tuple(result["key"])] = result
        self.judge = None
        self.source = self.multiply_adds(arguments.source)

    def run(self, *words, may_fail=False):
        """Runs a command and gives what it says; None where it may refuse and did."""
        words = [self.arguments.bin, *words, "--threads", str(self.arguments.threads)]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0 and not (may_fail and done.returncode == 2):
            sys.exit(done.stderr.decode("utf8"))
        return done.stdout if done.returncode == 0 else None

    def multiply_adds(self, model):
        done = subprocess.run([self.arguments.bin, "inspect", model, "--json"], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)["totals"]["multiplyAdds"]

    def texts(self, sample):
        """The options that give a sample of the calibration texts."""
        path = os.path.join(self.kept, "sample-%d.txt" % sample)
        if not os.path.exists(path):
            lines = [text for name in self.arguments.calibration for text in open(name, encoding="utf8")
                     if text.strip()]
            with open(path, "w", encoding="utf8") as file:
                file.writelines(text.rstrip("\n") + "\n" for text in lines[sample - 1::self.arguments.samples])
        return ["--calibration", path, "--calibration-tokens", str(self.arguments.tokens)]

    def analysis(self, sample):
        path = os.path.join(self.kept, "analysis-%d.json" % sample)
        if not os.path.exists(path):
            self.run("analyze", self.arguments.source, *self.texts(sample), "-o", path)
        return path

    def figures(self, sample, budget, row, precision):
        """What a row reaches; nothing of it where the budget cannot be reached."""
        key = (sample, budget, row, precision)
        if key not in self.known:
            result = {"key": key}
            report = self.converted(sample, "macs:%s@%d" % (budget, self.arguments.at), row, precision)
            if report is not None:
                result.update(self.measured(report))
            with open(self.results, "a", encoding="utf8") as file:
                file.write(json.dumps(result) + "\n")
            self.known[key] = result
        return self.known[key]

    def converted(self, sample, budget, row, precision):
        """Writes the model of a row; gives what the command says, or None."""
        kind, *changes = row.split("-")
        if kind not in ALLOWED or not set(changes) <= {"equal", "unhealed"}:
            sys.exit("unknown row " + row)
        analysis, plan = self.analysis(sample), os.path.join(self.folder, "plan.json")
        allowed = ["--allow", ALLOWED[kind]] if ALLOWED[kind] else []
        convert = ["convert", self.arguments.source, *self.texts(sample), "-o", self.model, "--force", "--json",
                   "--precision", precision]
        if not changes:
            done = self.run(*convert, "--analysis", analysis, "--budget", budget, *allowed, may_fail=True)
            return done and json.loads(done)
        if self.run("plan", analysis, "--budget", budget, *allowed, "-o", plan, "--force", may_fail=True) is None:
            return None
        if "equal" in changes:
            write(plan, self.spread(read(plan), read(analysis)))
        healing = ["--heal", "none"] if "unhealed" in changes else []
        return json.loads(self.run(*convert, "--plan", plan, *healing))

    @property
    def model(self):
        return os.path.join(self.folder, "model.reuse.h5")

    def measured(self, report):
        if self.judge is None:
            self.judge = Judge(self.arguments, self.folder)
        embeddings, held = self.judge.embed(self.model)
        scores, source = self.judge.scores(embeddings), self.judge.source_scores
        sets = {name: 100 * scores[name] / source[name] for name in scores}
        with h5py.File(self.model) as file:
            manifest = json.loads(bytes(file["manifest"][:]))
        plan, healing = manifest["plan"], manifest.get("healing", {})
        linear = {part["node"] for part in plan.get("linear", [])}
        return {
            "saved": 100 * (1 - self.multiply_adds(self.model) / self.source),
            "maps": replaced({"layers": [layer for layer in plan["layers"] if layer["node"] not in linear]}),
            "neurons": gone(plan), "ranks": len(plan.get("ranks", [])), "linear": len(linear),
            "cosine": float((held * self.judge.source_held).sum(1).mean()),
            "share": 100 * sum(scores.values()) / sum(source.values()), "min": min(sets.values()), "sets": sets,
            "damage": healing.get("after", {}).get("pairs", math.nan), "plan": plan, "healing": healing,
            "warnings": report["warnings"],
        }

    # Equal shares

    def spread(self, plan, analysis):
        """A plan that gives up as much of every kind as another one, the same share of it in every layer."""
        number, columns = replaced(plan), sum(part["size"] - part["rank"] for part in plan.get("ranks", []))
        result = self.equal_maps(number, analysis) if number else copy.deepcopy(plan)
        for section in ("neurons", "ranks"):
            result.pop(section, None)
        if gone(plan):
            result["neurons"] = equal_neurons(gone(plan), analysis)
        if columns:
            curves = analysis["ranks"]
            result["ranks"] = [{"node": curve["node"], "size": curve["size"],
                                "rank": curve["size"] - round(columns / len(curves))} for curve in curves]
        return result

    def equal_maps(self, number, analysis):
        """Sources for so many heads by the planner's own rules, as if every layer suffered alike."""
        alike = copy.deepcopy(analysis)
        for layer, curve in enumerate(alike["curves"]):
            # Growing by squares, so that no layer is ahead of another by more than a head.
            curve["points"] = [
                {"heads": count, "difference": {"pairs": count ** 2 / 1e4 / (CAUTION if layer == 0 else 1)}}
                for count in range(1, len(curve["order"]) + 1)]
        analysis, plan = (os.path.join(self.folder, name) for name in ("alike.json", "maps.json"))
        write(analysis, alike)
        self.run("plan", analysis, "--budget", "maps:%d/%d" % (number, len(alike["heads"])), "--allow",
                 ALLOWED["maps"], "-o", plan, "--force")
        return read(plan)


def equal_neurons(number, analysis):
    """The same share of each part's neurons, in the order in which parts can spare them."""
    curves = analysis["neurons"]
    share = number / sum(curve["width"] for curve in curves)
    result = []
    for curve in curves:
        lost = []
        for group in curve["order"]:
            if len(lost) >= share * curve["width"] - 8:
                break
            lost += numbers(group)
        kept = sorted(set(range(curve["width"])) - set(lost))
        result.append({"node": curve["node"], "width": curve["width"], "kept": ranges(kept)})
    return result


def gone(plan):
    """How many neurons a plan leaves out."""
    return sum(part["width"] - len(numbers(part["kept"])) for part in plan.get("neurons", []))


def numbers(text):
    """The numbers of a list such as 0-5,7."""
    result = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        result += range(int(first), int(last or first) + 1)
    return result


def ranges(values):
    """A list such as 0-5,7 of ascending numbers."""
    parts = []
    for value in values:
        if parts and parts[-1][1] == value - 1:
            parts[-1][1] = value
        else:
            parts.append([value, value])
    return ",".join("%d" % first if first == last else "%d-%d" % (first, last) for first, last in parts)


def read(path):
    with open(path, encoding="utf8") as file:
        return json.load(file)


def write(path, document):
    with open(path, "w", encoding="utf8") as file:
        json.dump(document, file)


if __name__ == "__main__":
    main()
