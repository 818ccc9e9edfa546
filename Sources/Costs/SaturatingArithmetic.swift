/// A product of numbers that are not negative; the largest number when it does not fit.
///
/// Lengths come from users and sizes from files: an absurd one has an absurd cost, and must not stop the process.
func product(_ factors: Int...) -> Int {
    factors.reduce(1) { result, factor in
        let (next, overflow) = result.multipliedReportingOverflow(by: factor)
        return overflow ? .max : next
    }
}

/// A sum of numbers that are not negative; the largest number when it does not fit.
func sum(_ first: Int, _ second: Int) -> Int {
    let (result, overflow) = first.addingReportingOverflow(second)
    return overflow ? .max : result
}
