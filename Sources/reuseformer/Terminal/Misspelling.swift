import ArgumentParser

/// A command or an option that does not exist, found before anything is said about what is missing: a mistyped
/// `--budegt` is no missing `--budget`.
struct Misspelling: CustomStringConvertible {
    /// As a sentence for people.
    let description: String

    /// The first word of a command line that names nothing; `nil` where all do.
    init?(in arguments: [String]) {
        let root = Reuseformer.self
        guard let first = arguments.first else { return nil }
        let commands = root.configuration.subcommands + root.configuration.groupedSubcommands.flatMap(\.subcommands)
        let named = commands.map { (name: Self.name(of: $0), type: $0) }
        if !first.hasPrefix("-"), first != "help" {
            guard let command = named.first(where: { $0.name == first })?.type else {
                self.init("command", first, known: named.map(\.name) + ["help"])
                return
            }
            let known = Self.options(of: command)
            guard let unknown = Self.longOptions(in: arguments.dropFirst()).first(where: { !known.contains($0) }) else {
                return nil
            }
            self.init("option", unknown, known: known.sorted())
        } else if first.hasPrefix("--") {
            let known = Self.options(of: root).union(["--generate-completion-script"])
            guard let unknown = Self.longOptions(in: arguments[...]).first, !known.contains(unknown),
                !unknown.hasPrefix("--experimental-"), !unknown.hasPrefix("--help")
            else { return nil }
            self.init("option", unknown, known: known.sorted())
        } else {
            return nil
        }
    }

    private init(_ kind: String, _ word: String, known: [String]) {
        let near = known.map { (name: $0, distance: Self.distance(word, $0)) }.min { $0.distance < $1.distance }
        let advice = near.flatMap { $0.distance <= max(2, word.count / 4) ? " Did you mean '\($0.name)'?" : nil }
        description = "Unknown \(kind) '\(Terminal.escaped(word))'.\(advice ?? " See 'reuseformer --help'.")"
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? String(describing: command).lowercased()
    }

    /// Long options of a command, as its help lists them.
    private static func options(of command: any ParsableCommand.Type) -> Set<String> {
        let help = Reuseformer.helpMessage(for: command, includeHidden: true, columns: 400)
        var names: Set<String> = ["--help", "--help-hidden", "--version"]
        for line in help.split(separator: "\n") where line.hasPrefix("  -") {
            // `  -o, --output <file>  …`: names stand before the two spaces in front of the explanation.
            let words = line.dropFirst(2).split(separator: " ")
            names.formUnion(
                words.prefix { $0.hasPrefix("-") || $0.hasPrefix("<") }
                    .flatMap { $0.split(separator: "/") }
                    .map { String($0.hasSuffix(",") ? $0.dropLast() : $0) }.filter { $0.hasPrefix("--") })
        }
        return names
    }

    /// Long options that a command line gives, without their values.
    private static func longOptions(in arguments: ArraySlice<String>) -> [String] {
        arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
            .map { String($0.prefix { $0 != "=" }) }
    }

    /// Letters to put in, take out or replace; two that changed places count once.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left), right = Array(right)
        var rows = [[Int](0...right.count)]
        for row in 0..<left.count {
            var next = [row + 1]
            for column in 0..<right.count {
                var best = min(rows[row][column + 1] + 1, next[column] + 1)
                best = min(best, rows[row][column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, rows[row - 1][column - 1] + 1)
                }
                next.append(best)
            }
            rows.append(next)
        }
        return rows[left.count][right.count]
    }
}
