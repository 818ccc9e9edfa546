/// Sums over two rows of numbers, in double precision: what a cosine is made of.
package struct CosineSums: Sendable, Hashable {
    /// Sum of the products.
    package private(set) var dot = 0.0
    /// Sum of the squares of the first row.
    package private(set) var first = 0.0
    /// Sum of the squares of the second row.
    package private(set) var second = 0.0

    /// - Precondition: Both rows have the same number of elements.
    package init(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) {
        for index in 0..<min(a.count, b.count) { add(Double(a[index]), Double(b[index])) }
    }

    /// - Precondition: Both rows have the same number of elements.
    package init(_ a: [Double], _ b: [Double]) {
        for index in 0..<min(a.count, b.count) { add(a[index], b[index]) }
    }

    private mutating func add(_ x: Double, _ y: Double) {
        dot += x * y
        first += x * x
        second += y * y
    }

    /// Cosine of the angle between the rows; 1 for two rows of zeros, 0 where only one is.
    package var cosine: Double {
        if first == 0, second == 0 { return 1 }
        if first == 0 || second == 0 { return 0 }
        return dot / (first.squareRoot() * second.squareRoot())
    }
}
