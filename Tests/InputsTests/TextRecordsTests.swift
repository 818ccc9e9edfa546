import Foundation
import Inputs
import Platform
import TestSupport
import Testing

@Suite("Texts in tables")
struct TextRecordsTests {
    private let scratch = Scratch()

    private func records(
        _ name: String, _ bytes: some Collection<UInt8>, _ columns: TableColumns,
        _ contents: TableColumns.Contents = .texts(atMost: 1)
    ) throws -> [TextRecords.Record] {
        try Data(bytes).write(to: scratch.url(name))
        var records = try TextRecords(path: scratch(name), columns: columns, contents: contents)
        var found: [TextRecords.Record] = []
        while let record = try records.next() { found.append(record) }
        return found
    }

    private func error(
        _ name: String, _ text: String, _ columns: TableColumns = TableColumns(),
        _ contents: TableColumns.Contents = .texts(atMost: 1)
    ) throws -> FileError {
        do {
            let found = try records(name, text.utf8, columns, contents)
            Issue.record("was read: \(found)")
        } catch let error as FileError {
            return error
        }
        return FileError(.defect, path: name, "no error")
    }

    @Test(
        "fields are those of RFC 4180: quotes, doubled quotes, separators and line ends inside them",
        arguments: [
            ("id,text\n1,plain\n", ["plain"]), ("id,text\r\n1,plain\r\n2,more", ["plain", "more"]),
            ("id,text\r1,old\r2,mac\r", ["old", "mac"]), ("id,text\n1,\"a, b\"\n", ["a, b"]),
            ("id,text\n1,\"say \"\"hi\"\"\"\n", ["say \"hi\""]),
            ("id,text\n1,\"two\nlines\"\n2,x\n", ["two\nlines", "x"]),
            ("id,text\n1,\"\"\n2,\n", ["", ""]), ("id,text\n\n1,a\n\n\n2,b\n\n", ["a", "b"]),
            ("\u{FEFF}id,text\n1,é😀\n", ["é😀"]), ("\"text\",\"id\"\n\"a\",1\n", ["a"]), ("text\nonly\n", ["only"]),
            ("id,text\n1,5\" pipe\n", ["5\" pipe"]), ("id,text\n1, spaced \n", [" spaced "]), ("id,text\n", []),
            ("id,text\n1,tab\there\n", ["tab\there"]), ("\u{FEFF}\"text\"\n\"\"\"\"\n", ["\""]),
        ])
    func separated(text: String, expected: [String]) throws {
        let found = try records("t.csv", text.utf8, TableColumns(texts: ["text"]))
        #expect(found == expected.map { .fields([$0]) })
    }

