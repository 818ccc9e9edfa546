import JSON
import Platform

/// The texts, labels or scores of a file, row by row: of a plain one its lines, of a CSV, TSV or JSON Lines file the
/// columns that were named.
package struct TextRecords: ~Copyable {
    /// A row.
    package enum Record: Sendable, Hashable {
        /// A line of a plain file, whose fields, if there are several, have tabs between them.
        case line(String)
        /// The columns that were asked for, in the order of `TableColumns.Contents`.
        case fields([String])
    }

    private let path: String
    private let contents: TableColumns.Contents
    private let isTSV: Bool
    /// Exactly one of the two is there.
    private var lines: TextLines?
    private var rows: SeparatedRecords?
    /// The columns that are read.
    private var columns: [String] = []
    /// Of separated fields: where the columns stand, and how many there are.
    private var places: [Int] = []
    private var width = 0

    /// The line that the last row starts in, from 1 on.
    package private(set) var lineNumber = 0

    /// Opens a file and finds its columns.
    ///
    /// - Parameters:
    ///   - columns: What was named; nothing for plain files.
    ///   - contents: What is wanted of each row.
    /// - Throws: `FileError` for a file that cannot be opened; of kind `unsupported` for a table whose columns were not
    ///   named, for files of other programs; of kind `usage` for columns that are not there, and for columns that were
    ///   named of a file without.
    package init(
        path: String, columns named: TableColumns, contents: TableColumns.Contents
    ) throws(FileError) {
        self.path = path
        self.contents = contents
        lines = nil
        rows = nil
        let ending = TextFormat.ending(of: path)
        let format = named.format ?? TextFormat(endingOf: path)
        let isNamed = named.names(anyOf: contents)
        isTSV = format == .tsv
        if named.format == nil, let what = Self.foreign[ending] {
            throw FileError(
                .unsupported, path: path,
                "is \(what), not texts; save it as CSV or JSON Lines and name its column "
                    + "with \(contents.options)")
        }
        if case .texts(let limit) = contents, named.texts.count > limit {
            throw FileError(.usage, path: path, "the model reads one text at a time; give one --column")
        }
        // Fields of a plain file with tabs between them need no names.
        guard let format, format != .lines, isNamed || format != .tsv else {
            guard !isNamed else {
                throw FileError(
                    .usage, path: path,
                    "columns are named, and it is not known to have any: its name ends in neither .csv, .tsv nor "
                        + ".jsonl; say with --format what it is")
            }
            lines = try TextLines(path: path)
            return
        }
        let names = named.columns(of: contents, in: format)
        columns = names ?? []
        guard let separator = format.separator else {
            lines = try TextLines(path: path)
            if names == nil { throw Self.unnamed(path, contents, known: try Self.members(of: path)) }
            return
        }
        rows = try SeparatedRecords(path: path, separator: separator)
        let header = try rows?.next()?.fields ?? []
        guard let names else { throw Self.unnamed(path, contents, known: header) }
        width = header.count
        for name in names { places.append(try Self.place(of: name, in: header, path)) }
    }

    /// The next row; `nil` after the last one.
    ///
    /// - Throws: `FileError` with the line of a row that has other fields than the first one, of an object without a
    ///   member, of what is not UTF-8.
    package mutating func next() throws(FileError) -> Record? {
        if width > 0 {
            guard let (line, fields) = try rows?.next() else { return nil }
            lineNumber = line
            guard fields.count == width else {
                throw problem(
                    "has \(fields.count) \(fields.count == 1 ? "field" : "fields"), the first row \(width); mend the "
                        + "row, or put fields that hold the separator in quotes")
            }
            return .fields(places.map { fields[$0] })
        }
        while let line = try lines?.next() {
            lineNumber += 1
            guard !columns.isEmpty else {
                try check(line)
                return .line(line)
            }
            // An empty line between objects is nothing.
            if !line.isEmpty { return .fields(try members(of: line)) }
        }
        return nil
    }

    private func problem(_ text: String) -> FileError {
        FileError(.usage, path: path, "line \(lineNumber): \(text)")
    }

    // MARK: Plain lines

    /// Refuses a table that was taken for plain lines, by its first line.
    private func check(_ line: String) throws(FileError) {
        guard isTSV, lineNumber == 1 else { return }
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count > contents.fieldsOfALine else { return }
        throw Self.unnamed(path, contents, known: fields.map(String.init))
    }

    /// Endings of files that hold texts in other programs' forms.
    private static let foreign = [
        "arrow": "an Arrow table", "doc": "a Word document", "docx": "a Word document", "feather": "an Arrow table",
        "json": "one JSON document", "ods": "a spreadsheet", "parquet": "a Parquet table", "pdf": "a PDF document",
        "xls": "a spreadsheet", "xlsx": "a spreadsheet", "xml": "an XML document", "html": "a web page",
        "htm": "a web page",
    ]

    // MARK: Columns

    private static func unnamed(
        _ path: String, _ contents: TableColumns.Contents, known: [String]
    ) -> FileError {
        FileError(
            .unsupported, path: path,
            "is a table, not one text a line: say which column is read with \(contents.options); it has "
                + "\(list(known)) (--format lines takes each line for a text)")
    }

    /// Names as people see them.
    private static func list(_ names: [String]) -> String {
        guard !names.isEmpty else { return "none" }
        let shown = names.prefix(12).map { "\"\($0.prefix(40).printable)\"" }.joined(separator: ", ")
        return names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
    }

    private static func place(of name: String, in header: [String], _ path: String) throws(FileError) -> Int {
        let places = header.indices.filter { header[$0] == name }
        if places.count == 1 { return places[0] }
        guard places.isEmpty else {
            throw FileError(.usage, path: path, "has \(places.count) columns \"\(name.printable)\"; rename all but one")
        }
        var advice = ""
        // Of a table that other programs separate in another way, the whole first row is one name.
        if header.count == 1, let other = header[0].first(where: { ";|\t".contains($0) }) {
            advice = "; its fields seem to be separated by \"\(String(other).printable)\": save it with commas"
        }
        throw FileError(
            .usage, path: path, "has no column \"\(name.printable)\"; it has \(list(header))\(advice)")
    }

    // MARK: JSON Lines

    /// The names of the first object's members.
    private static func members(of path: String) throws(FileError) -> [String] {
        guard path != TextBytes.standardInput else { return [] }
        var lines = try TextLines(path: path)
        guard let line = try lines.next(),
            let document = try? JSONDocument(parsing: Array(line.utf8), limits: .standard)
        else { return [] }
        return document.root.objectValue?.map(\.key) ?? []
    }

    private func members(of line: String) throws(FileError) -> [String] {
        let document: JSONDocument
        do throws(JSONDocument.SyntaxError) {
            document = try JSONDocument(parsing: Array(line.utf8), limits: .standard)
        } catch {
            throw problem(error.message)
        }
        guard let members = document.root.objectValue else { throw problem("is no JSON object") }
        var result: [String] = []
        for name in columns {
            let values = members.filter { $0.key == name }.map(\.value)
            guard let value = values.first else {
                throw problem("has no \"\(name.printable)\"; it has \(Self.list(members.map(\.key)))")
            }
            guard values.count == 1 else { throw problem("has \"\(name.printable)\" twice") }
            guard let text = value.stringValue ?? value.numberText else {
                throw problem("its \"\(name.printable)\" is neither a text nor a number")
            }
            result.append(text)
        }
        return result
    }
}
