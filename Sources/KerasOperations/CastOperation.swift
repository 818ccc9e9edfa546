import KerasGraphs
import Platform

/// A cast between types of numbers. Whole numbers and flags are the same in all; others lose their fraction.
enum CastOperation: KerasOperation {
    static let functions = ["cast", "castto"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        guard let value = call.first.tensor else { return call.first }
        let named = call.operand(1, ["dtype"])
        let given = named.isNone ? call.config["dtype"] ?? .null : named.constant ?? .null
        let type = (given.stringValue ?? given["config"]?.stringValue ?? given["config"]?["name"]?.stringValue ?? "")
            .lowercased()
        if type == "bool" { return .tensor(try builder.flags(value, for: call, part: "")) }
        guard type.hasPrefix("int") || type.hasPrefix("uint") else {
            guard type.contains("float") || ["double", "half"].contains(type) else {
                throw call.unsupported("a cast to \(given.shortDescription)")
            }
            return .tensor(value.isInteger ? value.withoutMask : value)
        }
        if value.isInteger || value.isFreshInput(in: builder) {
            var result = value.withoutMask
            result.isInteger = true
            return .tensor(result)
        }
        let size = builder.applied(.activation(.absolute), to: value, for: call, part: "size")
        let whole = builder.applied(.elementwise(.floor), to: size, for: call, part: "whole")
        let sign = builder.applied(.elementwise(.sign), to: value, for: call, part: "sign")
        var result = try builder.combine(.multiply, [whole, sign], for: call)
        result.isInteger = true
        return .tensor(result)
    }
}

extension LayerValue {
    /// Whether it is an input of the model that may hold ids, as far as anybody has said.
    fileprivate func isFreshInput(in builder: KerasGraphBuilder) -> Bool {
        builder.layouts[name]?.content == .ids
    }
}
