"""Mutates plans, analyses and parts of analyses, and gives them to the commands that read them.

Seeds are made of fixtures/ by the command itself: plans with every section (heads of all sources, neurons, linear,
ranks, tokens, exits), the analyses that they come from, and the two parts of one. A mutant is the JSON with a few
changes: keys left out, doubled, renamed or exchanged; values of other kinds, extreme numbers, words of other places;
lists cut, doubled or emptied; or bytes changed anywhere. Commands: validate, convert --plan (with texts, without, and
--dry-run), plan, convert --analysis, merge.

Never: a signal, a status but 0, 2, 4 and 5, more than 20 seconds of processor time, more than 1 GB, an output file with
another status than 0, two equal complaints in one message. What fails is kept in fuzz-findings/; exit status 1.
"""
import argparse
import collections
import copy
import json
import pathlib
import random
import re
import shutil
import sys
import tempfile

import main as mutants

ROOT = mutants.ROOT
ALLOWED = (0, 2, 4, 5)
SECONDS, MEGABYTES = 20, 1024
NUMBERS = ["0", "-0", "-1", "1", "2", "3", "7", "0.5", "1.5", "-0.25", "1e-300", "1e38", "1e300", "1e400", "-1e400",
           "NaN", "Infinity", "9007199254740993", "9223372036854775807", "9223372036854775808",
           "-9223372036854775808", "16777217", "4294967296", "65536"]
WORDS = ["", "0", "0-", "0-0", "5-3", "0-16777216", "0-99999999999999999999", "1,1", "a", "/", "..", "\u0000",
         "\ud83d\ude00", "x" * 100_000, "computed", "hard", "borrowed", "dropped", "identity", "previous", "mean",
         "maps:1/3", "speed:"]


class Object(list):
    """An object of JSON as a list of pairs, so that keys can stand twice."""


class Raw(str):
    """Text that stands in the JSON as it is."""


def dump(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Object):
        return "{" + ",\n".join(json.dumps(key) + ": " + dump(inner) for key, inner in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    return json.dumps(value)


def load(text):
    return json.loads(text, object_pairs_hook=Object)


def places(value, path=()):
    """Paths to all values, lists of numbers taken as one now and then by whoever chooses."""
    yield path
    if isinstance(value, Object):
        for index, (_, inner) in enumerate(value):
            yield from places(inner, path + ((index, True),))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, path + ((index, False),))


def at(value, path):
    for index, in_object in path:
        value = value[index][1] if in_object else value[index]
    return value


def put(value, path, new):
    if not path:
        return new
    holder = at(value, path[:-1])
    index, in_object = path[-1]
    holder[index] = (holder[index][0], new) if in_object else new
    return value


def strange(rng, old, everything):
    """A value that has no business here."""
    if isinstance(old, (int, float)) and not isinstance(old, bool) and rng.random() < 0.6:
        # Near enough to pass for one that was meant.
        return rng.choice([old + 1, old - 1, old * 2, old / 2, 0, -old, old + 0.25])
    if isinstance(old, str) and rng.random() < 0.5:
        words = [at(everything, path) for path in places(everything)]
        return rng.choice([word for word in words if isinstance(word, str)])
    kind = rng.randrange(7)
    if kind < 3:
        return Raw(rng.choice(NUMBERS))
    if kind == 3:
        return rng.choice(WORDS)
    if kind == 4:
        return rng.choice([None, True, False, [], Object()])
    if kind == 5:
        return copy.deepcopy(at(everything, rng.choice(list(places(everything)))))
    depth = rng.choice([2, 60, 300])
    return Raw("[" * depth + "]" * depth)


