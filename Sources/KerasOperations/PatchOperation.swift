import KerasGraphs
import ModelGraph
import Platform

/// Pictures and series in pieces, as documents of custom layers name it.
///
/// `patches_of`: squares of `size` of a picture, one row each, as `extract_patches` lays them out; what is left over at
/// the right and at the bottom is left out. `rows_joined`: so many neighbouring rows put side by side that they are
/// `width` wide. `flat_rows`: the positions of a picture as the rows of one stream. `key_mask`: one number a row as a
/// mask of keys that is the same for all queries; what is a mask of attention already stays as it is, and nothing stays
/// nothing.
enum PatchOperation: KerasOperation {
    static let functions = ["patchesof", "rowsjoined", "flatrows", "keymask"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        if call.functionName == "keymask" { return keyMask(call.first) }
        let input = try call.input()
        switch call.functionName {
        case "patchesof": return .tensor(try patches(of: input, call, &builder))
        case "rowsjoined":
            guard let width = call.keywords["width"]?.integer, input.isStream, width > input.width,
                width.isMultiple(of: input.width), let rows = input.rows.fixedCount
            else { throw call.unsupported("joins rows of \(input.shapeText)") }
            let joined = width / input.width
            guard rows.isMultiple(of: joined) else {
                throw call.unsupported("joins \(joined) of \(rows) rows each")
            }
            return .tensor(try builder.reshaped(input, to: [rows / joined, width], for: call))
        default:
            guard input.axes.last == .width, let count = input.rows.fixedCount else {
                throw call.unsupported("makes a stream of \(input.shapeText)")
            }
            return .tensor(try builder.reshaped(input, to: [count, input.width], for: call))
        }
    }

    private static func keyMask(_ value: KerasValue) -> KerasValue {
        guard var mask = value.tensor, mask.axes.count == 1, mask.isColumn else { return value }
        mask.axes = [.one] + mask.axes
        return .tensor(mask.withoutMask)
    }

    private static func patches(
        of input: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        guard let size = call.keywords["size"]?.integer, size > 0, input.axes.count == 3, input.axes[2] == .width,
            case .rows(let height?) = input.axes[0], case .rows(let columns?) = input.axes[1],
            height.isMultiple(of: size), columns.isMultiple(of: size)
        else { throw call.unsupported("cuts \(input.shapeText) into patches") }
        let down = height / size, across = columns / size
        var result = input.withoutMask
        result.name = builder.add(
            .rearrange(
                Rearrangement(
                    extents: [down, size, across, size, input.width], order: [0, 2, 1, 3, 4], rows: down * across)),
            [input.name], to: call)
        result.rows = .count(down * across)
        result.axes = [.rows(down * across), .width]
        result.width = size * size * input.width
        return result
    }
}
