import JSON
import ModelGraph
import Platform

extension ImagePreparation {
    /// Files that say how pictures are prepared, the most telling first.
    package static let fileNames = ["preprocessor_config.json", "image_converter.json"]

    /// What a model's own files say; `nil` when they say nothing about pictures.
    ///
    /// - Parameter assets: Contents by file name.
    /// - Throws: `FileError` when a file is damaged, or asks for something that is not done.
    package init?(assets: [String: [UInt8]]) throws(FileError) {
        guard let name = Self.fileNames.first(where: { assets[$0] != nil }), let bytes = assets[name] else {
            return nil
        }
        let document: JSONValue
        do throws(Document.ReadError) {
            document = try Document.decode(JSONValue.self, from: bytes)
        } catch {
            throw FileError(.corrupt, path: name, "\(error)")
        }
        let reader = PreparationReader(file: name, json: document)
        self = name == "image_converter.json" ? try reader.kerasHub() : try reader.huggingFace()
    }
}

/// Reads the two kinds of files.
private struct PreparationReader {
    let file: String
    let json: JSONValue

    private static let largestSide = 1 << 14

    /// The image processors of transformers: each step has a switch of its own.
    func huggingFace() throws(FileError) -> ImagePreparation {
        var result = ImagePreparation()
        if try flag("do_resize", default: true), let size = json["size"] ?? json["image_size"] {
            result.sizing = try sizing(size)
        }
        if let number = json["resample"] {
            guard let value = number.intValue, let resampling = Resampling(rawValue: value) else {
                throw FileError(.unsupported, path: file, "the resampling method \"resample\" is not known")
            }
            result.method = .pillow(resampling)
        }
        if try flag("do_center_crop", default: false), let size = json["crop_size"] ?? json["size"] {
            guard case .exactly(let width, let height) = try sizing(size, squareFromNumber: true) else {
                throw FileError(.unsupported, path: file, "\"crop_size\" has no height and width")
            }
            result.crop = (width, height)
        }
        // Files from before rescaling was a step of its own name no factor.
        if try flag("do_rescale", default: true) {
            result.scale = try numbers("rescale_factor")?.first ?? Float(1.0 / 255)
        }
        if try flag("do_normalize", default: true) {
            result.mean = try numbers("image_mean") ?? [0.5]
            result.deviation = try numbers("image_std") ?? [0.5]
            guard result.deviation.allSatisfy({ $0 != 0 }) else {
                throw FileError(.corrupt, path: file, "\"image_std\" has a 0")
            }
        }
        return result
    }

    /// The image converters of KerasHub.
    func kerasHub() throws(FileError) -> ImagePreparation {
        let inner = PreparationReader(file: file, json: json["config"] ?? json)
        var result = ImagePreparation()
        if let size = inner.json["image_size"]?.arrayValue, size.count == 2 {
            let height = try inner.side(size[0]), width = try inner.side(size[1])
            let crops = try inner.flag("crop_to_aspect_ratio", default: true)
            result.sizing = crops ? .cropped(width: width, height: height) : .exactly(width: width, height: height)
        }
        if try inner.flag("pad_to_aspect_ratio", default: false) {
            throw FileError(.unsupported, path: file, "\"pad_to_aspect_ratio\" is not supported")
        }
        switch inner.json["interpolation"]?.stringValue ?? "bilinear" {
        case "bilinear": result.method = .linear
        case let name:
            throw FileError(.unsupported, path: file, "the interpolation \"\(name)\" is not supported; use bilinear")
        }
        // Scale and offset may differ by channel: x · scale + offset = (x − 0) / (1 / scale) + offset.
        if let scale = try inner.numbers("scale") {
            guard scale.allSatisfy({ $0 != 0 }) else { throw FileError(.corrupt, path: file, "\"scale\" has a 0") }
            if scale.count == 1 { result.scale = scale[0] } else { result.deviation = scale.map { 1 / $0 } }
        }
        result.offset = try inner.numbers("offset") ?? []
        return result
    }

    private func sizing(
        _ value: JSONValue, squareFromNumber: Bool = false
    ) throws(FileError) -> ImagePreparation.Sizing {
        if let list = value.arrayValue, list.count == 2 {
            return .exactly(width: try side(list[1]), height: try side(list[0]))
        }
        if value.intValue != nil {
            // A single number was a square in the first vision models, and still is where nothing is cropped.
            let number = try side(value)
            let crops = try flag("do_center_crop", default: false)
            return squareFromNumber || !crops ? .exactly(width: number, height: number) : .shortestSide(number)
        }
        if let height = value["height"], let width = value["width"] {
            return .exactly(width: try side(width), height: try side(height))
        }
        if let shortest = value["shortest_edge"] { return .shortestSide(try side(shortest)) }
        throw FileError(.unsupported, path: file, "\"size\" is given in a way that is not known")
    }

    private func side(_ value: JSONValue) throws(FileError) -> Int {
        guard let number = value.intValue, (1...Self.largestSide).contains(number) else {
            throw FileError(.corrupt, path: file, "a size is not a number of 1…\(Self.largestSide)")
        }
        return number
    }

    private func flag(_ name: String, default fallback: Bool) throws(FileError) -> Bool {
        switch json[name] {
        case nil, .null?: return fallback
        case .bool(let flag)?: return flag
        default: throw FileError(.corrupt, path: file, "\"\(name)\" is neither true nor false")
        }
    }

    /// A number or a list of numbers.
    private func numbers(_ name: String) throws(FileError) -> [Float]? {
        switch json[name] {
        case nil, .null?: return nil
        case let value?:
            let list = value.arrayValue ?? [value]
            let numbers = list.compactMap(\.doubleValue).map(Float.init)
            guard numbers.count == list.count, !numbers.isEmpty, numbers.count <= 4, numbers.allSatisfy(\.isFinite)
            else { throw FileError(.corrupt, path: file, "\"\(name)\" is no list of numbers") }
            return numbers
        }
    }
}