def change(rng, value):
    where = list(places(value))
    path = rng.choice(where)
    old = at(value, path)
    if isinstance(old, Object) and old and rng.random() < 0.6:
        pairs = Object(old)
        index = rng.randrange(len(pairs))
        kind = rng.randrange(5)
        if kind == 0:
            del pairs[index]
        elif kind == 1:
            pairs.insert(rng.randrange(len(pairs) + 1), (pairs[index][0], strange(rng, pairs[index][1], value)))
        elif kind == 2:
            key = list(pairs[index][0])
            spot = rng.randrange(len(key)) if key else 0
            key[spot:spot + 1] = rng.choice([[], [*key[spot:spot + 1]] * 2, [chr(rng.randrange(97, 123))]])
            pairs[index] = ("".join(key), pairs[index][1])
        elif kind == 3:
            other = rng.randrange(len(pairs))
            first, second = pairs[index], pairs[other]
            pairs[index], pairs[other] = (first[0], second[1]), (second[0], first[1])
        else:
            pairs.append((rng.choice(["exits", "ranks", "tokens", "linear", "neurons", "terms", "node", "x"]),
                          strange(rng, None, value)))
        return put(value, path, pairs)
    if isinstance(old, list) and not isinstance(old, Object) and rng.random() < 0.6:
        items = list(old)
        kind = rng.randrange(4)
        if kind == 0:
            items = items[:rng.randrange(len(items) + 1)]
        elif kind == 1 and items:
            items.insert(rng.randrange(len(items)), copy.deepcopy(rng.choice(items)))
        elif kind == 2 and items:
            first, second = rng.randrange(len(items)), rng.randrange(len(items))
            items[first], items[second] = items[second], items[first]
        else:
            items = items * rng.choice([2, 50])
        return put(value, path, items)
    return put(value, path, strange(rng, old, value))


