import Costs
import ModelGraph
import Testing

@Suite("Pairs that a mask leaves visible")
struct VisiblePairsTests {
    @Test(
        "pairs that a mask leaves visible are those counted one by one", arguments: [nil, 1, 2, 3, 7, 20] as [Int?],
        [false, true])
    func countedOneByOne(window: Int?, isCausal: Bool) {
        let mask = Attention.Mask(isCausal: isCausal, window: window)
        for tokens in 0...12 {
            var expected = 0
            for query in 0..<tokens {
                for key in 0..<tokens {
                    let isNear = window.map { query - key < $0 && (isCausal || key - query < $0) } ?? true
                    if (!isCausal || key <= query) && isNear { expected += 1 }
                }
            }
            #expect(mask.visiblePairs(tokens: tokens) == expected, "\(tokens) tokens")
        }
    }
}