    @Test("fields and rows are whole across the borders of the chunks that are read")
    func chunks() throws {
        let texts = (0..<60).map { String(repeating: "é\"\n, \($0)", count: 1 + $0 * 331) }
        let quoted = texts.map { "\"\($0.replacingOccurrences(of: "\"", with: "\"\""))\",x\r\n" }
        let found = try records("t.csv", ("text,y\r\n" + quoted.joined()).utf8, TableColumns(texts: ["text"]))
        #expect(found == texts.map { .fields([$0]) })
    }

    @Test("tabs separate where the name or the caller says so; columns come in the order in which they are named")
    func tabs() throws {
        let text = "score\ta\tb\n0.5\tone\t\"two\ttabs\"\n"
        let columns = TableColumns(texts: ["b", "a"], score: "score")
        let expected = [TextRecords.Record.fields(["0.5", "two\ttabs", "one"])]
        #expect(try records("t.tsv", text.utf8, columns, .scoredPairs) == expected)
        var said = columns
        said.format = .tsv
        #expect(try records("t.txt", text.utf8, said, .scoredPairs) == expected)
        // Without names, lines are what they always were.
        #expect(
            try records("p.tsv", "one\ttwo\n".utf8, TableColumns(), .texts(atMost: 2)) == [.line("one\ttwo")])
    }

    @Test("members of JSON Lines are read by name, numbers as they are written")
    func objects() throws {
        let text = "{\"label\": 2, \"text\": \"a\\nb\"}\n\n{\"text\": \"\\u00e9\", \"label\": \"no\", \"more\": [1]}\n"
        #expect(
            try records("t.jsonl", text.utf8, TableColumns(), .labelledTexts)
                == [.fields(["2", "a\nb"]), .fields(["no", "é"])])
        #expect(
            try records("t.ndjson", text.utf8, TableColumns(label: "label"), .labels) == [
                .fields(["2"]), .fields(["no"]),
            ])
    }

    @Test("gzip with two members and zstd with two frames are one text")
    func compressed() throws {
        // By gzip of Python and by zstd 1.5: "eins\nzwei\n" and "drei\n", one behind the other.
        let files = [
            "H4sIAAAAAAACA0vNzCvmqipPzeQCAJSbgsIKAAAAH4sIAAAAAAACA0spSs3kAgC8flBxBQAAAA==",
            "KLUv/SQKUQAAZWlucwp6d2VpCuHeRPwotS/9JAUpAABkcmVpCg5dBiM=",
        ]
        for (name, file) in zip(["t.txt.gz", "t.txt.zst"], files) {
            let bytes = try #require(Data(base64Encoded: file))
            #expect(try records(name, bytes, TableColumns()) == [.line("eins"), .line("zwei"), .line("drei")])
            #expect(throws: FileError.self) { try records("cut-" + name, bytes.dropLast(3), TableColumns()) }
        }
    }

    @Test(
        "a table whose column is not named is refused with the names it has, and so are files of other programs",
        arguments: [
            ("t.csv", "id,review\n1,a\n", "\"id\", \"review\""),
            ("t.jsonl", "{\"id\": 1, \"body\": \"a\"}\n", "\"body\""),
            ("t.csv.gz", "id,review\n", "\"review\""), ("t.tsv", "id\treview\tstars\n1\ta\t5\n", "\"stars\""),
            ("t.json", "[\"a\"]\n", "one JSON document"), ("t.parquet", "PAR1", "a Parquet table"),
            ("t.xlsx", "PK", "a spreadsheet"),
        ])
    func unnamed(name: String, text: String, mention: String) throws {
        let error = try error(name, text)
        #expect(error.kind == .unsupported)
        #expect("\(error)".contains(mention) && "\(error)".contains("--column"))
        #expect(try records("lines-" + name, "a\n".utf8, TableColumns(format: .lines)) == [.line("a")])
    }

    @Test(
        "what a table does not allow is an error with its line",
        arguments: [
            ("id,text\n1,a\n2,b,c\n", "line 3: has 3 fields, the first row 2"),
            ("id,text\n1,a\n2\n", "line 3: has 1 field, the first row 2"),
            ("id,text\n1,\"a\nb\n", "line 2: the quote that opens a field there is never closed"),
            ("id,text\n1,\"a\nb\"\n2,\"c\" d\n", "line 4: a field goes on after its closing quote"),
            ("id,other\n1,a\n", "no column \"text\"; it has \"id\", \"other\""),
            ("text,text\na,b\n", "has 2 columns \"text\""), ("id;text\n1;a\n", "separated by \";\""),
        ])
    func broken(text: String, mention: String) throws {
        let error = try error("t.csv", text, TableColumns(texts: ["text"]))
        #expect(error.kind == .usage && "\(error)".contains(mention), "\(error)")
    }

    @Test("bytes that are no UTF-8, objects without the member, and names for a file without columns are errors")
    func others() throws {
        let columns = TableColumns(texts: ["text"])
        do {
            _ = try records("t.csv", Array("id,text\n1,a\n2,b".utf8) + [0xFF, 0x0A], columns)
            Issue.record("was read")
        } catch {
            #expect("\(error)".contains("line 3: is not UTF-8 (byte 2 of field 2)"))
        }
        #expect(
            "\(try error("t.jsonl", "{\"text\": \"a\"}\n{\"txt\": 1}\n", columns))".contains("line 2: has no \"text\""))
        #expect("\(try error("t.jsonl", "{\"text\": null}\n", columns))".contains("line 1: its \"text\" is neither"))
        #expect("\(try error("t.jsonl", "[1]\n", columns))".contains("line 1: is no JSON object"))
        #expect("\(try error("t.txt", "a\n", columns))".contains("columns are named"))
    }
}
