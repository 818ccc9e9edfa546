import Platform

/// How pixels of another size are made. All but `nearest` average over as many source pixels as fall on one
/// (antialias).
///
/// Source: Pillow's `Image.resize`, whose numbers these are; results are the same to the bit, except where the C
/// library's sine differs (`lanczos`).
package enum ResamplingFilter: Int, Sendable, Hashable, CaseIterable {
    case nearest = 0
    case lanczos = 1
    case bilinear = 2
    case bicubic = 3
    case box = 4
    case hamming = 5

    /// Source pixels to each side that count, at equal sizes.
    private var support: Double {
        switch self {
        case .nearest, .box: 0.5
        case .bilinear, .hamming: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    private func weight(_ signed: Double) -> Double {
        let x = abs(signed)
        switch self {
        case .nearest, .box: return signed > -0.5 && signed <= 0.5 ? 1 : 0
        case .bilinear: return x < 1 ? 1 - x : 0
        case .hamming:
            guard x < 1 else { return 0 }
            return x == 0 ? 1 : sin(x * .pi) / (x * .pi) * (0.54 + 0.46 * cos(x * .pi))
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        case .lanczos: return x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
        }
    }

    private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }

    /// Which source pixels make one target pixel, and their shares in units of 2⁻²².
    private struct Share {
        let first: Int
        let weights: [Int32]
    }

    private static let precision: Int32 = 22

    private func shares(from source: Int, to target: Int) -> [Share] {
        let scale = Double(source) / Double(target)
        let stretch = max(scale, 1)
        let reach = support * stretch
        return (0..<target).map { place in
            let centre = (Double(place) + 0.5) * scale
            let first = max(Int(centre - reach + 0.5), 0)
            let end = min(Int(centre + reach + 0.5), source)
            var weights = (first..<max(end, first)).map { weight((Double($0) - centre + 0.5) * (1 / stretch)) }
            let sum = weights.reduce(0, +)
            if sum != 0 { weights = weights.map { $0 / sum } }
            let unit = Double(1 << Self.precision)
            return Share(
                first: first, weights: weights.map { Int32($0 < 0 ? -0.5 + $0 * unit : 0.5 + $0 * unit) })
        }
    }

    /// A picture of another size.
    ///
    /// - Parameters:
    ///   - width: 1 … 32768.
    ///   - height: 1 … 32768.
    /// - Complexity: O(pixels · source pixels that fall on one).
    package func resize(_ picture: Picture, width: Int, height: Int) -> Picture {
        guard width > 0, height > 0 else { return picture }
        if self == .nearest { return nearest(picture, width, height) }
        var result = picture
        // Pixels between the two steps are of 8 bits: which comes first shows. Since Pillow 13 columns do where the
        // height loses much more than the width.
        let lostRows = picture.height - height, lostColumns = picture.width - width
        let startsWithColumns = lostRows > 0 && lostRows > 2 * lostColumns
        if startsWithColumns { result = Self.alongColumns(result, shares(from: picture.height, to: height)) }
        if width != picture.width { result = Self.alongRows(result, shares(from: picture.width, to: width)) }
        if height != result.height { result = Self.alongColumns(result, shares(from: picture.height, to: height)) }
        return result
    }

    private func nearest(_ picture: Picture, _ width: Int, _ height: Int) -> Picture {
        func places(_ source: Int, _ target: Int) -> [Int] {
            let scale = Double(source) / Double(target)
            return (0..<target).map { min(Int((Double($0) + 0.5) * scale), source - 1) }
        }
        let columns = places(picture.width, width)
        let channels = picture.channels
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * channels)
        for row in places(picture.height, height) {
            for column in columns {
                let at = (row * picture.width + column) * channels
                pixels.append(contentsOf: picture.pixels[at..<at + channels])
            }
        }
        return Picture(unchecked: width, height, channels, pixels)
    }

    private static func alongRows(_ picture: Picture, _ shares: [Share]) -> Picture {
        let channels = picture.channels, width = shares.count
        var pixels = [UInt8](repeating: 0, count: picture.height * width * channels)
        picture.pixels.withUnsafeBufferPointer { source in
            for row in 0..<picture.height {
                let line = row * picture.width * channels
                for (column, share) in shares.enumerated() {
                    for channel in 0..<channels {
                        var sum: Int32 = 1 << (precision - 1)
                        var at = line + share.first * channels + channel
                        for weight in share.weights {
                            sum &+= Int32(source[at]) &* weight
                            at += channels
                        }
                        pixels[(row * width + column) * channels + channel] = UInt8(clamping: sum >> precision)
                    }
                }
            }
        }
        return Picture(unchecked: width, picture.height, channels, pixels)
    }

    private static func alongColumns(_ picture: Picture, _ shares: [Share]) -> Picture {
        let stride = picture.width * picture.channels
        var pixels = [UInt8](repeating: 0, count: shares.count * stride)
        picture.pixels.withUnsafeBufferPointer { source in
            for (row, share) in shares.enumerated() {
                for place in 0..<stride {
                    var sum: Int32 = 1 << (precision - 1)
                    var at = share.first * stride + place
                    for weight in share.weights {
                        sum &+= Int32(source[at]) &* weight
                        at += stride
                    }
                    pixels[row * stride + place] = UInt8(clamping: sum >> precision)
                }
            }
        }
        return Picture(unchecked: picture.width, shares.count, picture.channels, pixels)
    }
}
