import ArchitectureSpecs
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// Pictures brought to another size, as a product with a matrix along each side.
enum ResizingLayer: KerasLayerClass {
    static let names = ["Resizing"]
    static let options: Set<String>? = [
        "height", "width", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode", "fill_value",
        "data_format", "antialias",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["antialias"])
        let picture = try PictureSides(call)
        let interpolation = (call.config["interpolation"]?.stringValue ?? "bilinear").lowercased()
        let height = try call.size("height"), width = try call.size("width")
        guard max(height, width, picture.height, picture.width) <= SideSampling.longest else {
            throw call.unsupported("sides of more than \(SideSampling.longest) pixels")
        }
        var rows = SideSampling(picture.height, to: height), columns = SideSampling(picture.width, to: width)
        let crops = call.flag("crop_to_aspect_ratio", default: false)
        if crops || call.flag("pad_to_aspect_ratio", default: false) {
            try rows.keepAspect(of: picture.height, crops: crops, other: picture.width, target: height, width)
            try columns.keepAspect(of: picture.width, crops: crops, other: picture.height, target: width, height)
            if !crops,
                (call.config["fill_value"]?.doubleValue ?? 0) != 0
                    || call.config["fill_mode"]?.stringValue ?? "constant" != "constant",
                rows.source != picture.height || columns.source != picture.width
            {
                throw call.unsupported("fills what it pads with something else than 0")
            }
        }
        return [.tensor(try resized(picture, rows, columns, interpolation, call, &builder))]
    }

    /// - Parameter interpolation: `bilinear`, `nearest`, or in Keras 2 `bicubic`.
    static func resized(
        _ picture: PictureSides, _ rows: SideSampling, _ columns: SideSampling, _ interpolation: String,
        _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let channels = picture.value.width
        if rows.isIdentity, columns.isIdentity { return picture.value }
        let isNearest = interpolation == "nearest"
        let isCubic = interpolation == "bicubic"
        // TensorFlow, JAX and PyTorch have kernels of their own.
        if isCubic, call.generation == .keras3 {
            throw call.unsupported("the cubic kernel depends on the backend, which the file does not name")
        }
        guard isNearest || isCubic || interpolation == "bilinear" else {
            throw call.unsupported("\"interpolation\" is \"\(interpolation.printable)\"")
        }
        // Keras 3 leaves the picture to its backend, and PyTorch's nearest pixel is another one.
        if isNearest, call.generation == .keras3, !rows.isNearestCommon || !columns.isNearestCommon {
            throw call.unsupported("the nearest pixel depends on the backend, which the file does not name")
        }
        var result = picture.value
        func turn(_ extents: [Int], _ order: [Int], _ rows: Int, _ width: Int, _ part: String) {
            result.name = builder.add(
                .rearrange(Rearrangement(extents: extents, order: order, rows: rows)), [result.name], to: call,
                part: part)
            result.width = width
        }
        func sample(_ side: SideSampling, _ part: String) {
            let matrix = isCubic ? side.cubicMatrix : side.matrix(isNearest: isNearest)
            let shape: Shape = [side.length, side.target]
            result.name = builder.addOwned(
                .linear(Linear(inputWidth: side.length, outputWidth: side.target, hasBias: false)), [result.name],
                to: call, part: part, ["weight": .computed(.init(names: [], shape: shape) { _ in matrix })])
            result.width = side.target
        }
        turn([picture.height, picture.width * channels], [1, 0], picture.width * channels, picture.height, "columns")
        sample(rows, "height")
        turn([picture.width, channels, rows.target], [2, 1, 0], rows.target * channels, picture.width, "rows")
        sample(columns, "width")
        turn([rows.target, channels, columns.target], [0, 2, 1], rows.target * columns.target, channels, "")
        result.rows = .count(rows.target * columns.target)
        result.axes = [.rows(rows.target), .rows(columns.target), .width]
        return result
    }
}

