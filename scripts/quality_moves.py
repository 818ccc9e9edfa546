"""The planner's moves side by side: sentence embeddings at equal multiply-adds, each move alone and in the mix.

    scripts/quality-moves --source MODEL --calibration TEXTS [TEXTS …] --sets DIR --heldout TEXTS
                          [--budgets 15%,25%,40%] [--at 128] [--tokens 48000] [--rows mix,neurons,maps,equal,unhealed]
                          [--precision int8] [--threads 2] [--output table.md]

The sets are those of scripts/quality: DIR holds `*.tsv` files, `score<TAB>sentence<TAB>sentence` a line. Rows:

    mix        convert --budget macs:B@N: the planner chooses among all moves
    neurons    the same with --allow neurons
    maps       the same with --allow reuse,blend,static; missing where maps cannot save so much
    equal      as many neurons as `neurons` leaves out, the same share of every feed-forward part
    unhealed   the plan of `mix`, nothing repaired but means

ranks: attention layers with narrower queries and keys; saved: multiply-adds of a sequence of 128 tokens, as the cost
model counts them; share: mean Spearman over the sets as a share of the source's; min: the worst set's share; cosine:
mean cosine between the held-out texts' embeddings (mean-pooled, normalised) and the source's.
"""
import json
import os
import subprocess
import sys
import tempfile

import quality_study
from quality import Judge, texts

ALLOWED = {"neurons": "neurons", "maps": "reuse,blend,static"}


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        analysis = os.path.join(folder, "analysis.json")
        run(arguments, "analyze", arguments.source, *texts(arguments), "-o", analysis)
        judge = Judge(arguments, folder)
        lines = ["| asked for | row | saved % | maps | neurons | ranks | cosine | share % | min % |",
                 "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
        for budget in arguments.budgets.split(","):
            for row in arguments.rows.split(","):
                line = measured(arguments, judge, folder, analysis, "macs:%s@%d" % (budget, arguments.at), row)
                if line is not None:
                    lines.append("| %s | %s | %s |" % (budget, row, line))
                    print(lines[-1], file=sys.stderr, flush=True)
        quality_study.write_table(lines, arguments.output)


def parse():
    parser = quality_study.sets_parser(__doc__)
    parser.add_argument("--budgets", default="15%,25%,40%")
    parser.add_argument("--at", type=int, default=128)
    parser.add_argument("--rows", default="mix,neurons,maps,equal,unhealed")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output")
    return parser.parse_args()


def run(arguments, *words, may_fail=False):
    """Runs a command; false where it may refuse and did."""
    done = subprocess.run([arguments.bin, *words, "--threads", str(arguments.threads)], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode != 0 and not (may_fail and done.returncode == 2):
        sys.exit(done.stderr.decode("utf8"))
    return done.returncode == 0


def measured(arguments, judge, folder, analysis, budget, row):
    """Converts and judges one row; None where the budget cannot be reached."""
    model, report = os.path.join(folder, "model.reuse.h5"), os.path.join(folder, "plan.json")
    convert = ["convert", arguments.source, *texts(arguments), "-o", model, "--force", "--precision",
               arguments.precision]
    allowed = ["--allow", ALLOWED["neurons" if row == "equal" else row]] if row in ("neurons", "maps", "equal") else []
    if row in ("equal", "unhealed"):
        if not run(arguments, "plan", analysis, "--budget", budget, *allowed, "-o", report, "--force", may_fail=True):
            return None
        plan = json.load(open(report, encoding="utf8"))
        if row == "equal":
            spread_evenly(plan, json.load(open(analysis, encoding="utf8")))
        with open(report, "w", encoding="utf8") as file:
            json.dump(plan, file)
        run(arguments, *convert, "--plan", report, *(["--heal", "none"] if row == "unhealed" else []))
    elif not run(arguments, *convert, "--analysis", analysis, "--budget", budget, *allowed, may_fail=True):
        return None
    line = judge.line(model, row, 0).split("|")
    document, source = (json.loads(subprocess.run([arguments.bin, "inspect", path, "--json"], stdout=subprocess.PIPE,
                                                  check=True).stdout) for path in (model, arguments.source))
    plan = document["plan"]
    heads = [head for layer in plan["layers"] for head in layer["heads"]]
    saved = 1 - document["totals"]["multiplyAdds"] / source["totals"]["multiplyAdds"]
    gone = sum(part["width"] - len(numbers(part["kept"])) for part in plan.get("neurons", []))
    return "%.1f | %d | %d | %d | %s | %s | %s" % (
        100 * saved, sum(head["source"] != "computed" for head in heads), gone, len(plan.get("ranks", [])),
        *(cell.strip() for cell in line[3:6]))


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


def spread_evenly(plan, analysis):
    """The same share of each part's neurons, as many in all as the plan leaves out."""
    gone = sum(part["width"] - len(numbers(part["kept"])) for part in plan.get("neurons", []))
    curves = analysis["neurons"]
    share = gone / sum(curve["width"] for curve in curves)
    plan["neurons"] = []
    for curve in curves:
        lost = []
        for group in curve["order"]:
            if len(lost) >= share * curve["width"] - 8:
                break
            lost += numbers(group)
        kept = sorted(set(range(curve["width"])) - set(lost))
        plan["neurons"].append({"node": curve["node"], "width": curve["width"], "kept": ranges(kept)})


if __name__ == "__main__":
    main()
