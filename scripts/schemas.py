"""Validates documents against schemas/; run by scripts/check-schemas.

Which schema a document has to meet is told by its name (`plan.json`, `plan-1-3.json` → plan) or, for the manifest,
by where it stands: the dataset /manifest of a .reuse.h5. Fails when a kind of document is not found at all, so that a
renamed file cannot slip past the check.
"""
import json
import pathlib
import re
import sys

import h5py
import jsonschema

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "schemas"
# Where documents are looked for, and of which kinds. What tests write and keep lies in .build/documents.
FOLDERS = [ROOT / ".demo", ROOT / ".build" / "documents", ROOT / "fixtures"]
KINDS = {
    "plan": r"plan", "analysis": r"analysis", "report": r"report|verification", "graph": r"graph",
    "evaluation": r"evaluation", "analysis-part": r"shard",
}
EXPECTED = {"plan", "analysis", "report", "manifest", "architecture", "configuration-keys",
            "keras-layer", "analysis-part"}


def load_schemas():
    validators = {}
    for path in sorted(SCHEMAS.glob("*.schema.json")):
        document = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(document)
        # Without the other schemas: each is complete in itself (scripts/bundle-schemas).
        validators[path.name.removesuffix(".schema.json")] = jsonschema.Draft202012Validator(document)
    return validators


def documents():
    """Yields (kind, place, document)."""
    specs = [*ROOT.glob("Sources/ArchitectureSpecs/**/*.json"), *ROOT.glob("Sources/KerasModels/**/*.json")]
    for path in sorted(specs):
        kind = {"LayerSpecs": "keras-layer", "Keys": "configuration-keys"}.get(path.parent.name, "architecture")
        yield kind, path.relative_to(ROOT), json.loads(path.read_text())
    for path in sorted(ROOT.glob("Examples/keras-layer/*.json")):
        yield "keras-layer", path.relative_to(ROOT), json.loads(path.read_text())
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.json")) if folder.is_dir() else []:
            for kind, pattern in KINDS.items():
                if re.fullmatch(rf"(?:{pattern})(?:[-_.].*)?", path.stem):
                    yield kind, path.relative_to(ROOT), json.loads(path.read_text())
        for path in sorted(folder.rglob("*.reuse.h5")) if folder.is_dir() else []:
            with h5py.File(path, "r") as file:
                text = file["manifest"][()]
            text = text.tobytes() if hasattr(text, "tobytes") else text
            manifest = json.loads(bytes(text).rstrip(b"\0"))
            yield "manifest", f"{path.relative_to(ROOT)}/manifest", manifest
            if "graph" in manifest:
                yield "graph", f"{path.relative_to(ROOT)}/manifest#graph", manifest["graph"]


def main():
    validators = load_schemas()
    checked, failed = {}, 0
    for kind, place, document in documents():
        if kind not in validators:
            print(f"{place}: there is no schemas/{kind}.schema.json")
            failed += 1
            continue
        checked[kind] = checked.get(kind, 0) + 1
        for error in sorted(validators[kind].iter_errors(document), key=lambda error: list(error.absolute_path))[:5]:
            print(f"{place}: {error.json_path}: {error.message[:200]} ({kind}.schema.json)")
            failed += 1
    for kind in sorted(EXPECTED - checked.keys()):
        print(f"no {kind} document was found: run `make test` and `make demo` first")
        failed += 1
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(checked.items()))
    print(f"schemas: {len(validators)} schemas, documents checked: {summary or 'none'}; {failed} complaints")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
