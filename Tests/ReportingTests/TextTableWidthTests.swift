import Testing

import Reporting

@Suite("Tables of a terminal's width")
struct TextTableWidthTests {
    private static let table: TextTable = {
        var table = TextTable([
            .init("metric", .left), .init("value"), .init("interval"), .init("what it is", .words),
            .init("fails when", .left), .init("verdict", .left),
        ])
        table.append([
            "hidden.cosine.mean", "0.98123", "0.97950 to 0.98400",
            "Mean cosine of the last hidden states of source and converted model, token by token", "< 0.97", "passed",
        ])
        table.append(["maps.saved", "33.33 %", "", "attention maps no longer computed"])
        return table
    }()

    @Test("No line is longer than the terminal", arguments: [60, 80, 100, 132])
    func fits(width: Int) {
        for line in Self.table.text(width: width).split(separator: "\n") { #expect(line.count <= width) }
    }

    @Test("Every cell is still there, word for word", arguments: [60, 80, 100])
    func losesNothing(width: Int) {
        let words = Self.table.text(width: width).split { $0 == " " || $0 == "\n" }.map(String.init)
        for word in ["hidden.cosine.mean", "0.98123", "0.97950", "0.98400", "token", "passed", "33.33", "longer"] {
            #expect(words.contains(word), "\(word)")
        }
    }

    @Test("What is narrow enough, and what goes to a file, stays as it is")
    func staysWide() {
        #expect(Self.table.text(width: nil) == Self.table.text)
        #expect(Self.table.text(width: 500) == Self.table.text)
    }

    @Test("Rows of which a later block says nothing stand in the first one only")
    func leavesEmptyRowsOut() {
        let blocks = Self.table.text(width: 80).split(separator: "\n\n")
        #expect(blocks.count == 2)
        #expect(blocks.last?.contains("maps.saved") == false)
        #expect(blocks.last?.contains("passed") == true)
    }

    @Test("Markdown keeps cells in their cells, and nothing of them is markup")
    func markdown() {
        var table = TextTable([.init("name", .left), .init("n"), .init("empty")])
        table.append(["a|b *c* <d>\nnext", "1"])
        #expect(table.markdown == "| name | n |\n| --- | ---: |\n| a\\|b \\*c\\* \\<d\\> next | 1 |")
    }
}
