import Tensors

extension SideSampling {
    /// Steps of a pixel in which TensorFlow tabulates its cubic kernel.
    private static let steps: Float = 1024

    /// `[length, target]`: the share of each pixel in each one of the result, as TensorFlow's `resize` with `bicubic`
    /// has it: Keys' kernel with the coefficient −½ at multiples of 1 / 1024 of a pixel, pixels outside left out
    /// and the
    /// rest's shares made 1 again.
    var cubicMatrix: Tensor {
        let scale = Float(source) / Float(target)
        return Tensor(shape: [length, target]) { weights in
            for index in weights.indices { weights[index] = 0 }
            for index in 0..<target {
                let place = (Float(index) + 0.5) * scale - 0.5
                let below = place.rounded(.down)
                let rest = ((place - below) * Self.steps).rounded(.toNearestOrEven) / Self.steps
                let taps = (-1...2).map { offset in
                    (pixel: Int(below) + offset, share: Self.weight(Float(offset) - rest))
                }.filter { (0..<source).contains($0.pixel) }
                let sum = taps.reduce(Float(0)) { $0 + $1.share }
                for (pixel, share) in taps {
                    let row = pixel + start
                    if (0..<length).contains(row) { weights[row * target + index] += share / sum }
                }
            }
        }
    }

    /// Keys' kernel.
    private static func weight(_ distance: Float) -> Float {
        let a: Float = -0.5, x = abs(distance)
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
