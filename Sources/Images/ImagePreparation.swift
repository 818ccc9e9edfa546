import ModelGraph

/// From a picture to the numbers that a model reads: resize, crop, rescale, normalise.
package struct ImagePreparation: Sendable, Hashable {
    /// How a picture gets its size.
    package enum Sizing: Sendable, Hashable {
        /// Whatever its shape.
        case exactly(width: Int, height: Int)
        /// In its shape, the shorter side so long.
        case shortestSide(Int)
        /// Cut to the target's shape around the middle, then resized.
        case cropped(width: Int, height: Int)
    }

    /// How the pixels of another size are made.
    package enum Method: Sendable, Hashable {
        /// On 8-bit pixels, as Pillow does.
        case pillow(ResamplingFilter)
        /// On floating-point pixels, from the four nearest ones without antialias, as TensorFlow does.
        case linear
    }

    /// `nil`: the picture's own size must be the model's.
    package var sizing: Sizing?
    /// How the pixels of another size are made.
    package var method = Method.pillow(.bilinear)
    /// A part around the middle; black where the picture ends.
    package var crop: (width: Int, height: Int)? {
        get { cropWidth > 0 && cropHeight > 0 ? (cropWidth, cropHeight) : nil }
        set { (cropWidth, cropHeight) = newValue ?? (0, 0) }
    }
    private var cropWidth = 0
    private var cropHeight = 0
    /// Whether pictures are turned as the camera was held.
    package var turns = false
    /// Where a picture lacks an odd number of pixels of a crop, whether the odd one lies after it rather than before.
    package var centersTowardsZero = false
    /// Applied to every pixel first: `pixel · scale`.
    package var scale: Float = 1
    /// Subtracted after scaling, by channel (or one for all).
    package var mean: [Float] = []
    /// Divided by after that, by channel (or one for all).
    package var deviation: [Float] = []
    /// Added at the end, by channel (or one for all).
    package var offset: [Float] = []

    /// Pixels as they are, 0…255.
    package init() {}

    /// The numbers of a picture, `[height · width, channels]`.
    ///
    /// - Parameters:
    ///   - width: Pixels of a row that the model reads.
    ///   - height: Rows that the model reads.
    ///   - channels: 1 or 3.
    /// - Returns: `nil` when the picture comes out in another size, or would be larger on the way than pictures may be.
    package func rows(of picture: Picture, width: Int, height: Int, channels: Int) -> InputArray? {
        let picture = picture.withChannels(channels)
        // Told before anything is made: what a file asks for may be large.
        guard picture.channels == channels, finalSize(of: picture) == Size(width: width, height: height) else {
            return nil
        }
        var numbers: [Float]
        if case .linear = method, case .cropped(let targetWidth, let targetHeight)? = sizing {
            let cut = Self.middle(of: picture, shapedAs: targetWidth, targetHeight)
            numbers = LinearResampling.resize(cut, width: targetWidth, height: targetHeight)
        } else if case .linear = method, case .exactly(let targetWidth, let targetHeight)? = sizing {
            numbers = LinearResampling.resize(picture, width: targetWidth, height: targetHeight)
        } else {
            var made = resized(picture)
            if let crop {
                made = made.cropped(
                    top: start(made.height - crop.height), left: start(made.width - crop.width), height: crop.height,
                    width: crop.width)
            }
            numbers = made.pixels.map(Float.init)
        }
        apply(to: &numbers, channels: channels)
        return InputArray(rows: width * height, columns: channels, numbers: numbers)
    }

    /// Where a crop starts that is shorter by so many pixels than the picture.
    private func start(_ difference: Int) -> Int { centersTowardsZero ? difference / 2 : difference >> 1 }

    private func resized(_ picture: Picture) -> Picture {
        let resampling: ResamplingFilter = if case .pillow(let resampling) = method { resampling } else { .bilinear }
        let size = resizedSize(of: picture)
        switch sizing {
        case nil: return picture
        case .exactly, .shortestSide: return resampling.resize(picture, width: size.width, height: size.height)
        case .cropped(let width, let height):
            return resampling.resize(
                Self.middle(of: picture, shapedAs: width, height), width: width, height: height)
        }
    }

    private struct Size: Equatable {
        var width: Int
        var height: Int
    }

    private func resizedSize(of picture: Picture) -> Size {
        switch sizing {
        case nil: return Size(width: picture.width, height: picture.height)
        case .exactly(let width, let height), .cropped(let width, let height):
            return Size(width: width, height: height)
        case .shortestSide(let side):
            let shorter = min(picture.width, picture.height), longer = max(picture.width, picture.height)
            let other = min(longer * side / shorter, Self.longestSide)
            return picture.width <= picture.height
                ? Size(width: side, height: other) : Size(width: other, height: side)
        }
    }

    /// The size in which a picture comes out; `nil` where it would be too large before it is cropped.
    private func finalSize(of picture: Picture) -> Size? {
        let size = resizedSize(of: picture)
        // Rows are resized first, all of them.
        let height = max(size.height, picture.height)
        guard size.width <= Picture.largestCount / height else { return nil }
        // Linear resampling never goes with a crop: the files that ask for it have none.
        return crop.map { Size(width: $0.width, height: $0.height) } ?? size
    }

    /// A long strip of pixels resized in its shape could be of any length.
    private static let longestSide = 1 << 14

    /// The largest part around the middle that has the shape of a target.
    private static func middle(of picture: Picture, shapedAs width: Int, _ height: Int) -> Picture {
        let cutWidth = min(picture.width, max(1, picture.height * width / height))
        let cutHeight = min(picture.height, max(1, picture.width * height / width))
        return picture.cropped(
            top: (picture.height - cutHeight) / 2, left: (picture.width - cutWidth) / 2, height: cutHeight,
            width: cutWidth)
    }

    private func apply(to numbers: inout [Float], channels: Int) {
        func value(_ list: [Float], _ channel: Int, _ fallback: Float) -> Float {
            list.count == 1 ? list[0] : channel < list.count ? list[channel] : fallback
        }
        for channel in 0..<channels {
            let mean = value(mean, channel, 0), deviation = value(deviation, channel, 1)
            let offset = value(offset, channel, 0)
            for at in stride(from: channel, to: numbers.count, by: channels) {
                numbers[at] = (numbers[at] * scale - mean) / deviation + offset
            }
        }
    }
}

