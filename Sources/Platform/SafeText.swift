// Text from a file, made safe to show: what could steer a terminal, or hide or reorder what a person reads, is spelled
// out.

extension StringProtocol {
    /// The text with unsafe characters spelled out as `\u{1b}`; line ends and tabs too, as `\n` and `\t`.
    package var escaped: String { escaped(keeping: []) }

    /// The text with unsafe characters spelled out, but for those in `kept`.
    package func escaped(keeping kept: Set<Unicode.Scalar>) -> String {
        guard unicodeScalars.contains(where: { $0.isMisleading && !kept.contains($0) }) else { return String(self) }
        return unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case _ where kept.contains(scalar) || !scalar.isMisleading: result.unicodeScalars.append(scalar)
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
    }

    /// The text for a message: at most 80 characters of it, unsafe ones spelled out.
    package var printable: String {
        let shown = String(String.UnicodeScalarView(unicodeScalars.prefix(80))).escaped
        return unicodeScalars.dropFirst(80).isEmpty ? shown : shown + "…"
    }
}

extension Set<Unicode.Scalar> {
    /// What joins letters of one word, or parts of one picture, or keeps them apart: invisible, but readers of Persian
    /// or of emoji miss it. For running text; in names they are spelled out.
    package static var joiners: Set<Unicode.Scalar> { ["\u{200C}", "\u{200D}"] }
}

extension Unicode.Scalar {
    /// Controls (C1 among them), marks of format and direction, and those that end lines on a screen.
    package var isMisleading: Bool {
        // Most text is plain: the look-up of the category is the slow part.
        if (0x20..<0x7F).contains(value) { return false }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }
}
