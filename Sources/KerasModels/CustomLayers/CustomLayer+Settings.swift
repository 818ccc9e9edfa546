import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

extension CustomLayer {
    /// The settings that a layer's configuration tells: enough to know what the layer owns.
    ///
    /// - Throws: `corrupt` for a setting that is missing, `unsupported` for a value that the document does not cover.
    func settings(of layer: KerasLayer) throws(Problem) -> Settings { try settings(of: layer) { _ in nil } }

    /// All settings of a layer whose variables are known.
    func settings(of call: LayerCall, _ variables: LayerVariables) throws(Problem) -> Settings {
        let result = try settings(of: call.layer) { $0.value(in: variables, of: call.path) }
        for setting in settings where setting.extent != nil && result[setting.name] == nil {
            throw call.corrupt("\"\(setting.keys?.first ?? setting.name)\" is missing from its configuration")
        }
        return result
    }

    /// Keys of a layer's configuration that the document neither reads nor lists, with their values; none where it does
    /// not list any.
    func unknownKeys(of config: JSONValue) -> [(key: String, value: String)] {
        guard let ignores else { return [] }
        let written = parts.flatMap { $0.written() }.map(\.entry)
        let parts = written + written.flatMap { $0.parts ?? [] }
        var known = Set(ignores + settings.flatMap { $0.keys ?? [] } + (choices ?? []).flatMap { $0.keys ?? [] })
        known.formUnion(parts.flatMap { ($0.options ?? [:]).values.map(\.key) })
        return HarmlessKeys.unknown(in: config, beside: known)
    }

    private func settings(of layer: KerasLayer, _ measure: (Extent) -> Int?) throws(Problem) -> Settings {
        var result = Settings()
        let label = "\(layer.name.printable) (\(layer.className.printable))"
        for setting in settings {
            let value: Settings.Value?
            do throws(Expression.Failure) {
                value = try setting.value(in: layer.config, result, accountsForKeys: ignores != nil, measure)
            } catch {
                throw Problem(.corrupt, "\(label): \(setting.name): \(error.message)")
            }
            guard let value else {
                // An extent is known later.
                if setting.extent != nil { continue }
                throw Problem(
                    .corrupt,
                    "\(label): \"\(setting.keys?.first ?? setting.name)\" is missing from its configuration")
            }
            if let only = setting.only, !only.contains(where: { Settings.Value($0) == value }) {
                throw Problem(
                    .unsupported, "\(label): \"\(setting.keys?.first ?? setting.name)\" is \(value)")
            }
            result = result.setting(setting.name, to: value)
        }
        return result
    }
}

extension CustomLayer.Setting {
    /// - Parameter accountsForKeys: Whether the document says of every key what becomes of it: then a number that
    ///   stands in the configuration has to be what is stored.
    /// - Returns: `nil` when nothing tells it.
    fileprivate func value(
        in config: JSONValue, _ settings: Settings, accountsForKeys: Bool, _ measure: (CustomLayer.Extent) -> Int?
    ) throws(Expression.Failure) -> Settings.Value? {
        if let extent, let value = measure(extent) {
            for key in accountsForKeys ? keys ?? [] : [] {
                guard let said = config[key]?.doubleValue else { continue }
                guard said == Double(value) else {
                    let text = config[key]?.shortDescription ?? ""
                    throw Expression.Failure(message: "\"\(key)\" is \(text), and its weights have \(value)")
                }
                break
            }
            return .integer(value)
        }
        if let condition { return .flag(try condition.holds(in: settings)) }
        for key in keys ?? [] {
            guard let found = config[key], !found.isNull else { continue }
            // A shape stands for that there is one.
            let isThere = found.arrayValue != nil && `default`?.boolValue != nil
            guard let value = isThere ? .flag(true) : Settings.Value(found) else {
                throw Expression.Failure(message: "\"\(key)\" is \(found.shortDescription)")
            }
            return value
        }
        return `default`.flatMap(Settings.Value.init)
    }
}

extension Settings.Value {
    /// A single value of a configuration; `nil` for lists and objects.
    fileprivate init?(_ value: JSONValue) {
        if let integer = value.intValue {
            self = .integer(integer)
        } else if let number = value.doubleValue {
            self = .number(number)
        } else if let flag = value.boolValue {
            self = .flag(flag)
        } else if let text = value.stringValue {
            self = .choice(text)
        } else {
            return nil
        }
    }
}

extension CustomLayer.Extent {
    fileprivate func value(in variables: LayerVariables, of path: LayerPath) -> Int? {
        let owner = path + part.split(separator: "/").map(String.init)
        let tensors = variables.tensors(of: owner, object: object ?? "")
        let number = number ?? 0
        guard tensors.indices.contains(number) else { return nil }
        let extents = tensors[number].shape.extents
        let index = axis < 0 ? axis + extents.count : axis
        return extents.indices.contains(index) ? extents[index] : nil
    }
}