/// Floating-point pixels from the four nearest ones.
///
/// Source: `tf.image.resize` with `bilinear` and without antialias: centres of pixels at halves.
enum LinearResampling {
    private struct Place {
        let low: Int
        let high: Int
        let share: Float
    }

    private static func places(from source: Int, to target: Int) -> [Place] {
        let scale = Float(source) / Float(target)
        return (0..<target).map { place in
            let at = (Float(place) + 0.5) * scale - 0.5
            let low = at.rounded(.down)
            return Place(
                low: max(Int(low), 0), high: min(Int(at.rounded(.up)), source - 1), share: at - low)
        }
    }

    /// `[height, width, channels]`.
    static func resize(_ picture: Picture, width: Int, height: Int) -> [Float] {
        let columns = places(from: picture.width, to: width), channels = picture.channels
        var result: [Float] = []
        result.reserveCapacity(width * height * channels)
        for row in places(from: picture.height, to: height) {
            for column in columns {
                for channel in 0..<channels {
                    func pixel(_ y: Int, _ x: Int) -> Float {
                        Float(picture.pixels[(y * picture.width + x) * channels + channel])
                    }
                    let top =
                        pixel(row.low, column.low)
                        + (pixel(row.low, column.high) - pixel(row.low, column.low)) * column.share
                    let bottom =
                        pixel(row.high, column.low)
                        + (pixel(row.high, column.high) - pixel(row.high, column.low)) * column.share
                    result.append(top + (bottom - top) * row.share)
                }
            }
        }
        return result
    }
}