/// The middle of pictures; of smaller ones as much as has the same proportions, enlarged.
enum CenterCropLayer: KerasLayerClass {
    static let names = ["CenterCrop"]
    static let options: Set<String>? = ["height", "width", "data_format"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let picture = try PictureSides(call)
        let height = try call.size("height"), width = try call.size("width"), channels = picture.value.width
        guard picture.height >= height, picture.width >= width else {
            guard max(height, width, picture.height, picture.width) <= SideSampling.longest else {
                throw call.unsupported("sides of more than \(SideSampling.longest) pixels")
            }
            var rows = SideSampling(picture.height, to: height), columns = SideSampling(picture.width, to: width)
            try rows.keepAspect(of: picture.height, crops: true, other: picture.width, target: height, width)
            try columns.keepAspect(of: picture.width, crops: true, other: picture.height, target: width, height)
            return [.tensor(try ResizingLayer.resized(picture, rows, columns, "bilinear", call, &builder))]
        }
        var result = picture.value
        func cut(_ start: Int, _ count: Int, _ part: String) {
            result.name = builder.add(
                .slice(Slice(axis: .rows, start: start, count: count)), [result.name], to: call, part: part)
        }
        func turn(_ extents: [Int], _ order: [Int], _ rows: Int, _ part: String) {
            result.name = builder.add(
                .rearrange(Rearrangement(extents: extents, order: order, rows: rows)), [result.name], to: call,
                part: part)
        }
        turn([picture.height, picture.width * channels], [0, 1], picture.height, "lines")
        cut((picture.height - height) / 2, height, "height")
        turn([height, picture.width, channels], [1, 0, 2], picture.width, "columns")
        cut((picture.width - width) / 2, width, "width")
        turn([width, height, channels], [1, 0, 2], height * width, "")
        result.rows = .count(height * width)
        result.axes = [.rows(height), .rows(width), .width]
        return [.tensor(result)]
    }
}

/// A picture with both of its sides.
struct PictureSides {
    let value: LayerValue
    let height: Int
    let width: Int

    init(_ call: LayerCall) throws(Problem) {
        if call.hasChannelsFirst { throw call.unsupported("channels that stand first") }
        let input = try call.input().withoutMask
        guard input.axes.count == 3, input.axes[2] == .width, case .rows(let height?) = input.axes[0],
            case .rows(let width?) = input.axes[1]
        else { throw call.unsupported("a picture \(input.shapeText)") }
        value = input
        self.height = height
        self.width = width
    }
}

/// Which pixels of a side make up each one of a longer or shorter side.
struct SideSampling {
    /// Pixels of a side: far beyond any picture that a model takes.
    static let longest = 1 << 13

    /// Pixels of the side as it is.
    let length: Int
    /// Pixels that are read of it, more than there are where it is padded.
    private(set) var source: Int
    /// The first of them; negative: so many pixels of padding.
    private(set) var start = 0
    let target: Int

    init(_ length: Int, to target: Int) {
        self.length = length
        source = length
        self.target = target
    }

    /// Reads a part of the side, or more than the side, that has the proportions of the result.
    mutating func keepAspect(of length: Int, crops: Bool, other: Int, target: Int, _ otherTarget: Int) throws(Problem) {
        // Sizes are far below 2^26: the product is exact.
        let wanted = Int(Double(other) * Double(target) / Double(otherTarget))
        source = crops ? max(min(length, wanted), 1) : max(length, wanted)
        guard source <= 1 << 20 else { throw Problem(.unsupported, "a picture with \(source) pixels a side") }
        start = crops ? (length - source) / 2 : -((source - length) / 2)
    }

    var isIdentity: Bool { source == length && target == length && start == 0 }

    /// Whether all backends agree which pixel is nearest.
    var isNearestCommon: Bool {
        let scale = Double(source) / Double(target)
        return (0..<target).allSatisfy { Int((Double($0) + 0.5) * scale) == Int(Double($0) * scale) }
    }

    /// `[length, target]`: the share of each pixel in each one of the result.
    func matrix(isNearest: Bool) -> Tensor {
        let scale = Double(source) / Double(target)
        return Tensor(shape: [length, target]) { weights in
            for index in weights.indices { weights[index] = 0 }
            func add(_ pixel: Int, _ share: Double, to index: Int) {
                let place = min(max(pixel, 0), source - 1) + start
                if (0..<length).contains(place) { weights[place * target + index] += Float(share) }
            }
            for index in 0..<target {
                if isNearest {
                    add(Int((Double(index) + 0.5) * scale), 1, to: index)
                } else {
                    let place = (Double(index) + 0.5) * scale - 0.5
                    let below = place.rounded(.down)
                    add(Int(below), 1 - (place - below), to: index)
                    add(Int(below) + 1, place - below, to: index)
                }
            }
        }
    }
}
