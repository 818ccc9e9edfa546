import ArchitectureSpecs
import Foundation
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// Fixed rows for the positions of a tensor, as documents of custom layers name them: sines and cosines by a formula
/// (`sine_rows`), or numbers that stand in the document (`constant_rows`).
enum SineRowsOperation: KerasOperation {
    static let functions = ["sinerows", "constantrows"]

    /// Rows of a table along sequences of any length.
    private static let longest = 4096

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        if call.functionName == "constantrows" { return .tensor(try constants(call, &builder)) }
        let input = try call.input()
        guard input.isStream else { throw call.unsupported("positions along a tensor \(input.shapeText)") }
        let name = call.keywords["formula"]?.constant?.stringValue ?? ""
        guard let formula = SineFormula(rawValue: name) else {
            throw call.unsupported("the formula \"\(name.printable)\" is not known")
        }
        guard formula.fits(width: input.width) else {
            throw call.unsupported("the formula \(name) gives no rows of \(input.width) columns")
        }
        let count = input.rows.fixedCount ?? Self.longest, width = input.width
        let source = ParameterSource.computed(
            .init(names: [], shape: [count, width]) { _ in formula.table(rows: count, width: width) })
        let table = Table(count: count, width: width, isAlongInput: true)
        var result = input.withoutMask
        result.name = builder.add(.table(table), [input.name], to: call, ["rows": source])
        return .tensor(result)
    }

    /// `[rows, width]` of the document; along a tensor where one is handed in.
    private static func constants(
        _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let rows = (call.keywords["values"]?.constant?.arrayValue ?? []).map { row in
            (row.arrayValue ?? [row]).compactMap(\.doubleValue).map { Float($0) }
        }
        guard let width = rows.first?.count, width > 0, rows.allSatisfy({ $0.count == width }),
            rows.joined().allSatisfy(\.isFinite)
        else { throw call.corrupt("\"values\" is no table of numbers") }
        let count = rows.count, numbers = Array(rows.joined())
        let source = ParameterSource.computed(
            .init(names: [], shape: [count, width]) { _ in Tensor(numbers, shape: [count, width]) })
        guard let along = call.tensors.first else {
            let name = builder.add(
                .table(Table(count: count, width: width, isAlongInput: false)), [], to: call, ["rows": source])
            return LayerValue(name: name, axes: [.rows(count), .width], rows: .count(count), width: width)
        }
        guard along.isStream else { throw call.unsupported("rows along a tensor \(along.shapeText)") }
        let name = builder.add(
            .table(Table(count: count, width: width, isAlongInput: true)), [along.name], to: call, ["rows": source])
        return LayerValue(name: name, axes: along.axes, rows: along.rows, width: width)
    }
}

/// How programs fill tables of positions with sines and cosines: all have the base 10000, and differ in the order of
/// the columns and in the exponents.
enum SineFormula: String, Sendable, Hashable, CaseIterable {
    /// Sine, cosine, sine, cosine; exponent `2 ⌊i / 2⌋ / width`.
    case interleaved
    /// All sines and then all cosines; exponent `k / (width / 2)`.
    case halves
    /// Sine, cosine in turn; the exponent counts every column, `2 i / width`.
    case uneven
    /// As `halves`, exponent `k / (width / 2 - 1)`.
    case halvesLessOne = "halves_less_one"
    /// All cosines and then all sines.
    case cosinesFirst = "cosines_first"
    /// The columns of `uneven`, sines first.
    case unevenHalves = "uneven_halves"
    /// Cosine, sine, cosine, sine; exponent `2 ⌊i / 2⌋ / width`.
    case interleavedCosines = "interleaved_cosines"

    /// Whether a table of a width can be filled so.
    func fits(width: Int) -> Bool {
        switch self {
        case .interleaved, .uneven, .interleavedCosines: true
        case .halves, .cosinesFirst, .unevenHalves: width.isMultiple(of: 2)
        case .halvesLessOne: width.isMultiple(of: 2) && width > 2
        }
    }

    /// Frequency of a column, and whether it holds cosines.
    private func column(_ index: Int, width: Int) -> (exponent: Double, isCosine: Bool) {
        let half = width / 2, pair = Double(2 * (index / 2)) / Double(width)
        switch self {
        case .interleaved: return (pair, index % 2 == 1)
        case .interleavedCosines: return (pair, index % 2 == 0)
        case .uneven: return (Double(2 * index) / Double(width), index % 2 == 1)
        case .halves: return (Double(index % half) / Double(half), index >= half)
        case .halvesLessOne: return (Double(index % half) / Double(half - 1), index >= half)
        case .cosinesFirst: return (Double(index % half) / Double(half), index < half)
        case .unevenHalves:
            let source = index < half ? 2 * index : 2 * (index - half) + 1
            return (Double(2 * source) / Double(width), index >= half)
        }
    }

    /// The table, `[rows, width]`.
    func table(rows: Int, width: Int) -> Tensor {
        Tensor(shape: [rows, width]) { target in
            for index in 0..<width {
                let (exponent, isCosine) = column(index, width: width)
                let frequency = pow(10000, -exponent)
                for row in 0..<rows {
                    let angle = Double(row) * frequency
                    target[row * width + index] = Float(isCosine ? cos(angle) : sin(angle))
                }
            }
        }
    }
}
