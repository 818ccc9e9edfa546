"""Tables that scripts write into documents, between two marks."""
import command


def fill(name, script, rows):
    """Puts a table into docs/<name>, between the script's mark and the end mark after it."""
    path = command.ROOT / "docs" / name
    start, end = f"<!-- {script} -->\n", "<!-- end -->\n"
    head, rest = path.read_text(encoding="utf8").split(start)
    tail = rest.split(end, 1)[1]
    path.write_text(f"{head}{start}\n{rows}\n{end}{tail}", encoding="utf8")
