import Analysis
import Reporting

/// A curve for the terminal.
enum CurveText {
    static func describe(_ curve: PlanCurve) -> String {
        let hasNeurons = curve.points.contains { $0.neurons != nil }
        var table = TextTable(
            [.init("maps replaced")] + (hasNeurons ? [.init("neurons left out")] : []) + [
                .init("maps saved"), .init("multiply-adds @\(curve.tokens)"), .init("bytes"),
                .init("expected damage"),
            ])
        for point in curve.points {
            table.append(
                ["\(point.replaced)"] + (hasNeurons ? ["\(point.neurons ?? 0)"] : []) + [
                    Format.percent(point.maps), Format.percent(point.multiplyAdds),
                    Format.percent(point.bytes), Format.significant(point.damage, 3),
                ])
        }
        return table.text
    }
}
