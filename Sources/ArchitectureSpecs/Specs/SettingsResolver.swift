import JSON
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// Reads a spec's settings off one checkpoint.
package struct SettingsResolver {
    let spec: ArchitectureSpec
    /// The checkpoint's configuration.
    let config: JSONValue
    /// Whose keys the configuration uses.
    let vocabulary: String
    let table: ArchitectureSpec.TensorTable
    let tensors: TensorCatalog

    package init(
        spec: ArchitectureSpec, config: JSONValue, vocabulary: String, table: ArchitectureSpec.TensorTable,
        tensors: TensorCatalog
    ) {
        self.spec = spec
        self.config = config
        self.vocabulary = vocabulary
        self.table = table
        self.tensors = tensors
    }

    /// All settings, or every problem with them.
    package func settings() -> Result<Settings, Problems> {
        var settings = Settings([ArchitectureSpec.writerName: .choice(vocabulary)])
        var problems: [Problem] = []
        for setting in spec.config {
            do throws(Problem) {
                if let value = try value(of: setting, settings) { settings = settings.setting(setting.name, to: value) }
            } catch {
                problems.append(error)
            }
        }
        return problems.isEmpty ? .success(settings) : .failure(Problems(problems))
    }

    package struct Problems: Error {
        package let list: [Problem]
        init(_ list: [Problem]) { self.list = list }
    }

    private func value(of setting: ArchitectureSpec.Setting, _ settings: Settings) throws(Problem) -> Settings.Value? {
        func computed(_ expression: Expression) throws(Problem) -> Settings.Value {
            do throws(Expression.Failure) {
                return setting.kind == .integer
                    ? .integer(try expression.count(in: settings, from: setting.minimum ?? 1))
                    : .number(try expression.number(in: settings))
            } catch {
                throw Problem(.corrupt, "\(setting.name): \(error.message)")
            }
        }
        func holds(_ condition: Condition) throws(Problem) -> Bool {
            do throws(Expression.Failure) {
                return try condition.holds(in: settings)
            } catch {
                throw Problem(.corrupt, "\(setting.name): \(error.message)")
            }
        }
        if let when = setting.when, try !holds(when) {
            guard let otherwise = setting.otherwise else { return nil }
            return try computed(otherwise)
        }
        if let condition = setting.condition { return .flag(try holds(condition)) }
        if let parameter = setting.present { return .flag(storedShape(of: parameter) != nil) }
        if let extent = setting.extent, let value = value(of: extent) { return .integer(value) }
        for key in setting.keys?[vocabulary]?.list ?? [] {
            guard let found = config[path: key], !found.isNull else { continue }
            return try value(found, of: setting, place: key)
        }
        if let value = setting.defaults?[vocabulary] {
            return try value.isNull ? nil : self.value(value, of: setting, place: "default")
        }
        if let expression = setting.value { return try computed(expression) }
        if let value = setting.default {
            return try value.isNull ? nil : self.value(value, of: setting, place: "default")
        }
        guard let key = setting.keys?[vocabulary]?.list.first else {
            throw Problem(.unsupported, "\(setting.name) cannot be told from this checkpoint")
        }
        throw Problem(.corrupt, "config.json: \"\(key)\" is missing")
    }

    private func value(
        _ value: JSONValue, of setting: ArchitectureSpec.Setting, place: String
    ) throws(Problem) -> Settings.Value {
        func wrong(_ expected: String) -> Problem {
            Problem(.corrupt, "config.json: \"\(place)\" is \(value.shortDescription), expected \(expected)")
        }
        // Patterns are checked by what they say of the value, not by the value.
        let checked = setting.matches == nil ? value : .bool(setting.fits(value))
        if let only = setting.only, !only.contains(checked) {
            let allowed = only.map(\.shortDescription).joined(separator: ", ")
            throw Problem(
                .unsupported,
                "config.json: \"\(place)\" is \(value.shortDescription); \(spec.name) is handled with \(allowed)")
        }
        switch setting.kind {
        case .integer:
            let minimum = setting.minimum ?? 1
            guard let number = value.intValue, number >= minimum, number <= Expression.largestCount else {
                throw wrong("a whole number from \(minimum) to \(Expression.largestCount)")
            }
            return .integer(number)
        case .number:
            guard let number = value.doubleValue, number.isFinite else { throw wrong("a number") }
            return .number(number)
        case .flag:
            if setting.matches != nil { return .flag(setting.fits(value)) }
            guard let flag = value.boolValue else { throw wrong("true or false") }
            return .flag(flag)
        case .choice:
            guard let word = value.stringValue else { throw wrong("a word") }
            guard let ours = setting.values?[word] else {
                let allowed = (setting.values ?? [:]).keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
                throw Problem(.unsupported, "config.json: \"\(place)\" is \"\(word.printable)\"; known are \(allowed)")
            }
            return .choice(ours)
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
    private func storedShape(of parameter: String) -> (Shape, TensorRule)? {
        table.firstTensor(of: parameter, in: tensors).map { ($0.tensor.shape, $0.rule) }
    }
}

extension ArchitectureSpec.Setting {
    /// Whether a value, or one of a list's values, is like one of the patterns.
    fileprivate func fits(_ value: JSONValue) -> Bool {
        if let flag = value.boolValue { return flag }
        let words = (value.arrayValue ?? [value]).compactMap(\.stringValue)
        return words.contains { word in
            (self.matches?.list ?? []).contains { ArchitectureSpecs.matches(word, pattern: $0) }
        }
    }
}
