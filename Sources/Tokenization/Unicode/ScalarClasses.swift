/// Classes of characters as the reference tokenizers see them.
///
/// The reference (the `tokenizers` library) takes each class from another library with its own version of Unicode, and
/// models were trained through those eyes. The standard library knows one, newer version; `age` takes a class back to
/// the version wanted, and the few characters that changed their category since are named. The sets were compared with
/// the reference on every scalar.
extension Unicode.Scalar {
    /// Whether the character was assigned in a version of Unicode, or an earlier one.
    fileprivate func isAssigned(by major: Int) -> Bool {
        guard let age = properties.age else { return false }
        return age.major < major || (age.major == major && age.minor == 0)
    }

    /// White_Space.
    package var isSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// What BERT's clean-up removes: control, format and private use as of Unicode 8, and the replacement character.
    package var isRemovedByBert: Bool {
        switch value {
        case 0x09, 0x0A, 0x0D: return false
        case 0x00, 0xFFFD: return true
        case 0x20..<0x7F: return false
        default: break
        }
        switch properties.generalCategory {
        case .control, .format, .privateUse: return isAssigned(by: 8)
        default: return false
        }
    }

    /// What BERT splits off as punctuation: ASCII's (with `$`, `+`, `^`, …) and category P as of Unicode 8.
    package var isBertPunctuation: Bool {
        if value < 0x80 { return isASCIIPunctuation }
        switch properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return isAssigned(by: 8)
        default:
            return value == 0x166D || value == 0x111C9
        }
    }

    package var isASCIIPunctuation: Bool {
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// Ideographs that BERT surrounds with spaces. The block from U+2B820 is missing in the reference, too.
    package var isBertIdeograph: Bool {
        switch value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
            0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    /// Category Mn as of Unicode 8: what BERT drops as an accent.
    package var isBertAccent: Bool {
        if value < 0x300 { return false }
        switch value {
        case 0x1734, 0x1171E: return true
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: return false
        default: return properties.generalCategory == .nonspacingMark && isAssigned(by: 8)
        }
    }

    /// Category M as of Unicode 9: what the step “StripAccents” drops.
    package var isMark: Bool {
        if value < 0x300 { return false }
        if value == 0x1CF2 || value == 0x1CF3 { return true }
        if value == 0x111C9 { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return isAssigned(by: 9)
        default: return false
        }
    }

    /// Category L as of Unicode 16.
    package var isLetter: Bool {
        if value < 0x80 { return (0x41...0x5A).contains(value) || (0x61...0x7A).contains(value) }
        return category(isIn: .letter)
    }

    /// Category N as of Unicode 16.
    package var isNumber: Bool {
        if value < 0x80 { return (0x30...0x39).contains(value) }
        return category(isIn: .number)
    }

    /// What `\w` means to the step “Whitespace” and to whole-word tokens: letters, marks, decimal digits, connectors
    /// and joiners.
    package var isWordCharacter: Bool {
        if value < 0x80 { return isLetter || isNumber || value == 0x5F }
        guard isAssigned(by: 16) else { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return properties.isAlphabetic || properties.isJoinControl
        }
    }

    /// Canonical combining class as of Unicode 9, by which decomposed marks are ordered.
    package var combiningClass: UInt8 {
        if value < 0x300 { return 0 }
        let order = properties.canonicalCombiningClass.rawValue
        return order != 0 && isAssigned(by: 9) ? order : 0
    }

    /// Whether the decomposition tables of Unicode 9 knew this character.
    package var isKnownToNormalization: Bool { isAssigned(by: 9) }

    /// Whether the grapheme rules of Unicode 16 knew this character.
    package var isKnownToSegmentation: Bool { value < 0x300 || isAssigned(by: 16) }

    /// Whether the general category belongs to a set, for characters assigned by Unicode 16.
    package func category(isIn set: CategorySet) -> Bool {
        if set.contains(.unassigned), !isAssigned(by: 16) { return true }
        return set.contains(CategorySet(properties.generalCategory)) && isAssigned(by: 16)
    }
}

/// A set of general categories, as regular expressions name them.
package struct CategorySet: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let letter = named(["Lu", "Ll", "Lt", "Lm", "Lo"])
    package static let mark = named(["Mn", "Mc", "Me"])
    package static let number = named(["Nd", "Nl", "No"])
    package static let decimal = named(["Nd"])
    package static let unassigned = named(["Cn"])

    private static let names = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
    ]

    private static func named(_ wanted: [String]) -> CategorySet {
        CategorySet(rawValue: names.indices.reduce(0) { wanted.contains(names[$1]) ? $0 | 1 << UInt32($1) : $0 })
    }

    /// A category (`Lu`) or a group of them (`L`); `nil` for another name.
    package init?(name: String) {
        let fitting = CategorySet.names.filter { $0 == name || $0.prefix(1) == name }
        guard !fitting.isEmpty else { return nil }
        self = CategorySet.named(fitting)
    }

    /// The set of one category.
    package init(_ category: Unicode.GeneralCategory) {
        let position: UInt32 =
            switch category {
            case .uppercaseLetter: 0
            case .lowercaseLetter: 1
            case .titlecaseLetter: 2
            case .modifierLetter: 3
            case .otherLetter: 4
            case .nonspacingMark: 5
            case .spacingMark: 6
            case .enclosingMark: 7
            case .decimalNumber: 8
            case .letterNumber: 9
            case .otherNumber: 10
            case .connectorPunctuation: 11
            case .dashPunctuation: 12
            case .openPunctuation: 13
            case .closePunctuation: 14
            case .initialPunctuation: 15
            case .finalPunctuation: 16
            case .otherPunctuation: 17
            case .mathSymbol: 18
            case .currencySymbol: 19
            case .modifierSymbol: 20
            case .otherSymbol: 21
            case .spaceSeparator: 22
            case .lineSeparator: 23
            case .paragraphSeparator: 24
            case .control: 25
            case .format: 26
            case .surrogate: 27
            case .privateUse: 28
            case .unassigned: 29
            @unknown default: 29
            }
        self = CategorySet(rawValue: 1 << position)
    }
}
