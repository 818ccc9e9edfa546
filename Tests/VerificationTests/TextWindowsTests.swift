import Testing
import Verification

@Suite("Windows over long texts")
struct TextWindowsTests {
    @Test(
        "every token but the first is counted once, with as much before it as the stride leaves",
        arguments: [(10, 4, 2), (10, 4, 1), (10, 4, 3), (11, 4, 2), (2, 4, 2), (5, 5, 2), (100, 7, 5), (3, 2, 1)])
    func coverage(count: Int, length: Int, stride: Int) {
        let windows = TextWindows(length: length, stride: stride).windows(of: count)
        #expect(windows.flatMap { Array($0.counted) } == Array(1..<count))
        for window in windows {
            #expect(window.tokens.count <= length)
            #expect(
                window.counted.lowerBound > window.tokens.lowerBound
                    && window.counted.upperBound == window.tokens.upperBound)
        }
        for window in windows.dropFirst() {
            #expect(window.counted.lowerBound - window.tokens.lowerBound >= length - stride)
        }
    }

    @Test("without overlap the first token of a later window has nothing before it and is left out")
    func noOverlap() {
        let windows = TextWindows(length: 4, stride: 4).windows(of: 10)
        #expect(windows.flatMap { Array($0.counted) } == [1, 2, 3, 5, 6, 7, 9])
    }

    @Test("a text of one token, or none, predicts nothing", arguments: [0, 1])
    func short(count: Int) {
        #expect(TextWindows(length: 8).windows(of: count).isEmpty)
    }
}
