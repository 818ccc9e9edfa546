"""Compiles every example of the library's documentation: those of its articles and those in comments of public
declarations. Prints what does not compile, with the place in the documentation.

    doc_examples.py MODULES [FLAG ...]     MODULES: the folder of a build with ReuseTransformers.swiftmodule
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "Sources/ReuseTransformers"
# What an example may use without saying where it comes from.
GIVEN = ("model: TransformerModel, converted: TransformerModel, embedder: TextEmbedder, generator: TextGenerator, "
         "analyzer: ModelAnalyzer, vectors: Embeddings, texts: [String]")


def articles():
    """Yields (path, first line, code) of the fenced blocks that are marked as Swift."""
    for path in sorted(LIBRARY.rglob("*.md")):
        text = path.read_text()
        for match in re.finditer(r"^```swift\n(.*?)^```$", text, re.M | re.S):
            yield path, text.count("\n", 0, match.start(1)) + 1, match.group(1)


def comments():
    """Yields the same of the indented or fenced blocks in documentation comments."""
    for path in sorted(LIBRARY.rglob("*.swift")):
        block, start, fenced, after_blank = [], 0, False, False
        for number, line in enumerate(path.read_text().split("\n") + [""], 1):
            comment = re.match(r"\s*///(.*)$", line)
            text = comment.group(1) if comment else None
            if text is not None and text.strip().startswith("```"):
                fenced = not fenced and text.strip() == "```swift"
                text = ""
            # An indented block begins after an empty line; elsewhere the indent continues an item of a list.
            if text is not None and (fenced or text.startswith("     ") and (block or after_blank)):
                start = start or number
                block.append(text[1:] if fenced else text[5:])
            elif text is not None and not text.strip() and block:
                block.append("")
            elif block:
                yield path, start, "\n".join(block) + "\n"
                block, start = [], 0
            after_blank = text is not None and not text.strip()


def main():
    modules, flags = sys.argv[1], sys.argv[2:]
    source, count = ["import Foundation\nimport ReuseTransformers\n"], 0
    for path, line, code in [*articles(), *comments()]:
        count += 1
        place = path.relative_to(ROOT)
        source.append(
            f"func example{count}({GIVEN}) async throws {{\n#sourceLocation(file: \"{place}\", line: {line})\n{code}"
            "#sourceLocation()\n}\n")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "Examples.swift"
        file.write_text("\n".join(source))
        result = subprocess.run(
            ["swiftc", "-typecheck", "-swift-version", "6", "-I", modules, *flags, str(file)], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    errors = [line for line in result.stdout.split("\n") if "error:" in line]
    for line in errors or ([result.stdout] if result.returncode else []):
        print(line)
    print(f"doc examples: {len(errors)} errors in {count}" if result.returncode else f"doc examples: {count} compiled")
    return 1 if result.returncode or not count else 0


if __name__ == "__main__":
    sys.exit(main())
