import Platform

/// The right numbers for items: what a model that gives numbers is measured by.
package struct NumberLabels {
    /// By the output's name, one an item; the only output of a model has none.
    package let items: [[String: [Float]]]

    /// - Parameter path: A line an item, with a number, or several separated by commas, spaces or tabs; a column of a
    ///   table; or a `.npy`, or an `.npz` with `out` or `out.<output>`.
    package init(_ path: String, _ columns: TableColumns) throws(FileError) {
        if path.hasSuffix(".npy") || path.hasSuffix(".npz") {
            items = try LabelArrays.read(path: path)
            return
        }
        var records = try TextRecords(path: path, columns: columns, contents: .labels)
        var items: [[String: [Float]]] = []
        while let record = try records.next() {
            let label =
                switch record {
                case .line(let line): line
                case .fields(let fields): fields.first ?? ""
                }
            items.append(["": try Self.numbers(label, path: path, line: records.lineNumber)])
        }
        self.items = items
    }

    /// Labels in memory.
    package init(_ labels: [String]) throws(FileError) {
        var items: [[String: [Float]]] = []
        for (number, label) in labels.enumerated() {
            items.append(["": try Self.numbers(label, path: "labels", line: number + 1)])
        }
        self.items = items
    }

    /// The numbers of a label.
    package static func numbers(_ label: String, path: String, line: Int) throws(FileError) -> [Float] {
        let words = label.split { $0 == "," || $0.isWhitespace }
        let numbers = words.compactMap { Float($0) }.filter(\.isFinite)
        guard !words.isEmpty, numbers.count == words.count else {
            throw FileError(
                .usage, path: path, "line \(line): \"\(label)\" is no number, and the model gives numbers")
        }
        return numbers
    }
}
