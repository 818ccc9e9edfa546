import Foundation
import Rewriting
import Testing

@Suite("Margins of exits")
struct ExitChoiceTests {
    @Test(
        "so many mistakes may be expected that the agreement holds in 95 of 100 sets of inputs",
        arguments: [
            // Means at which Poisson's law gives 0, 1 and 5 events or fewer in 95 of 100 cases: from its tables.
            (0.995, 100, 0.0513), (0.995, 360, 0.3554), (0.995, 1000, 2.613), (0.99, 1000, 6.169),
        ])
    func allowance(_ agreement: Double, _ count: Int, _ expected: Double) {
        #expect(abs(ExitChoice.allowance(agreement: agreement, of: count) - expected) < 1e-3)
    }

    @Test("margins of mistakes have an exponential tail: a tenth of a mistake is ln 10 scales above one")
    func tail() {
        // Ten mistakes; the mean of what they are above the least, over nine.
        let mistakes = (0..<10).map { 2 - 0.1 * Double($0) }
        let scale = (0..<10).reduce(0.0) { $0 + 0.1 * Double(9 - $1) } / 9
        for count in [1, 0.1] {
            let expected = 1.1 + scale * log(10 / count)
            #expect(abs(ExitChoice.margin(above: mistakes, expecting: count) - expected) < 1e-9)
        }
        #expect(ExitChoice.margin(above: [], expecting: 1) == 0)
        #expect(ExitChoice.margin(above: [3], expecting: 0.5) > 3)
    }

    @Test("the exits that save most are taken, two where both together save more than one")
    func choice() {
        // A hundred inputs: the earlier place is right of those with an even number, the later of all.
        let even = (0..<100).map { $0 % 2 == 0 }
        let early = ExitChoice.Scores(margins: even.map { $0 ? 10 : 0.1 }, agrees: even, work: 0.2)
        let late = ExitChoice.Scores(
            margins: [Float](repeating: 5, count: 100), agrees: [Bool](repeating: true, count: 100), work: 0.6)
        let best = ExitChoice([early, late]).best(allowing: 1)
        #expect(best.map(\.place) == [0, 1] && best.map(\.left) == [50, 50] && best.map(\.wrong) == [0, 0])
        #expect(best[0].margin == 10)
        #expect(ExitChoice([late]).best(allowing: 1).map(\.left) == [100])
        let never = ExitChoice.Scores(
            margins: [Float](repeating: 1, count: 100), agrees: [Bool](repeating: false, count: 100), work: 0.2)
        #expect(ExitChoice([never]).best(allowing: 1).isEmpty)
    }

    @Test("what leaves at margins that are given is counted once, at its first exit")
    func given() {
        let first = ExitChoice.Scores(margins: [3, 1, .nan, 4], agrees: [true, true, true, false], work: 0.3)
        let second = ExitChoice.Scores(margins: [9, 2, 2, 9], agrees: [true, false, true, true], work: 0.6)
        let exits = ExitChoice([first, second]).exits(at: [(place: 0, margin: 3), (place: 1, margin: 2)])
        #expect(exits.map(\.left) == [2, 2] && exits.map(\.wrong) == [1, 1])
    }
}
