/// Names that differ in numbers alone, as one: `layer.{0..11}.weight`.
package struct NameFold: Sendable, Hashable {
    /// The names in one text. Numbers that follow one another are written as `0..11`, others as `0,3,7`.
    package let text: String
    /// Places of the names among those that were given, in their order.
    package let members: [Int]

    /// Folds names.
    ///
    /// Where several numbers differ, names are one only if every combination is there: `{0..3}.expert.{0..7}` are 32.
    ///
    /// - Parameters:
    ///   - names: The names.
    ///   - kinds: What each of them is of: names of different kinds are never one.
    /// - Returns: The folds in the order of their first names; each name is in one of them.
    package static func folding<Kind: Hashable>(_ names: [String], kinds: [Kind]) -> [NameFold] {
        var rows: [Alike<Kind>: [Row]] = [:]
        for (index, name) in names.enumerated() {
            let parts = parts(of: name)
            rows[Alike(texts: parts.texts, kind: kinds[index]), default: []]
                .append(Row(numbers: parts.numbers, index: index))
        }
        let folds = rows.flatMap { alike, rows in
            boxes(of: rows, from: 0).map { box in
                NameFold(text: text(alike.texts, box.values), members: box.members.sorted())
            }
        }
        return folds.sorted { ($0.members.first ?? 0) < ($1.members.first ?? 0) }
    }

    /// A name whose numbers are written as they are in none: what names of one kind have in common.
    package static func pattern(of name: String) -> [String] { parts(of: name).texts }

    // MARK: Numbers

    /// A number as it is written.
    private struct Number: Hashable, Comparable {
        let text: Substring
        let value: Int

        /// Those with zeros in front are numbers of another kind.
        private var isPlain: Int { text.utf8.count == 1 || text.first != "0" ? 1 : 0 }

        static func < (left: Number, right: Number) -> Bool {
            (left.isPlain, left.value, left.text) < (right.isPlain, right.value, right.text)
        }
    }

    /// Numbers of a name that are looked at; the rest is text.
    private static let most = 8

    /// What names have in common that may be one.
    private struct Alike<Kind: Hashable>: Hashable {
        let texts: [String]
        let kind: Kind
    }

    private struct Row {
        let numbers: [Number]
        let index: Int
    }

    /// All combinations of some numbers at each place.
    private struct Box {
        var values: [[Number]]
        var members: [Int]
    }

    /// What stands between the numbers of a name, and the numbers.
    private static func parts(of name: String) -> (texts: [String], numbers: [Number]) {
        var texts = [""], numbers: [Number] = []
        var rest = name[...]
        while let start = rest.firstIndex(where: isDigit) {
            let end = rest[start...].firstIndex { !isDigit($0) } ?? rest.endIndex
            texts[texts.count - 1].append(contentsOf: rest[..<start])
            // What is longer counts nothing, and no layer is nested so deep.
            if numbers.count < most, rest[start..<end].utf8.count <= 9, let value = Int(rest[start..<end]) {
                numbers.append(Number(text: rest[start..<end], value: value))
                texts.append("")
            } else {
                texts[texts.count - 1].append(contentsOf: rest[start..<end])
            }
            rest = rest[end...]
        }
        texts[texts.count - 1].append(contentsOf: rest)
        return (texts, numbers)
    }

    private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }

    /// Boxes that hold the rows and nothing else, by the numbers from a place on.
    private static func boxes(of rows: [Row], from place: Int) -> [Box] {
        guard let first = rows.first, place < first.numbers.count else {
            return [Box(values: [], members: rows.map(\.index))]
        }
        let byNumber = Dictionary(grouping: rows) { $0.numbers[place] }.sorted { $0.key < $1.key }
        // Numbers behind which the same follows are one.
        var found: [[[[Number]]]: [(number: Number, boxes: [Box])]] = [:]
        for (number, rows) in byNumber {
            let inner = boxes(of: rows, from: place + 1)
            found[inner.map(\.values), default: []].append((number, inner))
        }
        return found.values.flatMap { alike in
            (alike.first?.boxes ?? []).indices.map { index in
                Box(
                    values: [alike.map(\.number)] + (alike.first?.boxes[index].values ?? []),
                    members: alike.flatMap { $0.boxes[index].members })
            }
        }
    }

    private static func text(_ texts: [String], _ values: [[Number]]) -> String {
        zip(texts, values).reduce(into: "") { $0 += $1.0 + text($1.1) } + (texts.last ?? "")
    }

    /// `7`, or `{0..3,7}`.
    private static func text(_ numbers: [Number]) -> String {
        guard numbers.count > 1 else { return numbers.first.map { String($0.text) } ?? "" }
        var runs: [[Number]] = []
        for number in numbers {
            if let last = runs.last?.last, last.value + 1 == number.value {
                runs[runs.count - 1].append(number)
            } else {
                runs.append([number])
            }
        }
        let parts = runs.map { run in
            run.count > 2
                ? "\(run[0].text)..\(run[run.count - 1].text)" : run.map { String($0.text) }.joined(separator: ",")
        }
        return "{" + parts.joined(separator: ",") + "}"
    }
}
