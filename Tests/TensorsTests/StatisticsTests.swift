import Tensors
import Testing

@Suite("Statistics of a tensor")
struct TensorStatisticsTests {
    @Test("the range of a tensor leaves out what is no number, which is counted")
    func range() {
        let statistics = TensorStatistics(of: Tensor([1, -3, .nan, .infinity, 0, -.infinity], shape: [2, 3]))
        #expect(statistics.minimum == -3)
        #expect(statistics.maximum == 1)
        #expect(statistics.meanMagnitude == Float(4) / 3)
        #expect(statistics.notANumber == 1)
        #expect(statistics.infinite == 2)
        #expect(!statistics.isAllZero)
    }

    @Test("the statistics of zeros, of no elements, and of nothing finite are those of the definition")
    func edges() {
        #expect(TensorStatistics(of: Tensor([0, -0.0], shape: [2])).isAllZero)
        let nothing = TensorStatistics(of: Tensor([], shape: [0]))
        #expect(nothing.minimum == nil && !nothing.isAllZero)
        let broken = TensorStatistics(of: Tensor([.nan], shape: [1]))
        #expect(broken.meanMagnitude == nil && broken.notANumber == 1)
    }
}
