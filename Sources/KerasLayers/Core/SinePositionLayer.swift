import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// KerasHub's sines and cosines by position: the rows alone, whatever is in the tensor that they are laid along.
enum SinePositionLayer: KerasLayerClass {
    static let names = ["keras_hub>SinePositionEncoding", "keras_nlp>SinePositionEncoding"]
    static let options: Set<String>? = ["max_wavelength"]

    /// Rows of a table along sequences whose length is not known.
    private static let longest = 8192

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        guard (call[1, "start_index"].integer ?? (call[1, "start_index"].isNone ? 0 : 1)) == 0,
            call.keywords["positions"]?.isNone ?? true
        else { throw call.unsupported("starts at a position that is handed in") }
        let input = builder.rowed(try call.input(), for: call)
        guard input.isStream else { throw call.unsupported("positions along a tensor \(input.shapeText)") }
        let wavelength = Double(try call.number("max_wavelength", default: 10000))
        guard wavelength > 0 else { throw call.corrupt("\"max_wavelength\" is \(wavelength)") }
        let width = input.width, count = builder.resolved(input.rows).fixedCount ?? Self.longest
        guard count <= ConstantArray.largestCount / width else { throw call.unsupported("\(count) rows of \(width)") }
        var values = [Float](repeating: 0, count: count * width)
        for column in 0..<width {
            let frequency = pow(1 / wavelength, Double(2 * (column / 2)) / Double(width))
            for row in 0..<count {
                let angle = Double(row) * frequency
                values[row * width + column] = Float(column % 2 == 0 ? sin(angle) : cos(angle))
            }
        }
        var result = input.withoutMask
        result.isInteger = false
        result.name = builder.constantRows(values, count: count, width: width, along: input, for: call)
        return [.tensor(result)]
    }
}
