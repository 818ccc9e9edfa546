/// How a camera held a picture: which way its pixels have to be turned to stand upright.
///
/// Source: EXIF 2.3, tag 0x0112; where there is none, `tiff:Orientation` of XMP, as Pillow reads it.
package enum PictureOrientation: Int, Sendable, Hashable {
    case upright = 1
    case mirrored = 2
    case turnedAround = 3
    case flipped = 4
    case transposed = 5
    case turnedRight = 6
    case transverse = 7
    case turnedLeft = 8

    /// What a PNG or JPEG file says; upright where it says nothing, or nothing that can be understood.
    package init(of file: UnsafeRawBufferPointer) {
        let blocks = file.starts(with: [0x89, 0x50, 0x4E, 0x47]) ? Self.pngBlocks(file) : Self.jpegBlocks(file)
        let exif = blocks.lazy.compactMap { block in
            if case .exif(let range) = block { Self.inExif(file, range) } else { nil }
        }.first
        let xmp = blocks.lazy.compactMap { block in
            if case .xmp(let range) = block { Self.inXMP(file, range) } else { nil }
        }.first
        self = (exif ?? xmp).flatMap(PictureOrientation.init(rawValue:)) ?? .upright
    }

    private enum Block {
        case exif(Range<Int>)
        case xmp(Range<Int>)
    }

    /// Blocks that are looked at; a file of a camera has a handful.
    private static let mostBlocks = 4096

    private static func number(_ file: UnsafeRawBufferPointer, _ at: Int, bytes: Int, isBig: Bool = true) -> Int {
        var value = 0
        for index in 0..<bytes {
            let byte = Int(file[at + (isBig ? index : bytes - 1 - index)])
            value = value << 8 | byte
        }
        return value
    }

    private static func starts(_ file: UnsafeRawBufferPointer, _ range: Range<Int>, with text: String) -> Bool {
        range.count >= text.utf8.count && UnsafeRawBufferPointer(rebasing: file[range]).starts(with: text.utf8)
    }

    /// The application segments before the picture's data.
    private static func jpegBlocks(_ file: UnsafeRawBufferPointer) -> [Block] {
        let exif = "Exif\0\0", xmp = "http://ns.adobe.com/xap/1.0/\0"
        var blocks: [Block] = []
        var at = 2
        for _ in 0..<mostBlocks where at + 4 <= file.count {
            guard file[at] == 0xFF else { break }
            let marker = file[at + 1]
            if marker == 0xFF {
                at += 1
                continue
            }
            // Start of the data, end of the picture.
            if marker == 0xDA || marker == 0xD9 { break }
            let length = number(file, at + 2, bytes: 2)
            let body = at + 4..<at + 2 + max(length, 2)
            guard body.upperBound <= file.count else { break }
            if marker == 0xE1, starts(file, body, with: exif) {
                blocks.append(.exif(body.lowerBound + exif.utf8.count..<body.upperBound))
            } else if marker == 0xE1, starts(file, body, with: xmp) {
                blocks.append(.xmp(body.lowerBound + xmp.utf8.count..<body.upperBound))
            }
            at = body.upperBound
        }
        return blocks
    }

    /// The chunks of a PNG file, those behind the pixels too.
    private static func pngBlocks(_ file: UnsafeRawBufferPointer) -> [Block] {
        let xmp = "XML:com.adobe.xmp\0"
        var blocks: [Block] = []
        var at = 8
        for _ in 0..<mostBlocks where at + 12 <= file.count {
            let length = number(file, at, bytes: 4)
            guard length <= file.count - at - 12 else { break }
            let name = at + 4..<at + 8, body = at + 8..<at + 8 + length
            if starts(file, name, with: "eXIf") {
                // Some writers put the name of JPEG's segment before it.
                let isNamed = starts(file, body, with: "Exif\0\0")
                blocks.append(.exif(body.lowerBound + (isNamed ? 6 : 0)..<body.upperBound))
            } else if starts(file, name, with: "iTXt"), starts(file, body, with: xmp) {
                blocks.append(.xmp(body))
            }
            at = body.upperBound + 4
        }
        return blocks
    }

    /// The tag among those of the first directory.
    private static func inExif(_ file: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        let block = UnsafeRawBufferPointer(rebasing: file[range])
        guard block.count >= 8 else { return nil }
        let isBig = block.starts(with: [0x4D, 0x4D])
        guard isBig || block.starts(with: [0x49, 0x49]), number(block, 2, bytes: 2, isBig: isBig) == 42 else {
            return nil
        }
        let start = number(block, 4, bytes: 4, isBig: isBig)
        guard start <= block.count - 2 else { return nil }
        for entry in 0..<number(block, start, bytes: 2, isBig: isBig) {
            let at = start + 2 + entry * 12
            guard at + 12 <= block.count else { return nil }
            guard number(block, at, bytes: 2, isBig: isBig) == 0x0112 else { continue }
            switch number(block, at + 2, bytes: 2, isBig: isBig) {
            case 1: return Int(block[at + 8])
            case 3: return number(block, at + 8, bytes: 2, isBig: isBig)
            case 4: return number(block, at + 8, bytes: 4, isBig: isBig)
            default: return nil
            }
        }
        return nil
    }

    /// `tiff:Orientation="6"`, or as an element.
    private static func inXMP(_ file: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        let key = Array("tiff:Orientation".utf8)
        let text = UnsafeRawBufferPointer(rebasing: file[range])
        var at = 0
        while at + key.count + 2 < text.count {
            guard text[at] == key[0], UnsafeRawBufferPointer(rebasing: text[at..<at + key.count]).elementsEqual(key)
            else {
                at += 1
                continue
            }
            at += key.count
            if text[at] == UInt8(ascii: "=") { at += 1 }
            guard at + 1 < text.count, text[at] == UInt8(ascii: "\"") || text[at] == UInt8(ascii: ">") else { continue }
            let digit = Int(text[at + 1]) - 0x30
            return (0...9).contains(digit) ? digit : nil
        }
        return nil
    }
}

extension Picture {
    /// The picture as it was taken, from pixels as the camera stored them.
    package func upright(from orientation: PictureOrientation) -> Picture {
        if orientation == .upright { return self }
        let isTurned = orientation.rawValue >= 5
        let width = isTurned ? height : self.width, height = isTurned ? self.width : self.height
        let last = (x: self.width - 1, y: self.height - 1)
        var result = [UInt8](repeating: 0, count: pixels.count)
        pixels.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                var place = 0
                for y in 0..<height {
                    for x in 0..<width {
                        let (fromX, fromY): (Int, Int) =
                            switch orientation {
                            case .upright: (x, y)
                            case .mirrored: (last.x - x, y)
                            case .turnedAround: (last.x - x, last.y - y)
                            case .flipped: (x, last.y - y)
                            case .transposed: (y, x)
                            case .turnedRight: (y, last.y - x)
                            case .transverse: (last.x - y, last.y - x)
                            case .turnedLeft: (last.x - y, x)
                            }
                        let from = (fromY * self.width + fromX) * channels
                        for channel in 0..<channels { target[place + channel] = source[from + channel] }
                        place += channels
                    }
                }
            }
        }
        return Picture(unchecked: width, height, channels, result)
    }
}
