import Foundation

/// Numbers as all commands print them.
package enum Format {
    /// A number with a fixed number of decimals; a dash for what is not a number.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "–" }
        let text = String(format: "%.\(digits)f", value)
        // the sign of −0.00 says nothing.
        return text.hasPrefix("-") && text.dropFirst().allSatisfy({ $0 == "0" || $0 == "." })
            ? String(text.dropFirst()) : text.replacing("-", with: "−")
    }

    /// A share as a percentage: 0.3333 → `33.3 %`; a dash for what is not a number.
    package static func percent(_ share: Double, _ digits: Int = 1) -> String {
        share.isFinite ? fixed(share * 100, digits) + " %" : "–"
    }

    /// A change as a signed percentage: −0.042 → `−4.2 %`, 0.1 → `+10.0 %`.
    package static func change(_ share: Double, _ digits: Int = 1) -> String {
        let text = percent(share, digits)
        return share > 0 && text != percent(0, digits) ? "+" + text : text
    }

    /// A count with thousands apart: 22713216 → `22 713 216`, with narrow spaces.
    package static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result.append("\u{202F}") }
            result.append(digit)
        }
        return value < 0 ? "−" + result : result
    }

    /// A count in short: 22713216 → `22.7 M`.
    package static func short(_ value: Double) -> String {
        let steps: [(Double, String)] = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")]
        // The step is chosen after rounding: 999 999 is 1.00 M, not 1000 k.
        for (size, name) in steps where abs(value) >= size * 0.9995 { return significant(value / size, 3) + name }
        return value == value.rounded() ? fixed(value, 0) : significant(value, 3)
    }

    /// Bytes in decimal units: 90893000 → `90.9 MB`.
    package static func bytes(_ value: Int) -> String {
        let text = short(Double(value))
        return (text.last?.isLetter == true ? text : text + " ") + "B"
    }

    /// A number with so many significant digits, without an exponent where that is readable.
    package static func significant(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "–" }
        guard value != 0 else { return "0" }
        var magnitude = Int(floor(log10(abs(value))))
        // 0.9999 in three digits is 1.00, not 1.000.
        let scaled = (abs(value) * pow(10, Double(digits - 1 - magnitude))).rounded()
        if scaled >= pow(10, Double(digits)) { magnitude += 1 }
        guard (-5...6).contains(magnitude) else {
            return String(format: "%.\(max(digits - 1, 0))e", value).replacing("-", with: "−")
        }
        return fixed(value, max(0, digits - 1 - magnitude))
    }

    /// A duration: `350 ms`, `12.4 s`, `3 min 05 s`.
    package static func duration(seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        if seconds < 1 { return fixed(seconds * 1000, seconds < 0.01 ? 2 : 0) + " ms" }
        if seconds < 60 { return fixed(seconds, 1) + " s" }
        let whole = Int(seconds.rounded())
        return "\(whole / 60) min \(whole % 60 < 10 ? "0" : "")\(whole % 60) s"
    }
}
