import JSON
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// Reads a spec's settings off one checkpoint.
package struct SettingsResolver {
    let spec: ArchitectureSpec
    let config: ModelConfiguration
    let table: ArchitectureSpec.TensorTable
    let tensors: TensorCatalog
    let dialect: String

    /// - Parameter dialect: Key of the table.
    package init(
        spec: ArchitectureSpec, config: ModelConfiguration, table: ArchitectureSpec.TensorTable, tensors: TensorCatalog,
        dialect: String = ""
    ) {
        self.dialect = dialect
        self.spec = spec
        self.config = config
        self.table = table
        self.tensors = tensors
    }

    /// All problems with a checkpoint's settings.
    package struct Problems: Error {
        package let list: [Problem]

        init(_ list: [Problem]) { self.list = list }
    }

    /// All settings, or every problem with them.
    package func settings() -> Result<Settings, Problems> { resolution().map(\.settings) }

    /// All settings and what a user should know of them, or every problem with them.
    package func resolution() -> Result<Resolution, Problems> {
        var settings = Settings([
            ArchitectureSpec.writerName: .choice(config.vocabulary), ArchitectureSpec.dialectName: .choice(dialect),
        ])
        var notes: [String] = []
        var problems: [Problem] = []
        var untold: Set<String> = []
        for setting in spec.config {
            // A setting that could not be told is one problem, not one of each setting that reads it.
            guard setting.names.isDisjoint(with: untold) else {
                untold.insert(setting.name)
                continue
            }
            do throws(Problem) {
                if case .head(let heads) = setting.kind {
                    let choice = try HeadChoice(heads, setting, self, settings)
                    settings = settings.setting(setting.name, to: .choice(choice.head))
                    notes += choice.notes
                } else if let value = try value(of: setting, settings) {
                    settings = settings.setting(setting.name, to: value)
                }
            } catch {
                problems.append(error)
                untold.insert(setting.name)
            }
        }
        return problems.isEmpty ? .success(Resolution(settings: settings, notes: notes)) : .failure(Problems(problems))
    }

    /// The settings of one checkpoint.
    package struct Resolution: Sendable {
        package let settings: Settings
        /// What was decided that a user should know, a sentence each.
        package let notes: [String]
    }

    /// - Returns: `nil` for a setting that stays unset.
    private func value(of setting: ArchitectureSpec.Setting, _ settings: Settings) throws(Problem) -> Settings.Value? {
        if let when = setting.when, try !holds(when, for: setting, settings) {
            if case .list(let list) = setting.kind, let condition = list.condition {
                return try flags(of: list, condition, for: setting, settings)
            }
            return try setting.computation?.otherwise.map { expression throws(Problem) in
                try computed(expression, for: setting, settings)
            }
        }
        switch setting.kind {
        case .flag(.condition(let condition)): return .flag(try holds(condition, for: setting, settings))
        case .flag(.presence(let parameter)): return .flag(storedShape(of: parameter) != nil)
        case .flag(.difference(let difference)): return .flag(try holds(difference, for: setting))
        case .integer(let integer):
            if let extent = integer.extent, let value = value(of: extent) { return .integer(value) }
        default: break
        }
        let keys = config.keys(of: setting)
        for key in keys {
            guard let found = config[key] else {
                if setting.isUnsetByNull == true, config.isNull(key) { return nil }
                continue
            }
            try checkAgreement(on: setting, key: key, found, settings)
            switch setting.kind {
            case .rotary(let rotary): return try scaling(found, rotary, of: setting, key: key, settings)
            case .list(let list): return try told(found, list, of: setting, key: key, settings)
            default: return try value(found, of: setting, key: key)
            }
        }
        if case .list(let list) = setting.kind, let condition = list.condition {
            return try flags(of: list, condition, for: setting, settings)
        }
        if case .rotary = setting.kind { return nil }
        if let value = config.vocabularyDefault(of: setting) { return try defaulted(value, of: setting) }
        if let expression = setting.computation?.value { return try computed(expression, for: setting, settings) }
        if let value = setting.default { return try defaulted(value, of: setting) }
        guard let key = keys.first else {
            throw Problem(.unsupported, "\(setting.name) cannot be told from this checkpoint")
        }
        throw Problem(.corrupt, "config.json: \"\(key)\" is missing")
    }

    func holds(
        _ condition: Condition, for setting: ArchitectureSpec.Setting, _ settings: Settings
    ) throws(Problem) -> Bool {
        do throws(Expression.Failure) {
            return try condition.holds(in: settings)
        } catch {
            throw Problem(.corrupt, "\(setting.name): \(error.message)")
        }
    }

    private func computed(
        _ expression: Expression, for setting: ArchitectureSpec.Setting, _ settings: Settings
    ) throws(Problem) -> Settings.Value {
        do throws(Expression.Failure) {
            if case .integer(let integer) = setting.kind {
                return .integer(try expression.count(in: settings, from: integer.minimum))
            }
            return .number(try expression.number(in: settings))
        } catch {
            throw Problem(.corrupt, "\(setting.name): \(error.message)")
        }
    }

    private func defaulted(
        _ value: JSONValue, of setting: ArchitectureSpec.Setting
    ) throws(Problem) -> Settings.Value? {
        value.isNull ? nil : try self.value(value, of: setting, key: "default")
    }

    private func value(
        _ value: JSONValue, of setting: ArchitectureSpec.Setting, key: String
    ) throws(Problem) -> Settings.Value {
        func wrong(_ expected: String) -> Problem {
            Problem(.corrupt, "config.json: \"\(key)\" is \(value.shortDescription), expected \(expected)")
        }
        func check(_ only: [JSONValue]?, _ checked: JSONValue) throws(Problem) {
            guard let only, !only.contains(checked) else { return }
            let allowed = only.map(\.shortDescription).joined(separator: ", ")
            throw Problem(
                .unsupported,
                "config.json: \"\(key)\" is \(value.shortDescription); \(spec.name) is handled with \(allowed)")
        }
        switch setting.kind {
        case .integer(let integer):
            try check(integer.only, value)
            guard let whole = value.intValue, whole >= integer.minimum, whole <= Expression.largestCount else {
                throw wrong("a whole number from \(integer.minimum) to \(Expression.largestCount)")
            }
            return .integer(whole)
        case .number(let number):
            try check(number.only, value)
            guard let decimal = value.doubleValue, decimal.isFinite else { throw wrong("a number") }
            return .number(decimal)
        case .flag(.told(let patterns?, let only)):
            let fits = patterns.match(value)
            // What the patterns say of the value is checked, not the value.
            try check(only, .bool(fits))
            return .flag(fits)
        case .flag(.told(nil, let only)):
            try check(only, value)
            guard let flag = value.boolValue else { throw wrong("true or false") }
            return .flag(flag)
        case .choice(let values):
            guard let word = value.stringValue else { throw wrong("a word") }
            guard let ours = values[word] else {
                let allowed = values.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
                throw Problem(.unsupported, "config.json: \"\(key)\" is \"\(word.printable)\"; known are \(allowed)")
            }
            return .choice(ours)
        case .flag(.condition), .flag(.presence), .flag(.difference), .rotary, .list, .head:
            throw Problem(.defect, "\(setting.name) is not told by a key")
        }
    }

    private func value(of extent: ArchitectureSpec.Setting.Extent) -> Int? {
        guard let (shape, rule) = storedShape(of: extent.parameter), rule.part == nil, rule.view == nil else {
            return nil
        }
        let axes = rule.orientation == .transpose ? Array(shape.extents.reversed()) : shape.extents
        return axes.indices.contains(extent.axis) ? axes[extent.axis] : nil
    }

    /// Shape in the file of a parameter given by its template's name; of the first one where it is repeated.
    func storedShape(of parameter: String) -> (Shape, TensorRule)? {
        table.firstTensor(of: parameter, in: tensors).map { ($0.tensor.shape, $0.rule) }
    }
}

extension ArchitectureSpec.Setting {
    /// What settings above give, where the kind has that.
    fileprivate var computation: Computation? {
        switch kind {
        case .integer(let integer): integer.computation
        case .number(let number): number.computation
        case .flag, .choice, .rotary, .list, .head: nil
        }
    }
}

extension ArchitectureSpec.Names {
    /// Whether a value, or one of a list's values, is like one of the patterns; true and false speak for themselves.
    fileprivate func match(_ value: JSONValue) -> Bool {
        value.boolValue ?? value.words.contains { word in list.contains { GlobPattern($0).matches(word) } }
    }
}

extension JSONValue {
    /// A text, or the texts of a list.
    var words: [String] { (arrayValue ?? [self]).compactMap(\.stringValue) }
}
