import Reporting
import Testing

@Suite("Numbers and tables")
struct FormatTests {
    @Test(
        "counts are shortened to three digits and a unit",
        arguments: [
            (0.0, "0"), (7, "7"), (7.5, "7.50"), (999.4, "999"), (512, "512"), (999.9, "1.00 k"),
            (22_713_216, "22.7 M"), (999_999, "1.00 M"),
            (1.5e9, "1.50 G"), (-2500, "−2.50 k"),
        ])
    func short(value: Double, expected: String) {
        #expect(Format.short(value) == expected)
    }

    @Test(
        "fixed decimals never show a negative zero or a NaN",
        arguments: [
            (0.98765, 4, "0.9877"), (-0.00001, 3, "0.000"), (-1.5, 1, "−1.5"), (.nan, 2, "–"), (.infinity, 2, "–"),
        ])
    func fixed(value: Double, digits: Int, expected: String) {
        #expect(Format.fixed(value, digits) == expected)
    }

    @Test("bytes, shares, durations and long counts read as people write them")
    func units() {
        #expect(Format.bytes(90_893_000) == "90.9 MB")
        #expect(Format.bytes(512) == "512 B")
        #expect(Format.percent(1.0 / 3) == "33.3 %")
        #expect(Format.duration(seconds: 0.35) == "350 ms")
        #expect(Format.duration(seconds: 12.44) == "12.4 s")
        #expect(Format.duration(seconds: 185) == "3 min 05 s")
        #expect(Format.count(22_713_216) == "22\u{202F}713\u{202F}216")
        #expect(Format.count(-1000) == "−1\u{202F}000")
        #expect(Format.significant(0.000123, 2) == "0.00012")
        #expect(Format.significant(1.5e-9, 2) == "1.5e−09")
    }

    @Test("a table lines its columns up and leaves no blanks at the ends of lines")
    func table() {
        var table = TextTable([.init("name", .left), .init("value"), .init("note", .left)])
        table.append(["a", "1", "x"])
        table.append(["longer", "12.5"])
        table.append(["é", "3", "y", "dropped"])
        #expect(
            table.text == """
                name    value  note
                ──────  ─────  ────
                a           1  x
                longer   12.5
                é           3  y
                """)
    }
}
