// Texts as sentence-transformers changes them: by Python's rules, which differ from Swift's in corners.

extension String {
    /// `str.strip()`: without white space at both ends, the separators of files, groups, records and units included.
    var strippedLikePython: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isPythonSpace }),
            let last = scalars.lastIndex(where: { !$0.isPythonSpace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// `str.lower()`: full case mapping of each character; a capital sigma that ends a word becomes `ς`.
    var lowercasedLikePython: String {
        let scalars = Array(unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            if scalar == "Σ" {
                result += scalars.isWordEnd(index) ? "ς" : "σ"
            } else {
                result += scalar.properties.lowercaseMapping
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// `str.isspace()`.
    fileprivate var isPythonSpace: Bool { properties.isWhitespace || ("\u{1C}"..."\u{1F}").contains(self) }
}

extension [Unicode.Scalar] {
    /// Whether a cased letter stands before a place and none after it, ignorable characters left out (Unicode's
    /// `Final_Sigma`).
    fileprivate func isWordEnd(_ index: Int) -> Bool {
        let before = self[..<index].last { !$0.properties.isCaseIgnorable }
        let after = self[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && after?.properties.isCased != true
    }
}
