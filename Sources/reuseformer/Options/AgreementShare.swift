import ArgumentParser

/// A share of inputs as people write it: `99.5%`, `0.995`.
struct AgreementShare: ExpressibleByArgument {
    let share: Double

    init?(argument: String) {
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? argument.dropLast() : argument[...]), number.isFinite else { return nil }
        share = isPercent ? number / 100 : number
        guard share > 0.5, share < 1 else { return nil }
    }
}
