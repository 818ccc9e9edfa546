#!/usr/bin/env python3
"""Prepares the pages of the documentation site: the gallery's table, and links that leave the folder of documents.

    scripts/site_pages.py PAGES REPORTS
"""
import json
import os
import pathlib
import re
import sys

from site_gallery import MODELS

#: A link of Markdown: its words and its target.
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


def gallery(reports):
    """A row a report."""
    rows = ["| model | what | multiply-adds | bytes | main metric | |", "| --- | --- | ---: | ---: | ---: | --- |"]
    for name, what, *_ in MODELS:
        document = json.loads((reports / f"{name}.json").read_text(encoding="utf-8"))
        savings = document["savings"]

        def saved(change):
            return "−%.1f %%" % (100 * (1 - change["converted"] / change["source"]))

        # What decides for such a model stands first among the criteria of its verdict.
        wanted = [row["metric"] for row in (document.get("verdict") or {}).get("criteria", [])]
        measured = [row for row in document["metrics"] if not row["metric"].endswith(".saved")]
        quality = next((row for row in measured if row["metric"] in wanted[:1]), measured[0] if measured else None)
        value = "%s %.4f" % (quality["metric"], quality["value"]) if quality else ""
        rows.append(f"| {name} | {what} | {saved(savings['multiplyAdds'])} | {saved(savings['bytes'])} | {value} | "
                    f'<a href="gallery/{name}.html">report</a> |')
    return "\n".join(rows)


def settled(page, text, pages):
    """Links as the site has them; words alone where their target is no page of it."""
    def link(match):
        words, target = match.groups()
        path, _, fragment = target.partition("#")
        if not path or re.match(r"[a-z]+:", target) or target.startswith("swift/"):
            return match.group(0)
        for name in (path, path.removeprefix("../"), path.removeprefix("docs/")):
            place = pages / name if name != path else page.parent / name
            if place.is_dir() and (place / "README.md").exists():
                place = place / "README.md"
            if place.is_file():
                found = os.path.relpath(place, page.parent)
                return f"[{words}]({found}{'#' + fragment if fragment else ''})"
        return words
    return LINK.sub(link, text)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pages, reports = map(pathlib.Path, sys.argv[1:])
    for page in sorted(pages.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        if page.name == "gallery.md":
            text = text.replace("<!-- gallery -->", gallery(reports))
        page.write_text(settled(page, text, pages), encoding="utf-8")


if __name__ == "__main__":
    main()
