import Platform

/// Functions of known numbers, by the names of recorded operations.
enum ConstantFunctions {
    static let binary: [String: @Sendable (Double, Double) -> Double] = {
        var result: [String: @Sendable (Double, Double) -> Double] = [:]
        func add(_ names: [String], _ body: @escaping @Sendable (Double, Double) -> Double) {
            for name in names { result[name] = body }
        }
        add(["add", "addv2"]) { $0 + $1 }
        add(["subtract", "sub"]) { $0 - $1 }
        add(["multiply", "mul"]) { $0 * $1 }
        add(["divide", "truediv", "truedivide", "realdiv"]) { $0 / $1 }
        add(["floordiv", "floordivide"]) { ($0 / $1).rounded(.down) }
        add(["mod", "floormod", "remainder"]) { $0 - ($0 / $1).rounded(.down) * $1 }
        add(["pow", "power"]) { pow($0, $1) }
        add(["maximum"]) { max($0, $1) }
        add(["minimum"]) { min($0, $1) }
        add(["equal"]) { $0 == $1 ? 1 : 0 }
        add(["notequal"]) { $0 != $1 ? 1 : 0 }
        add(["less"]) { $0 < $1 ? 1 : 0 }
        add(["lessequal"]) { $0 <= $1 ? 1 : 0 }
        add(["greater"]) { $0 > $1 ? 1 : 0 }
        add(["greaterequal"]) { $0 >= $1 ? 1 : 0 }
        add(["logicaland"]) { $0 != 0 && $1 != 0 ? 1 : 0 }
        add(["logicalor"]) { $0 != 0 || $1 != 0 ? 1 : 0 }
        add(["logicalxor"]) { ($0 != 0) != ($1 != 0) ? 1 : 0 }
        return result
    }()

    /// Functions that give flags.
    static let flags: Set<String> = [
        "equal", "notequal", "less", "lessequal", "greater", "greaterequal", "logicaland", "logicalor", "logicalxor",
    ]

    static let unary: [String: @Sendable (Double) -> Double] = {
        var result: [String: @Sendable (Double) -> Double] = [:]
        func add(_ names: [String], _ body: @escaping @Sendable (Double) -> Double) {
            for name in names { result[name] = body }
        }
        add(["negative", "neg"]) { -$0 }
        add(["abs", "absolute"]) { abs($0) }
        add(["square"]) { $0 * $0 }
        add(["sqrt"]) { $0.squareRoot() }
        add(["rsqrt"]) { 1 / $0.squareRoot() }
        add(["exp"]) { exp($0) }
        add(["log"]) { log($0) }
        add(["sin"]) { sin($0) }
        add(["cos"]) { cos($0) }
        add(["tanh"]) { tanh($0) }
        add(["floor"]) { $0.rounded(.down) }
        add(["ceil"]) { $0.rounded(.up) }
        add(["round"]) { $0.rounded(.toNearestOrEven) }
        add(["sign"]) { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
        add(["reciprocal"]) { 1 / $0 }
        add(["logicalnot"]) { $0 == 0 ? 1 : 0 }
        return result
    }()

    static let reductions: [String: @Sendable ([Double]) -> Double] = {
        var result: [String: @Sendable ([Double]) -> Double] = [:]
        func add(_ names: [String], _ body: @escaping @Sendable ([Double]) -> Double) {
            for name in names { result[name] = body }
        }
        add(["sum", "reducesum"]) { $0.reduce(0, +) }
        add(["mean", "reducemean"]) { $0.reduce(0, +) / Double(max($0.count, 1)) }
        add(["max", "reducemax", "amax"]) { $0.max() ?? 0 }
        add(["min", "reducemin", "amin"]) { $0.min() ?? 0 }
        add(["prod", "reduceprod"]) { $0.reduce(1, *) }
        add(["any", "reduceany"]) { $0.contains { $0 != 0 } ? 1 : 0 }
        add(["all", "reduceall"]) { $0.allSatisfy { $0 != 0 } ? 1 : 0 }
        return result
    }()
}
