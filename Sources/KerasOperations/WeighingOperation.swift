import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// Rows weighed and summed, and numbers of rows, as documents of custom layers name it.
///
/// `softmax_rows`: one score a row as shares of all rows. `sum_rows`: the sum of all rows. `mean_of_columns`: one
/// number a row. `numbers_of_rows`: 0, 1, 2 … as one column. `times_root_width`: a stream times the root of its width.
/// `activated`: an activation of each number, named `by` a word. `shows_first_row`: the stream with a mask that shows
/// its first row, whatever it showed before.
enum WeighingOperation: KerasOperation {
    static let functions = [
        "softmaxrows", "sumrows", "meanofcolumns", "timesrootwidth", "numbersofrows", "activated", "showsfirstrow",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input()
        if call.functionName == "activated" {
            let name = call.keywords["by"]?.constant
            return .tensor(try builder.activated(input, by: name, for: call, part: "").withoutMask)
        }
        guard input.isStream else { throw call.unsupported("weighs a tensor \(input.shapeText)") }
        switch call.functionName {
        case "timesrootwidth":
            let factor = Float(Double(input.width).squareRoot())
            return .tensor(builder.scaled(input, factor: factor, shift: 0, for: call).withoutMask)
        case "showsfirstrow": return .tensor(showingFirst(input, call, &builder))
        case "numbersofrows": return .tensor(numbers(along: input, call, &builder))
        case "meanofcolumns": return .tensor(mean(of: input, call, &builder))
        case "softmaxrows": return .tensor(try shares(of: input, call, &builder))
        default:
            guard let count = input.rows.fixedCount else {
                throw call.unsupported("sums \(input.shapeText), whose length differs between sequences")
            }
            var mean = input.withoutMask
            mean.name = builder.add(.pooling(.mean), [input.name], to: call, part: "mean")
            mean.rows = .sequences
            mean.axes = [.width]
            return .tensor(builder.scaled(mean, factor: Float(count), shift: 0, for: call))
        }
    }

    /// Rows of a table along sequences of any length.
    private static let longest = 4096

    private static func showingFirst(
        _ input: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) -> LayerValue {
        guard let mask = input.mask else { return input }
        let count = input.rows.fixedCount ?? longest
        let source = ParameterSource.computed(
            .init(names: [], shape: [count, 1]) { _ in
                Tensor((0..<count).map { $0 == 0 ? 1 : 0 }, shape: [count, 1])
            })
        let table = Table(count: count, width: 1, isAlongInput: true)
        let first = builder.add(.table(table), [mask], to: call, part: "first", ["rows": source])
        let sum = builder.add(.add, [mask, first], to: call, part: "sum")
        var result = input
        result.mask = builder.add(.mask(hidden: 0), [sum], to: call, part: "mask")
        return result
    }

    private static func numbers(
        along input: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) -> LayerValue {
        let count = input.rows.fixedCount ?? longest
        let source = ParameterSource.computed(
            .init(names: [], shape: [count, 1]) { _ in Tensor((0..<count).map { Float($0) }, shape: [count, 1]) })
        var result = input.withoutMask
        result.name = builder.add(
            .table(Table(count: count, width: 1, isAlongInput: true)), [input.name], to: call, ["rows": source])
        result.width = 1
        return result
    }

    private static func mean(
        of input: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) -> LayerValue {
        let width = input.width
        let source = ParameterSource.computed(
            .init(names: [], shape: [width, 1]) { _ in
                Tensor([Float](repeating: 1 / Float(width), count: width), shape: [width, 1])
            })
        var result = input.withoutMask
        result.name = builder.add(
            .linear(Linear(inputWidth: width, outputWidth: 1, hasBias: false)), [input.name], to: call,
            ["weight": source])
        result.width = 1
        return result
    }

    private static func shares(
        of input: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        guard input.width == 1, input.rows.fixedCount != nil else {
            throw call.unsupported("softmax over the rows of \(input.shapeText)")
        }
        var column = input.withoutMask
        column.axes = [input.axes[0]]
        var row = try builder.row(column, for: call, part: "scores")
        row.name = builder.add(.softmax, [row.name], to: call, part: "softmax")
        var result = try builder.column(row, for: call, part: "")
        result.rows = input.rows
        result.axes = input.axes
        return result
    }
}
