"""What the studies of quality share: their options, and where their tables go."""
import argparse
import os


def parser(description):
    """A parser with the options of every study."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    binary = os.path.join(os.path.dirname(__file__), "..", ".build", "release", "reuseformer")
    result.add_argument("--bin", default=binary)
    result.add_argument("--source", required=True)
    result.add_argument("--calibration", nargs="+", required=True)
    result.add_argument("--tokens", type=int, default=48000)
    return result


def sets_parser(description):
    """The same of studies that judge by sets of sentence pairs and by held-out sentences."""
    result = parser(description)
    result.add_argument("--sets", required=True)
    result.add_argument("--heldout", required=True)
    result.add_argument("--heldout-lines", type=int, default=600)
    return result


def write_table(lines, output):
    """Prints a table, and writes it where somebody asked for it."""
    table = "\n".join(lines) + "\n"
    print(table)
    if output:
        with open(output, "w", encoding="utf8") as file:
            file.write(table)
