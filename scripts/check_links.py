#!/usr/bin/env python3
"""Checks every link of a static site that stays on it: files, and places in pages.

    scripts/check_links.py FOLDER

Pages below swift/ are made by DocC and build themselves in the browser: links into them are checked for their file,
their own links are DocC's.
"""
import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    """Links and places of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.places.update(value for key, value in attributes if key in ("id", "name") and value)
        for key in ("href", "src"):
            if values.get(key):
                self.links.append(values[key])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1]).resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html"))
             if "swift" not in path.relative_to(root).parts[:1]}
    if not pages:
        sys.exit(f"check_links.py: {root}: holds no pages")
    broken, count, outside = [], 0, set()
    for path, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                if parts.scheme not in ("data", "mailto"):
                    outside.add(parts.netloc)
                continue
            count += 1
            name = urllib.parse.unquote(parts.path)
            target = path if not name else root / name.lstrip("/") if name.startswith("/") else path.parent / name
            target = target.resolve()
            target = target / "index.html" if target.is_dir() else target
            where = f"{path.relative_to(root)}: {link}"
            if target.is_relative_to(root / "swift") and not (root / "swift").exists():
                continue  # a site that was built without the library's documentation
            if not target.is_relative_to(root) or not target.is_file():
                broken.append(f"{where}: no such file")
            elif parts.fragment and target in pages and (
                    urllib.parse.unquote(parts.fragment) not in pages[target].places):
                broken.append(f"{where}: no such place")
    print(*broken, sep="\n")
    print(f"links: {count} on {len(pages)} pages, {len(broken)} broken; others lead to: {', '.join(sorted(outside))}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
