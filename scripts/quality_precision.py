"""Quality, size and memory of a model at every precision, at the model's own task.

    scripts/quality-precision --source MODEL --calibration DATA [DATA …] --task KIND DATA [--tokens 48000]
                              [--kinds bf16,int8,weights-int8,weights-int4] [--output table.md]

KIND and DATA are what `reuseformer eval` takes: `texts` (perplexity), `images`, `answers`, `labelled` (accuracy).
Memory is the most that the process of `eval` held, on one thread.
"""
import json
import os
import subprocess
import tempfile

import quality_study

OPTIONS = {"bf16": ("--precision", "bf16"), "int8": ("--precision", "int8"),
           "weights-int8": ("--weights", "int8"), "weights-int4": ("--weights", "int4")}


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        lines, source = [], None
        for kind in ["source"] + arguments.kinds.split(","):
            path = arguments.source if kind == "source" else convert(arguments, folder, kind)
            result, memory = judge(arguments, folder, path)
            if source is None:
                source = result
                lines = ["| kind | MB | memory, MB | %s | change |" % result["metric"],
                         "| --- | ---: | ---: | ---: | ---: |"]
            lines.append("| %s | %.2f | %.1f | %s | %s |" % (
                kind, size(path) / 1e6, memory / 1e6, shown(result, result["value"]), change(result, source)))
    quality_study.write_table(lines, arguments.output)


def parse():
    parser = quality_study.parser(__doc__)
    parser.add_argument("--task", nargs=2, required=True, metavar=("KIND", "DATA"))
    parser.add_argument("--kinds", default=",".join(OPTIONS))
    parser.add_argument("--output")
    return parser.parse_args()


def convert(arguments, folder, kind):
    path = os.path.join(folder, kind + ".reuse.h5")
    subprocess.run(
        [arguments.bin, "convert", arguments.source, "--calibration", *arguments.calibration, "--calibration-tokens",
         str(arguments.tokens), *OPTIONS[kind], "-o", path, "--quiet"], stdout=subprocess.DEVNULL, check=True)
    return path


def judge(arguments, folder, path):
    """What the task says, and the most memory of the process that asked it."""
    kind, data = arguments.task
    output = os.path.join(folder, "evaluation.json")
    with open(output, "wb") as file:
        process = subprocess.Popen(
            [arguments.bin, "eval", path, "--" + kind, data, "--threads", "1", "--json", "--quiet"], stdout=file)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("eval of %s: exit %d" % (path, process.returncode))
    with open(output, encoding="utf8") as file:
        result = json.load(file)["results"][0]
    return {"metric": result["measure"], "value": result["values"][0]}, usage.ru_maxrss * 1024


def size(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    endings = (".h5", ".keras", ".safetensors")
    return sum(os.path.getsize(os.path.join(path, name)) for name in os.listdir(path) if name.endswith(endings))


def shown(result, value):
    return "%.2f %%" % (100 * value) if result["metric"] == "accuracy" else "%.4f" % value


def change(result, source):
    if result is source:
        return ""
    if result["metric"] == "accuracy":
        return "%+.2f points" % (100 * (result["value"] - source["value"]))
    return "%+.2f %%" % (100 * (result["value"] / source["value"] - 1))


if __name__ == "__main__":
    main()
