import Platform

extension Double {
    /// The number with some decimal places: documents say no more than was measured.
    package func rounded(_ places: Int) -> Double {
        let scale = pow(10, Double(places))
        return (self * scale).rounded() / scale
    }
}