def mutant(rng, text):
    if rng.random() < 0.2:
        data = bytearray(text.encode())
        for _ in range(rng.randrange(1, 5)):
            spot = rng.randrange(len(data))
            kind = rng.randrange(4)
            if kind == 0:
                data[spot] = rng.randrange(256)
            elif kind == 1:
                del data[spot:spot + rng.randrange(1, 9)]
            elif kind == 2:
                data[spot:spot] = rng.choice(
                    [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\u0000", b"\xff", b"-", b"9" * 40])
            else:
                data = data[:spot] if rng.random() < 0.3 else data
            if not data:
                break
        return bytes(data)
    value = load(text)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        value = change(rng, value)
    return dump(value).encode("utf-8", "surrogatepass")


class Seeds:
    """Documents of every kind, and the models that they are for."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        fixtures = ROOT / "fixtures"
        self.encoder, self.vit = fixtures / "encoder", fixtures / "vit"
        self.texts = folder / "texts.txt"
        lines = (self.encoder / "calibration.txt").read_text().split("\n")[:24]
        self.texts.write_text("".join(line[:40] + "\n" for line in lines if line.strip()))
        calibration = ["--calibration", self.texts, "--max-length", "8"]
        pictures = ["--calibration", self.vit / "calibration.npz", "--calibration-tokens", "1500"]
        self.analysis = self.make("analyze", self.encoder, *calibration, "--also", "hard", out="encoder.json")
        self.pictures = self.make("analyze", self.vit, *pictures, out="vit.json")
        shards = [self.make("analyze", self.encoder, *calibration, "--shard", f"{part}/2", out=f"part{part}.json")
                  for part in (1, 2)]
        plans = []
        for number, words in enumerate([["1/3"], ["macs:12%@8"], ["maps:1/2", "--allow", "reuse,drop,blend,static"],
                                        ["macs:8%@8", "--allow", "hard,ranks"], ["macs:6%@8", "--allow", "linear"]]):
            plans.append((self.make("plan", self.analysis, "--budget", *words, out=f"plan{number}.json"), self.encoder))
        merged = self.make(
            "plan", self.pictures, "--budget", "macs:10%@128", "--allow", "tokens,neurons", out="tokens.json")
        plans.append((merged, self.vit))
        document = json.loads(self.make("plan", self.pictures, "--budget", "maps:0", out="exits.json").read_text())
        document["exits"] = [{"after": "block_2_sum_2", "margin": 0.75, "share": 0.4, "agreement": 0.995}]
        (folder / "exits.json").write_text(json.dumps(document, indent=1))
        plans.append((folder / "exits.json", self.vit))
        self.plans = [(path.read_text(), model) for path, model in plans]
        self.analyses = [(self.analysis.read_text(), self.encoder), (self.pictures.read_text(), self.vit)]
        self.parts = [path.read_text() for path in shards]

    def make(self, *words, out):
        path = self.folder / out
        trial = mutants.Trial(self.binary, [str(word) for word in words] + ["-o", str(path), "--threads", "1"]
                              if words[0] != "plan" else [str(word) for word in words] + ["-o", str(path)])
        if trial.status != 0:
            sys.exit(f"{' '.join(map(str, words))}: {trial.message}")
        return path


def command(rng, seeds, folder):
    """A document's text, and what to run on `folder/mutant.json`."""
    path, out = folder / "mutant.json", folder / "out"
    kind = rng.randrange(10)
    if kind < 6:
        text, model = rng.choice(seeds.plans)
        data = ["--calibration", seeds.texts, "--max-length", "8"] if model == seeds.encoder else [
            "--calibration", model / "calibration.npz", "--calibration-tokens", "800"]
        written = ["-o", f"{out}.reuse.h5", "--threads", "1", "--quiet"]
        return text, rng.choice([
            ["validate", path, "--model", model], ["validate", path, "--model", model, "--json"],
            ["validate", path, "--model", seeds.analysis],
            ["convert", model, "--plan", path, "--heal", "none", *written],
            ["convert", model, "--plan", path, *data, "--dry-run", "--threads", "1"],
            ["convert", model, "--plan", path, *data, *written]])
    if kind < 9:
        text, model = rng.choice(seeds.analyses)
        budget = rng.choice(["1/3", "maps:1/2", "macs:10%@8", "bytes:3%", "speed:1.05x@4x8", "macs:100%@1"])
        return text, rng.choice([
            ["plan", path, "--budget", budget, "-o", f"{out}.json"], ["plan", path, "--curve", "--json"],
            ["plan", path, "--curve", "--allow", rng.choice(["neurons", "ranks,hard", "tokens", "linear"])],
            ["convert", model, "--analysis", path, "--budget", budget, "--calibration", seeds.texts, "--max-length",
             "8", "-o", f"{out}.reuse.h5", "--threads", "1", "--quiet"] if model == seeds.encoder else
            ["validate", seeds.folder / "tokens.json", "--model", path]])
    number = rng.randrange(2)
    other = seeds.folder / f"part{2 - number}.json"
    return seeds.parts[number], ["merge", path, other, "-o", f"{out}.json"]


def problem(trial, folder):
    if trial.status not in ALLOWED:
        return f"status {trial.status}: {trial.message}"
    if trial.seconds > SECONDS or trial.megabytes > MEGABYTES:
        return f"{trial.seconds:.1f} s, {trial.megabytes:.0f} MB"
    if trial.status != 0 and any(folder.glob("out*")):
        return f"status {trial.status} and an output file"
    told = [re.sub(r"^reuseformer: \S*mutant.json: (is not [^:]*: )?", "", part) for part in trial.message.split("; ")]
    twice = [part for part, count in collections.Counter(told).items() if count > 1 and part.startswith("line ")]
    return f"told twice: {twice[0]}" if twice else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=ROOT / ".build/release/reuseformer")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, default=ROOT / "fuzz-findings")
    arguments = parser.parse_args()
    statuses, found, slowest = collections.Counter(), 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        seeds = Seeds(str(arguments.bin), pathlib.Path(name))
        work = pathlib.Path(name) / "work"
        for number in range(arguments.count):
            rng = random.Random(f"{arguments.seed} {number}")
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            text, words = command(rng, seeds, work)
            (work / "mutant.json").write_bytes(mutant(rng, text))
            trial = mutants.Trial(str(arguments.bin), [str(word) for word in words])
            statuses[words[0], trial.status] += 1
            slowest = max(slowest, trial.seconds)
            if wrong := problem(trial, work):
                found += 1
                kept = arguments.keep / f"plan-{arguments.seed}-{number}"
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(work / "mutant.json", kept)
                line = " ".join(map(str, words))
                (kept / "problem.txt").write_text(f"{line}\n{wrong}\n")
                print(f"FOUND {kept.name}: {line}: {wrong}", file=sys.stderr, flush=True)
    for (word, status), count in sorted(statuses.items(), key=str):
        print(f"{word:10} status {status}: {count}")
    print(f"{arguments.count} mutants, {found} findings, slowest {slowest:.1f} s of processor time")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
