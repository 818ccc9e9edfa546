import CImages
import Files
import Platform

/// A picture as 8-bit pixels, row by row from the top.
package struct Picture: Sendable, Hashable {
    /// Pixels of a row.
    package let width: Int
    /// Rows.
    package let height: Int
    /// 1 (grey) or 3 (red, green, blue).
    package let channels: Int
    /// `[height, width, channels]`.
    package let pixels: [UInt8]

    /// Pixels of the largest picture that is made.
    static let largestCount = Int(RF_IMAGE_PIXELS)

    /// A picture from pixels; `nil` when there are not `width · height · channels` of them.
    package init?(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        guard width > 0, height > 0, channels == 1 || channels == 3, width <= RF_IMAGE_SIDE,
            height <= RF_IMAGE_SIDE, pixels.count == width * height * channels
        else { return nil }
        self.init(unchecked: width, height, channels, pixels)
    }

    /// Of sizes that were checked.
    init(unchecked width: Int, _ height: Int, _ channels: Int, _ pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// Reads a PNG or JPEG file. Transparency is dropped, 16 bits a colour are cut to 8, palettes are looked up, CMYK
    /// becomes RGB.
    ///
    /// - Parameter turns: Whether the picture is turned as the camera was held.
    /// - Throws: `FileError`: no such file; damaged, cut short, or beyond 2²⁶ pixels; or in colours other than grey,
    ///   RGB and CMYK.
    package init(path: String, turns: Bool = false) throws(FileError) {
        let file = try MappedFile(path: path)
        self = try file.withUnsafeBytes { (bytes) throws(FileError) in
            try Picture(decoding: bytes, path: path, turns: turns)
        }
    }

    /// Reads a PNG or JPEG file's bytes.
    ///
    /// - Parameters:
    ///   - path: What errors call the picture.
    ///   - turns: Whether the picture is turned as the camera was held.
    package init(decoding bytes: [UInt8], path: String, turns: Bool = false) throws(FileError) {
        self = try bytes.withUnsafeBytes { bytes in
            Result { () throws(FileError) in try Picture(decoding: bytes, path: path, turns: turns) }
        }.get()
    }

    private init(decoding bytes: UnsafeRawBufferPointer, path: String, turns: Bool) throws(FileError) {
        let picture = try Picture(decoding: bytes, path: path)
        self = turns ? picture.upright(from: PictureOrientation(of: bytes)) : picture
    }

    init(decoding bytes: UnsafeRawBufferPointer, path: String) throws(FileError) {
        let source = bytes.bindMemory(to: UInt8.self)
        var size = rf_image_size()
        var message = [CChar](repeating: 0, count: RF_IMAGE_MESSAGE)
        var status = rf_image_probe(source.baseAddress, source.count, &size, &message)
        guard status == RF_IMAGE_OK else { throw Self.error(status, message, path) }
        let count = Int(size.width) * Int(size.height) * Int(size.channels)
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.update(repeating: 0)
            status = rf_image_decode(source.baseAddress, source.count, &size, buffer.baseAddress, &message)
            initialized = count
        }
        guard status == RF_IMAGE_OK else { throw Self.error(status, message, path) }
        self.init(unchecked: Int(size.width), Int(size.height), Int(size.channels), pixels)
    }

    private static func error(_ status: rf_image_status, _ message: [CChar], _ path: String) -> FileError {
        let text = message.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        return switch status {
        case RF_IMAGE_UNSUPPORTED:
            FileError(.unsupported, path: path, "\(text) is not supported; save it as PNG, or as JPEG in RGB")
        case RF_IMAGE_UNKNOWN: FileError(.corrupt, path: path, "\(text); give PNG or JPEG files")
        default: FileError(.corrupt, path: path, "\(text); the file is damaged: fetch or save it again")
        }
    }

    /// The picture with so many channels: grey repeated, or colours weighed as luma (ITU-R 601-2).
    ///
    /// Source: Pillow's conversions between L and RGB, to the bit.
    package func withChannels(_ count: Int) -> Picture {
        guard count != channels, count == 1 || count == 3 else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(width * height * count)
        if count == 3 {
            for pixel in pixels { result.append(contentsOf: [pixel, pixel, pixel]) }
        } else {
            for at in stride(from: 0, to: pixels.count - 2, by: 3) {
                let red = Int(pixels[at]), green = Int(pixels[at + 1]), blue = Int(pixels[at + 2])
                result.append(UInt8(clamping: (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16))
            }
        }
        return Picture(unchecked: width, height, count, result)
    }

    /// A part of the picture; places outside are black.
    func cropped(top: Int, left: Int, height: Int, width: Int) -> Picture {
        var result = [UInt8](repeating: 0, count: height * width * channels)
        let columns = max(left, 0)..<max(min(left + width, self.width), max(left, 0))
        for row in max(top, 0)..<max(min(top + height, self.height), max(top, 0)) where !columns.isEmpty {
            let source = (row * self.width + columns.lowerBound) * channels
            let target = ((row - top) * width + columns.lowerBound - left) * channels
            let count = columns.count * channels
            result.replaceSubrange(target..<target + count, with: pixels[source..<source + count])
        }
        return Picture(unchecked: width, height, channels, result)
    }
}
