import JSON
import Platform
import Testing

/// A document such as people edit.
private struct Order: Decodable {
    enum Colour: String, Decodable, CaseIterable { case red, green }

    struct Item: Decodable {
        let name: String
        let count: Int
        let colour: Colour?
        let share: UnitShare?
        let rows: IndexList?
    }

    struct Place: Decodable {
        let street: String
        let number: Int

        private enum Key: String, CodingKey { case street, number }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            street = try container.decode(String.self, forKey: .street)
            number = try container.decode(Int.self, forKey: .number)
            guard number > 0 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .number, in: container, debugDescription: "is no number of a house: \(number)")
            }
        }
    }

    let title: String
    let items: [Item]
    let place: Place?
}

@Suite("All mistakes of a document at once")
struct DocumentMistakeTests {
    private func lines(_ text: String) -> [String] {
        do throws(Document.ReadError) {
            _ = try Document.decode(Order.self, from: Array(text.utf8), isStrict: true)
            return []
        } catch {
            return error.lines
        }
    }

    @Test(
        "unknown keys, wrong types, unknown words and values out of range are told together, in the order of the text")
    func together() {
        let found = lines(
            """
            {"title": 7,
             "items": [
              {"nmae": "a", "count": 1},
              {"name": "b", "count": 2.5, "colour": "blue"},
              {"name": "c", "count": 3, "share": 1.5, "rows": "4-x"}],
             "plaec": {}}
            """)
        #expect(
            found == [
                "line 1 column 11, title: a string was expected, not 7",
                "line 3 column 12, items[0].nmae: the key \"nmae\" is not known here; did you mean \"name\"?",
                "line 4 column 26, items[1].count: a whole number was expected, not 2.5",
                "line 4 column 41, items[1].colour: \"blue\" is none of red, green",
                "line 5 column 38, items[2].share: is no share: a number from 0 to 1 was expected, not 1.5",
                "line 5 column 51, items[2].rows: is not a list of numbers and ranges such as \"0-5,7,9-30\"",
                "line 6 column 11, plaec: the key \"plaec\" is not known here; did you mean \"place\"?",
            ])
    }

    @Test("what follows from another mistake is not told: nothing is missing where its key is mistyped")
    func consequences() {
        #expect(lines(#"{"titel": "t", "items": []}"#).count == 1)
        #expect(lines(#"{"title": "t", "items": [], "place": {"street": "s", "number": "x"}}"#).count == 1)
        // A value that was read to no end asks for keys that nobody came to.
        #expect(lines(#"{"title": "t", "items": [], "place": {"street": "s", "number": -1}}"#).count == 1)
        #expect(lines(#"{"title": "t", "items": [{"name": "a"}, {"count": 1}]}"#).count == 2)
        #expect(lines(#"{"title": "t", "items": 5}"#) == ["line 1 column 25, items: a list was expected, not 5"])
        #expect(lines("[]") == ["line 1 column 1: an object was expected, not a list"])
    }

    @Test("a key that stands twice is a mistake")
    func twice() {
        let found = lines(#"{"title": "t", "items": [], "title": "u"}"#)
        #expect(found == ["line 1 column 38, title: the key \"title\" stands here twice"])
    }

    @Test("of many mistakes seven are told with their places, and how many there are besides")
    func many() {
        let items = (0..<1000).map { #"{"name": \#($0), "count": 1}"# }.joined(separator: ",")
        let found = lines(#"{"title": "t", "items": [\#(items)]}"#)
        #expect(found.count == 8)
        #expect(found.last == "and many more")
        let few = (0..<20).map { #"{"name": \#($0), "count": 1}"# }.joined(separator: ",")
        #expect(lines(#"{"title": "t", "items": [\#(few)]}"#).last == "and 13 more")
        // Keys that nothing has, in a document that can be read for the rest.
        let strange = (0..<1000).map { #"{"name": "a", "count": 1, "extra\#($0)": 1}"# }.joined(separator: ",")
        #expect(lines(#"{"title": "t", "items": [\#(strange)]}"#).last == "and many more")
    }

    /// Counts how often it is read.
    private struct Counted: Decodable {
        static let count = Lock(0)

        init(from decoder: any Decoder) throws {
            Self.count.withLock { $0 += 1 }
            _ = try decoder.singleValueContainer().decode(String.self)
        }
    }

    @Test("reading ends where more is wrong than anybody reads: two hundred thousand mistakes take no half minute")
    func endOfReading() {
        let text = "[" + [String](repeating: "1", count: 200_000).joined(separator: ",") + "]"
        #expect(throws: Document.ReadError.self) {
            _ = try Document.decode([Counted].self, from: Array(text.utf8), isStrict: true)
        }
        #expect(Counted.count.withLock { $0 } < 1000)
    }

    @Test("a document without mistakes is read, and one that is not strict passes unknown keys over")
    func sound() throws {
        let text = #"{"title": "t", "items": [{"name": "a", "count": 1, "share": 1, "rows": "0-3"}], "other": 1}"#
        #expect(lines(text).count == 1)
        let order = try Document.decode(Order.self, from: Array(text.utf8))
        #expect(order.items.first?.share?.value == 1 && order.items.first?.rows?.count == 4)
    }
}
