/// What can be told of a tensor's elements at a glance.
package struct TensorStatistics: Sendable, Hashable, Codable {
    /// Least finite element; `nil` when there is none.
    package let minimum: Float?
    /// Greatest finite element; `nil` when there is none.
    package let maximum: Float?
    /// Mean of the finite elements' magnitudes; `nil` when there is none.
    package let meanMagnitude: Float?
    /// Elements that are not numbers.
    package let notANumber: Int
    /// Elements that are infinite.
    package let infinite: Int
    /// Whether there are elements, and all are 0.
    package let isAllZero: Bool

    /// Reads every element once.
    package init(of tensor: Tensor) {
        var low = Float.infinity, high = -Float.infinity
        var sum = 0.0
        var notANumber = 0, infinite = 0
        tensor.withFloats { elements in
            for element in elements {
                if element.isFinite {
                    low = min(low, element)
                    high = max(high, element)
                    sum += Double(element.magnitude)
                } else if element.isNaN {
                    notANumber += 1
                } else {
                    infinite += 1
                }
            }
        }
        let finite = tensor.count - notANumber - infinite
        minimum = finite > 0 ? low : nil
        maximum = finite > 0 ? high : nil
        meanMagnitude = finite > 0 ? Float(sum / Double(finite)) : nil
        self.notANumber = notANumber
        self.infinite = infinite
        isAllZero = finite == tensor.count && low == 0 && high == 0
    }
}
