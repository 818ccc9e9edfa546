"""The table of families in README.md, from the checkpoints whose outputs equal the framework's."""
import argparse
import collections
import json
import pathlib
import sys

import command
import samples
from check import OWN, OWN_TOLERANCE, TOLERANCE, measure

DIALECTS = {"hf-tf": "TensorFlow `.h5`", "kerashub": "KerasHub preset", "safetensors": "safetensors"}
MARK, END = "<!-- scripts/readme-table -->\n", "<!-- end -->\n"


def specs():
    folder = command.ROOT / "Sources" / "ArchitectureSpecs" / "Architectures"
    return {spec["name"]: spec for path in sorted(folder.glob("*.json")) if (spec := json.loads(path.read_text()))}


def passing(binary, folders):
    """How many checkpoints of each family and dialect agree."""
    counts, failures = collections.Counter(), []
    for folder in samples.folders(folders):
        reference = samples.reference(folder)
        for model, more in samples.checkpoints(folder):
            try:
                found = json.loads(command.call(binary, "inspect", model, "--json", *more))
                key = (found.get("architecture"), found.get("dialect"))
                if key[1] not in DIALECTS:
                    continue
                worst = measure(binary, model, more, reference)
            except RuntimeError as error:
                failures.append(f"{model}: {error}")
                continue
            if all(error <= (OWN_TOLERANCE if title == OWN else TOLERANCE) for title, error in worst.items()):
                counts[key] += 1
            else:
                failures.append(f"{model}: {worst}")
    return counts, failures


def table(counts):
    lines = [f"| family | {' | '.join(DIALECTS.values())} |", f"| --- |{' ---: |' * len(DIALECTS)}"]
    refused = []
    for name, spec in specs().items():
        if "unsupported" in spec:
            refused.append(f"{spec['title']} ({spec['unsupported'].split(':')[0]})")
            continue
        cells = [
            str(counts[name, dialect]) if counts[name, dialect] else "read" if dialect in spec["tensors"] else "–"
            for dialect in DIALECTS
        ]
        lines.append(f"| {spec['title'].split(':')[0]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\nRecognised and refused by name: " + "; ".join(refused) + ".\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    fixtures = [command.ROOT / "fixtures" / name for name in ("encoder", "families", "heads", "gpt", "t5", "vit")]
    counts, failures = passing(command.find(options.binary), options.folders or fixtures)
    text = table(counts)
    print(text, end="")
    for failure in failures:
        print(failure, file=sys.stderr)
    if options.write:
        path = command.ROOT / "README.md"
        head, rest = path.read_text(encoding="utf8").split(MARK)
        path.write_text(head + MARK + "\n" + text + "\n" + END + rest.split(END, 1)[1], encoding="utf8")


if __name__ == "__main__":
    main()
