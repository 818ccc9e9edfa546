import Platform

/// A piece of HTML or SVG. Text goes in through `text(_:)` and attribute values, and is escaped there.
struct Markup: Sendable {
    private(set) var source: String

    init() { source = "" }

    private init(source: String) { self.source = source }

    /// Text as it is to be read.
    static func text(_ text: some StringProtocol) -> Markup { Markup(source: escaped(text)) }

    /// Our own markup: never anything that came from a file.
    static func verbatim(_ source: StaticString) -> Markup { Markup(source: "\(source)") }

    /// Markup of a file that is built in.
    static func verbatim(file bytes: some Collection<UInt8>) -> Markup {
        Markup(source: String(decoding: bytes, as: UTF8.self))
    }

    /// An element with its contents.
    static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], _ contents: Markup...
    ) -> Markup {
        element(name, attributes, contents)
    }

    /// An element with a list of contents.
    static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>, _ contents: [Markup]
    ) -> Markup {
        var source = "<\(name)"
        for (key, value) in attributes { source += " \(key)=\"\(escaped(value))\"" }
        source += ">"
        for part in contents { source += part.source }
        source += "</\(name)>"
        return Markup(source: source)
    }

    /// An element without contents.
    static func empty(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) -> Markup {
        var source = "<\(name)"
        for (key, value) in attributes { source += " \(key)=\"\(escaped(value))\"" }
        return Markup(source: source + "/>")
    }

    mutating func append(_ other: Markup) { source += other.source }

    /// Text with the characters that mean something in markup spelled out, and what could hide or reorder it shown.
    private static func escaped(_ text: some StringProtocol) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            default:
                if scalar.isMisleading {
                    result += String(scalar).escaped(keeping: .joiners)
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }
}

/// Small helpers of drawings.
enum SVG {
    /// A coordinate: two decimals at most, no trailing zeros.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let hundredths = (value * 100).rounded()
        guard abs(hundredths) < 1e15 else { return "0" }
        let whole = Int(hundredths)
        let sign = whole < 0 ? "-" : ""
        let (units, rest) = whole.magnitude.quotientAndRemainder(dividingBy: 100)
        if rest == 0 { return sign + String(units) }
        return sign + "\(units)." + (rest % 10 == 0 ? String(rest / 10) : (rest < 10 ? "0" : "") + String(rest))
    }

    static func point(_ x: Double, _ y: Double) -> String { "\(number(x)) \(number(y))" }

    /// Text at a place.
    static func label(
        _ text: String, x: Double, y: Double, anchor: Anchor = .middle, style: String = "label", hue: Double? = nil
    ) -> Markup {
        if let hue {
            return .element(
                "text",
                [
                    "x": number(x), "y": number(y), "class": "\(style) hued", "text-anchor": anchor.rawValue,
                    "style": "--h:\(number(hue))",
                ], .text(text))
        }
        return .element(
            "text", ["x": number(x), "y": number(y), "class": style, "text-anchor": anchor.rawValue], .text(text))
    }

    enum Anchor: String { case start, middle, end }

    static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) -> Markup {
        .empty(
            "line", ["x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2), "class": style])
    }

    /// A drawing in its natural size, which a narrow page lets scroll and paper shrinks.
    ///
    /// - Parameter label: What a reader who does not see it is told.
    static func figure(width: Double, height: Double, label: String, _ contents: [Markup]) -> Markup {
        .element(
            "svg",
            [
                "viewBox": "0 0 \(number(width)) \(number(height))", "width": number(width), "height": number(height),
                "style": "--h:\(number(height))px;--w:\(number(width))px", "role": "img", "aria-label": label,
                "xmlns": "http://www.w3.org/2000/svg",
            ], contents)
    }

    /// Hue of a layer among `count`: from teal over blue and violet to rose, so that neighbours differ and order shows.
    static func hue(layer: Int, of count: Int) -> Double {
        let share = count > 1 ? Double(layer) / Double(count - 1) : 0
        return 190 + share * 190
    }
}
