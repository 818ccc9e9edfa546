import Foundation

/// One direction of a chart: what it shows and how its numbers are written.
package struct Axis: Sendable {
    package enum Scale: Sendable { case linear, logarithmic }
    package enum Notation: Sendable {
        case percent
        case number
        /// Whole things: nothing stands between two of them.
        case count
    }

    let title: String
    let scale: Scale
    let notation: Notation

    package init(_ title: String, scale: Scale = .linear, notation: Notation = .number) {
        self.title = title
        self.scale = scale
        self.notation = notation
    }

    /// The range that values span, widened to whole ticks.
    package func range(of values: [Double]) -> Range {
        let usable = values.filter { $0.isFinite && (scale == .linear || $0 > 0) }
        let low = usable.min() ?? 0, high = usable.max() ?? 1
        switch scale {
        case .logarithmic:
            let first = floor(log10(max(low, 1e-12)) + 1e-9),
                last = max(first + 1, ceil(log10(max(high, 1e-12)) - 1e-9))
            let ticks = stride(from: first, through: last, by: 1).map { pow(10, $0) }
            return Range(low: pow(10, first), high: pow(10, last), ticks: ticks, isLogarithmic: true)
        case .linear:
            let fine = Self.step(of: (high - low) > 0 ? high - low : max(abs(high), 1e-9))
            let step = notation == .count ? max(1, fine) : fine
            let first = floor(low / step + 1e-9) * step
            let last = max(ceil(high / step - 1e-9) * step, first + step)
            let count = Int(((last - first) / step).rounded())
            return Range(
                low: first, high: last, ticks: (0...max(1, count)).map { first + Double($0) * step },
                isLogarithmic: false)
        }
    }

    func text(_ value: Double, step: Double) -> String {
        switch notation {
        case .percent: return Format.fixed(value * 100, step < 0.01 ? (step < 0.001 ? 2 : 1) : 0) + " %"
        case .count: return Format.fixed(value, 0)
        case .number:
            if scale == .logarithmic { return Format.significant(value, 1) }
            let digits = step >= 1 ? 0 : min(6, Int(ceil(-log10(step) - 1e-9)))
            return Format.fixed(value, digits)
        }
    }

    /// A step of 1, 2 or 5 times a power of ten that gives four to eight ticks.
    private static func step(of span: Double) -> Double {
        let raw = span / 5
        let power = pow(10, floor(log10(raw)))
        let share = raw / power
        return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10)
    }

    /// Where values lie between two ends, 0…1.
    package struct Range {
        let low, high: Double
        package let ticks: [Double]
        let isLogarithmic: Bool

        var step: Double { ticks.count > 1 ? ticks[1] - ticks[0] : high - low }

        func share(_ value: Double) -> Double {
            guard isLogarithmic else { return (value - low) / (high - low) }
            return (log10(max(value, low)) - log10(low)) / (log10(high) - log10(low))
        }
    }
}
