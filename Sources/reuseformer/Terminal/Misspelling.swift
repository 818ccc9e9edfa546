import ArgumentParser
import Platform

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
                // `version` is an option here.
                let option = ["--" + first].filter(Self.options(of: root).contains)
                self.init("command", first, known: option + named.map(\.name) + ["help"], meant: option.first)
                return
            }
            let known = Self.options(of: command)
            if let unknown = Self.longOptions(in: arguments.dropFirst()).first(where: { !known.contains($0) }) {
                self.init("option", unknown, known: known.sorted())
                return
            }
            guard let surplus = Self.surplus(in: arguments.dropFirst(), of: command) else { return nil }
            let advice = known.contains("--texts") ? " Texts are read from files: --texts FILE, or --texts -." : ""
            self.init(description: "Unexpected argument '\(Terminal.escaped(surplus))'.\(advice)")
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

    private init(description: String) { self.description = description }

    private init(_ kind: String, _ word: String, known: [String], meant: String? = nil) {
        let advice = (meant ?? nearestName(to: word, among: known)).map { " Did you mean '\($0)'?" }
        description = "Unknown \(kind) '\(Terminal.escaped(word))'.\(advice ?? " See 'reuseformer --help'.")"
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? String(describing: command).lowercased()
    }

    /// Long options of a command, as its help lists them.
    private static func options(of command: any ParsableCommand.Type) -> Set<String> {
        let names = spellings(of: command).flatMap(\.names).filter { $0.hasPrefix("--") }
        return Set(names + ["--help", "--help-hidden", "--version"])
    }

    /// The options of a command with all their names, and whether they take a value, as its help lists them.
    private static func spellings(of command: any ParsableCommand.Type) -> [(names: [String], takesValue: Bool)] {
        help(for: command).filter { $0.hasPrefix("  -") }.map { line in
            // `  -o, --output <file>  …`: names stand before the two spaces in front of the explanation.
            let words = line.dropFirst(2).split(separator: " ").prefix { $0.hasPrefix("-") || $0.hasPrefix("<") }
            let names = words.filter { $0.hasPrefix("-") }.flatMap { $0.split(separator: "/") }
            return (
                names.map { String($0.hasSuffix(",") ? $0.dropLast() : $0) }, words.contains { $0.hasPrefix("<") }
            )
        }
    }

    private static func help(for command: any ParsableCommand.Type) -> [Substring] {
        Reuseformer.helpMessage(for: command, includeHidden: true, columns: 400).split(separator: "\n")
    }

    /// The first argument that a command has no place for.
    private static func surplus(
        in arguments: ArraySlice<String>, of command: any ParsableCommand.Type
    ) -> String? {
        let lines = help(for: command)
        let places = lines.count { $0.hasPrefix("  <") }
        if lines.contains(where: { $0.hasPrefix("USAGE:") && $0.hasSuffix("> ...") }) { return nil }
        let takers = Set(spellings(of: command).filter(\.takesValue).flatMap(\.names))
        var given = 0
        var isValue = false
        for argument in arguments.prefix(while: { $0 != "--" }) {
            defer { isValue = takers.contains(argument) }
            if isValue || argument.hasPrefix("-") && argument != "-" { continue }
            given += 1
            if given > places { return argument }
        }
        return nil
    }

    /// Long options that a command line gives, without their values.
    private static func longOptions(in arguments: ArraySlice<String>) -> [String] {
        arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
            .map { String($0.prefix { $0 != "=" }) }
    }
}
