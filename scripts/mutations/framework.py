"""What models compute in their own frameworks, one process a framework, and whether outputs are the same."""
import json
import os
import subprocess

import numpy

TOLERANCE = 1e-4


class Framework:
    """The frameworks that one Python has."""

    def __init__(self, python):
        self.python, self.processes = python, {}

    def outputs(self, name, path, inputs):
        """Outputs of a model, or why there are none; None without a framework.

        `name`: keras3, keras2, kerashub or transformers.
        """
        if not self.python:
            return None
        if name not in self.processes:
            script = "transformers_outputs.py" if name == "transformers" else "keras_outputs.py"
            self.processes[name] = subprocess.Popen(
                [self.python, os.path.join(os.path.dirname(os.path.abspath(__file__)), script), name],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        process = self.processes[name]
        process.stdin.write(json.dumps([path, inputs]) + "\n")
        process.stdin.flush()
        reply = process.stdout.readline()
        if not reply:
            del self.processes[name]
            return "the framework ended"
        reply = json.loads(reply)
        return dict(numpy.load(reply["outputs"])) if "outputs" in reply else reply["error"]


def serve(compute):
    """The other side: `compute(path, inputs)` gives arrays by name."""
    import sys
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        path, inputs = json.loads(line)
        try:
            target = inputs + ".framework.npz"
            numpy.savez(target, **compute(path, inputs))
            reply = {"outputs": target}
        except Exception as error:  # noqa: BLE001 — whatever a framework says about a changed model
            reply = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(reply), file=replies, flush=True)


def close(left, right, tolerance=TOLERANCE, mask=None, partly=False, texts=None):
    """Whether the outputs of the left are those of the right, to a share of the largest where that is above 1.

    `mask`: positions that count, of outputs with a row a token; `texts`: texts, of outputs with a row a text.
    `partly`: outputs that only one side has are passed over.
    """
    compared = 0
    for name, wanted in right.items():
        found = left.get(name)
        if found is None and partly:
            continue
        if found is None or found.shape != wanted.shape:
            return False
        if mask is not None and wanted.shape[-3:-1] == mask.shape:
            found, wanted = found[..., mask, :], wanted[..., mask, :]
        elif mask is not None and wanted.shape[:2] == mask.shape:
            found, wanted = found[mask], wanted[mask]
        elif texts is not None and len(wanted) == len(texts):
            found, wanted = found[texts], wanted[texts]
        scale = max(1.0, float(numpy.abs(wanted).max(initial=0)))
        if not numpy.allclose(found, wanted, rtol=0, atol=tolerance * scale, equal_nan=True):
            return False
        compared += 1
    return compared > 0
