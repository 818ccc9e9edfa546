import JSON
import ModelGraph
import Platform

extension ImagePreparation {
    /// Files that say how pictures are prepared, the most telling first.
    package static let fileNames = ["preprocessor_config.json", "processor_config.json", "image_converter.json"]

    /// What a model's own files say; `nil` when they say nothing about pictures.
    ///
    /// - Parameters:
    ///   - assets: Contents by file name.
    ///   - ignored: Keys that are passed over.
    /// - Throws: `FileError` when a file is damaged, or asks for something that is not done.
    package init?(assets: [String: [UInt8]], ignoring ignored: Set<String> = []) throws(FileError) {
        for name in Self.fileNames {
            guard let bytes = assets[name], var document = try Self.document(bytes, name) else { continue }
            if name == "image_converter.json" {
                self = try PreparationReader(file: name, json: document, ignored: ignored).kerasHub()
                return
            }
            if name == "processor_config.json" {
                // Several processors in one file; the one for pictures may be missing.
                guard let inner = document["image_processor"], inner.objectValue != nil else { continue }
                document = inner
            }
            let config = try assets["config.json"].flatMap { (bytes) throws(FileError) in
                try Self.document(bytes, "config.json")
            }
            let processor = try ImageProcessor(document, config: config, file: name, ignored: ignored)
            self = try PreparationReader(file: name, json: document, ignored: ignored).huggingFace(processor)
            return
        }
        return nil
    }

    private static func document(_ bytes: [UInt8], _ name: String) throws(FileError) -> JSONValue? {
        do throws(Document.ReadError) {
            return try Document.decode(JSONValue.self, from: bytes)
        } catch {
            throw FileError(.corrupt, path: name, "\(error)")
        }
    }
}

/// Reads the two kinds of files.
private struct PreparationReader {
    let file: String
    let json: JSONValue
    let ignored: Set<String>

    private static let largestSide = 1 << 14

    /// The image processors of transformers: each step has a switch of its own.
    func huggingFace(_ processor: ImageProcessor) throws(FileError) -> ImagePreparation {
        var result = ImagePreparation()
        result.turns = true
        let crops = try flag("do_center_crop", default: processor.crops)
        if try flag("do_resize", default: true) {
            let square = try flag("default_to_square", default: processor.isSquareFromNumber ?? !crops)
            if let size = self["size"] ?? self["image_size"] {
                result.sizing = try sizing(size, isSquare: square)
            } else {
                result.sizing = processor.sizing
            }
            if let number = self["resample"] {
                guard let value = number.intValue, let resampling = ResamplingFilter(rawValue: value) else {
                    throw unsupported("resample", number, "pixels are resampled in the ways 0…5 of Pillow")
                }
                result.method = .pillow(resampling)
            } else {
                result.method = .pillow(processor.resampling)
            }
        }
        if crops {
            result.centersTowardsZero = processor.isFast
            if let size = self["crop_size"] ?? (processor.cropSide == nil ? self["size"] : nil) {
                guard case .exactly(let width, let height) = try sizing(size, isSquare: true, "crop_size") else {
                    throw unsupported("crop_size", size, "a crop has a height and a width")
                }
                result.crop = (width, height)
            } else if let side = processor.cropSide {
                result.crop = (side, side)
            }
        }
        // Files from before rescaling was a step of its own name no factor.
        if try flag("do_rescale", default: true) {
            result.scale = try numbers("rescale_factor")?.first ?? Float(1.0 / 255)
        }
        if try flag("do_normalize", default: true) {
            result.mean = try numbers("image_mean") ?? processor.mean
            result.deviation = try numbers("image_std") ?? processor.deviation
            guard result.deviation.allSatisfy({ $0 != 0 }) else {
                throw FileError(.corrupt, path: file, "\"image_std\" has a 0")
            }
        }
        return result
    }

    /// A value that is there and is not to be passed over.
    private subscript(key: String) -> JSONValue? {
        guard !ignored.contains(key), let value = json[key], !value.isNull else { return nil }
        return value
    }

    private func unsupported(_ key: String, _ value: JSONValue, _ reason: String) -> FileError {
        .unsupported(
            file: file, field: key, found: "\(value.shortDescription) (\(reason))",
            remedy: "--ignore-config \(key.printable) passes over it")
    }

    /// The image converters of KerasHub.
    func kerasHub() throws(FileError) -> ImagePreparation {
        let inner = PreparationReader(file: file, json: json["config"] ?? json, ignored: ignored)
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
        _ value: JSONValue, isSquare: Bool, _ key: String = "size"
    ) throws(FileError) -> ImagePreparation.Sizing {
        if let list = value.arrayValue, list.count == 2 {
            return .exactly(width: try side(list[1]), height: try side(list[0]))
        }
        if value.intValue != nil {
            let number = try side(value)
            return isSquare ? .exactly(width: number, height: number) : .shortestSide(number)
        }
        // Names of sides that ask for a shape of its own.
        for (name, side) in (value.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) where !side.isNull {
            guard ["height", "width", "shortest_edge"].contains(name) else {
                throw unsupported("\(key).\(name)", side, "a size has a height and width, or a shortest_edge")
            }
        }
        if let height = value["height"], let width = value["width"] {
            return .exactly(width: try side(width), height: try side(height))
        }
        if let shortest = value["shortest_edge"] { return .shortestSide(try side(shortest)) }
        throw unsupported(key, value, "a size has a height and width, or a shortest_edge")
    }

    private func side(_ value: JSONValue) throws(FileError) -> Int {
        guard let number = value.intValue, (1...Self.largestSide).contains(number) else {
            throw FileError(.corrupt, path: file, "a size is not a number of 1…\(Self.largestSide)")
        }
        return number
    }

    private func flag(_ name: String, default fallback: Bool) throws(FileError) -> Bool {
        switch self[name] {
        case nil: return fallback
        case .bool(let flag)?: return flag
        default: throw FileError(.corrupt, path: file, "\"\(name)\" is neither true nor false")
        }
    }

    /// A number or a list of numbers.
    private func numbers(_ name: String) throws(FileError) -> [Float]? {
        switch self[name] {
        case nil: return nil
        case let value?:
            let list = value.arrayValue ?? [value]
            let numbers = list.compactMap(\.doubleValue).map(Float.init)
            guard numbers.count == list.count, !numbers.isEmpty, numbers.count <= 4, numbers.allSatisfy(\.isFinite)
            else { throw FileError(.corrupt, path: file, "\"\(name)\" is no list of numbers") }
            return numbers
        }
    }
}
