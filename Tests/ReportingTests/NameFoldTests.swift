import Foundation
import Reporting
import Testing

@Suite("Names that differ in numbers alone")
struct NameFoldTests {
    private static func fold(_ names: [String]) -> [String] {
        NameFold.folding(names, kinds: names.map { _ in 0 }).map { "\($0.text) ×\($0.members.count)" }
    }

    @Test("layers are one name with all their numbers, in the order of counting, whatever the order of the file")
    func layers() {
        let names = ["0", "1", "10", "11", "2", "3", "4", "5", "6", "7", "8", "9"].map {
            "encoder.layer.\($0).q.weight"
        }
        #expect(Self.fold(names) == ["encoder.layer.{0..11}.q.weight ×12"])
        #expect(Self.fold(["a", "b.0", "b.1", "c.7"]) == ["a ×1", "b.{0,1} ×2", "c.7 ×1"])
        #expect(Self.fold(["l.0.w", "l.2.w", "l.3.w", "l.4.w", "l.9.w"]) == ["l.{0,2..4,9}.w ×5"])
    }

    @Test("several numbers are folded together only where every combination is there")
    func combinations() {
        let whole = (0..<3).flatMap { layer in (0..<4).map { "l.\(layer).e.\($0).w" } }
        #expect(Self.fold(whole) == ["l.{0..2}.e.{0..3}.w ×12"])
        #expect(Self.fold(Array(whole.dropLast())) == ["l.{0,1}.e.{0..3}.w ×8", "l.2.e.{0..2}.w ×3"])
    }

    @Test("names of different kinds stay apart, and so do digits that mean nothing")
    func kinds() {
        let folds = NameFold.folding(["l.0", "l.1", "l.2"], kinds: ["float32", "float16", "float32"])
        #expect(folds.map(\.text) == ["l.{0,2}", "l.1"] && folds.map(\.members) == [[0, 2], [1]])
        // Too long for a number, and far more numbers than layers are nested.
        #expect(Self.fold(["n99999999991", "n99999999992"]).count == 2)
        let deep = String(repeating: "1/", count: 100_000)
        #expect(Self.fold([deep + "2", deep + "3"]).count == 2)
        #expect(Self.fold(["l.00", "l.01", "l.02", "l.1"]) == ["l.{00..02,1} ×4"])
    }

    /// All names that a folded one stands for, read as a shell reads it.
    private static func expansions(of text: String) -> [String] {
        guard let open = text.firstIndex(of: "{"), let close = text[open...].firstIndex(of: "}") else { return [text] }
        let numbers = text[text.index(after: open)..<close].split(separator: ",").flatMap { part -> [String] in
            let ends = part.split(separator: ".").compactMap { Int($0) }
            return ends.count == 2 ? (ends[0]...ends[1]).map(String.init) : [String(part)]
        }
        let rest = expansions(of: String(text[text.index(after: close)...]))
        return numbers.flatMap { number in rest.map { text[..<open] + number + $0 } }
    }

    @Test("folded names stand for the names that were given, each once, and for no other", arguments: 0..<40)
    func expansion(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let names = Set((0..<60).map { _ in "x.\(random(6)).y.\(random(4)).z\(random(2))" }).shuffled()
        let folds = NameFold.folding(names, kinds: names.map { _ in 0 })
        #expect(folds.flatMap { Self.expansions(of: $0.text) }.sorted() == names.sorted())
        for fold in folds {
            #expect(Set(fold.members.map { names[$0] }) == Set(Self.expansions(of: fold.text)))
        }
        #expect(folds.count < names.count)
    }
}
