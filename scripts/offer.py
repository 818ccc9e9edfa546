"""What conversion offers: one model of sentence embeddings beside what can be made of it, as a Markdown table.

    scripts/offer --source MODEL --calibration TEXTS [TEXTS …] --sets DIR --heldout TEXTS [--shape 32x128]
                  [--threads 1] [--rounds 5] [--rows 1,3,4] [--tokens 48000] [--keep DIR]

The sets are those of scripts/quality: DIR holds `*.tsv` files, `score<TAB>sentence<TAB>sentence` a line. Rows: the
source, half of its maps, a quarter of its arithmetic, and each of these in 8 bits. Columns: megabytes of the file with
what is needed to run it; texts a second of `bench`, all models in turns; mean Spearman over the sets as a share of the
source's; mean cosine of the held-out texts' embeddings to the source's.
"""
import json
import os
import statistics
import subprocess
import tempfile

import numpy as np

import quality_study
from quality import Judge, command, texts

ROWS = {
    "half of the maps": ["--budget", "1/2"],
    "a quarter of the arithmetic": ["--budget", "macs:25%@128"],
    "8 bits": ["--precision", "int8"],
    "8 bits, half of the maps": ["--budget", "1/2", "--precision", "int8"],
    "8 bits, a quarter of the arithmetic": ["--budget", "macs:25%@128", "--precision", "int8"],
}


def parse():
    parser = quality_study.sets_parser(__doc__)
    parser.add_argument("--shape", default="32x128")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", help="numbers of the rows below the source, as 1,3,4; default: all")
    parser.add_argument("--keep", help="where the models stay, and are taken from if they are there already")
    return parser.parse_args()


def size(path):
    """Bytes of a file, or of the weights and the tokenizer in a folder."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())


def speeds(arguments, models):
    """Seconds of a pass, model by model, round by round."""
    found = [[] for _ in models]
    for _ in range(arguments.rounds):
        words = [arguments.bin, "bench", *models, "--shape", arguments.shape, "--threads", arguments.threads, "--json"]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for turns, result in zip(found, json.loads(done.stdout)["results"]):
            turns.append(result["seconds"])
    return found


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        kept = arguments.keep or folder
        os.makedirs(kept, exist_ok=True)
        analysis = os.path.join(kept, "analysis.json")
        if not os.path.exists(analysis):
            command(arguments, "analyze", arguments.source, *texts(arguments), "-o", analysis)
        models = {"source": arguments.source}
        chosen = [int(number) for number in arguments.rows.split(",")] if arguments.rows else range(1, len(ROWS) + 1)
        for name, options in [list(ROWS.items())[number - 1] for number in chosen]:
            models[name] = os.path.join(kept, name.replace(" ", "-").replace(",", "") + ".reuse.h5")
            if not os.path.exists(models[name]):
                given = ["--analysis", analysis] if "--budget" in options else []
                command(arguments, "convert", arguments.source, *texts(arguments), *given, *options, "-o", models[name])
        turns = speeds(arguments, list(models.values()))
        judge = Judge(arguments, folder)
        batch = int(arguments.shape.split("x")[0])
        print("| model | MB | of the source | texts a second | times the source | task score kept | cosine |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        for (name, path), times in zip(models.items(), turns):
            rows, held = judge.embed(path)
            scores = judge.scores(rows)
            share = 100 * sum(scores.values()) / sum(judge.source_scores.values())
            ratio = statistics.median(one / other for one, other in zip(turns[0], times))
            cosine = float(np.mean((held * judge.source_held).sum(1)))
            print("| %s | %.1f | %.0f %% | %.0f | %.2f | %.2f %% | %.4f |" % (
                name, size(path) / 1e6, 100 * size(path) / size(arguments.source), batch / min(times), ratio, share,
                cosine), flush=True)


if __name__ == "__main__":
    main()
