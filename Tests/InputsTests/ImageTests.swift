import Foundation
import Images
import Inputs
import JSON
import ModelGraph
import NumPy
import Platform
import Tensors
import TestSupport
import Testing

/// Pictures and numbers of fixtures/images: what Pillow, TensorFlow and transformers make of the same files.
enum ImageFixture {
    static let folder = Repository.root.appending(path: "fixtures/images")

    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    static func expected(_ name: String) throws -> Tensor {
        try NumPyArchive(path: path("expected.npz")).tensor(named: name)
    }
}

@Suite("Pictures")
struct ImageTests {
    @Test(
        "every kind of picture has the pixels that Pillow reads",
        arguments: [
            "rgb.png", "grey.png", "alpha.png", "one_bit.png", "sixteen_bits.png", "palette.png", "see_through.png",
            "interlaced.png", "rgb.jpg", "coarse.jpg", "grey.jpg", "progressive.jpg",
        ])
    func pixels(name: String) throws {
        let picture = try Picture(path: ImageFixture.path(name))
        let expected = try ImageFixture.expected("pixels.\(name)")
        #expect(expected.shape.extents.prefix(2) == [picture.height, picture.width])
        #expect(picture.pixels.count == expected.count)
        // JPEG decoders may differ by one in rounding; the loss of the format itself is far larger.
        let tolerance: Float = name.hasSuffix("jpg") ? 1 : 0
        let worst = zip(picture.pixels, expected.floats).map { abs(Float($0) - $1) }.max() ?? .infinity
        #expect(worst <= tolerance)
    }

    @Test(
        "resized pictures equal Pillow's to the bit", arguments: ["rgb.png", "grey.png"],
        [ResamplingFilter.nearest, .bilinear, .bicubic, .box, .hamming, .lanczos])
    func resized(name: String, method: ResamplingFilter) throws {
        let picture = try Picture(path: ImageFixture.path(name))
        for (width, height) in [(5, 9), (40, 28), (31, 23), (64, 8)] {
            let expected = try ImageFixture.expected("resized.\(name).\(method.rawValue).\(width)x\(height)")
            let found = method.resize(picture, width: width, height: height)
            #expect(found.pixels.map(Float.init) == expected.floats, "\(width) x \(height)")
        }
    }

    @Test("linear resampling without antialias equals TensorFlow's", arguments: ["rgb.png", "grey.png"])
    func linear(name: String) throws {
        let picture = try Picture(path: ImageFixture.path(name))
        for (width, height) in [(5, 9), (40, 28), (31, 23), (64, 8)] {
            var preparation = ImagePreparation()
            preparation.sizing = .exactly(width: width, height: height)
            preparation.method = .linear
            let found = try #require(
                preparation.rows(of: picture, width: width, height: height, channels: picture.channels))
            let expected = try ImageFixture.expected("linear.\(name).\(width)x\(height)").floats
            #expect(found.numbers.count == expected.count)
            #expect((zip(found.numbers, expected).map { abs($0 - $1) }.max() ?? .infinity) < 1e-3)
        }
    }

    @Test(
        "pictures are prepared as transformers' processors do with the same settings",
        arguments: [("vit", 16, 16), ("vit_bicubic", 20, 24), ("vit_no_rescale", 16, 16), ("deit", 16, 16)])
    func prepared(name: String, width: Int, height: Int) throws {
        let settings = try Document.decode(
            [String: JSONValue].self,
            from: [UInt8](Data(contentsOf: ImageFixture.folder.appending(path: "prepared.json"))))
        let file = try Document.encode(try #require(settings[name]))
        let preparation = try #require(try ImagePreparation(assets: ["preprocessor_config.json": file]))
        let picture = try Picture(path: ImageFixture.path("rgb.png"))
        let found = try #require(preparation.rows(of: picture, width: width, height: height, channels: 3))
        let expected = try ImageFixture.expected("prepared.\(name)").floats
        #expect(found.rows == width * height && found.numbers.count == expected.count)
        #expect((zip(found.numbers, expected).map { abs($0 - $1) }.max() ?? .infinity) < 1e-5)
    }

    @Test("a converter of KerasHub cuts to shape, resizes, scales and shifts by channel")
    func converter() throws {
        let file = Array(
            """
            {"class_name": "ViTImageConverter", "config": {"image_size": [2, 2], "scale": [0.5, 1, 2],
             "offset": [-1, 0, 1], "interpolation": "bilinear", "crop_to_aspect_ratio": true}}
            """.utf8)
        let preparation = try #require(try ImagePreparation(assets: ["image_converter.json": file]))
        // Four columns: the middle two are what a square sees.
        let pixels: [UInt8] = [9, 9, 9, 10, 20, 30, 50, 60, 70, 9, 9, 9, 8, 8, 8, 2, 4, 6, 40, 20, 10, 8, 8, 8]
        let picture = try #require(Picture(width: 4, height: 2, channels: 3, pixels: pixels))
        let found = try #require(preparation.rows(of: picture, width: 2, height: 2, channels: 3))
        #expect(found.numbers == [4, 20, 61, 24, 60, 141, 0, 4, 13, 19, 20, 21])
    }

    @Test("a picture of another size than the model's is refused when nothing says how to resize it")
    func sizes() throws {
        let picture = try Picture(path: ImageFixture.path("rgb.png"))
        #expect(ImagePreparation().rows(of: picture, width: 16, height: 16, channels: 3) == nil)
        #expect(ImagePreparation().rows(of: picture, width: 31, height: 23, channels: 3)?.rows == 31 * 23)
    }

    @Test("grey and colour turn into each other as in Pillow")
    func channels() throws {
        let colour = try Picture(path: ImageFixture.path("rgb.png"))
        let grey = try Picture(path: ImageFixture.path("grey.png"))
        #expect(colour.withChannels(1) == grey)
        #expect(grey.withChannels(3).pixels.prefix(3) == [grey.pixels[0], grey.pixels[0], grey.pixels[0]])
    }

    @Test(
        "damaged, cut and oversized files are corrupt, and say so",
        arguments: [
            "empty.png", "text.png", "cut.png", "damaged.png", "header_only.png", "no_pixels.png", "huge.png",
            "few_rows.png", "wide.png", "cut.jpg", "cut_header.jpg", "huge.jpg", "start_only.jpg", "no_scan.jpg",
        ])
    func hostile(name: String) {
        let path = ImageFixture.path("hostile/\(name)")
        let error = #expect(throws: FileError.self) { try Picture(path: path) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.hasPrefix(path) == true)
    }

    @Test("a chunk that unpacks to 64 MiB is not unpacked")
    func bomb() throws {
        // The picture itself is sound: what is beside it does not matter.
        #expect(try Picture(path: ImageFixture.path("hostile/bomb.png")).pixels.count == 48)
    }

    @Test(
        "any byte of a picture may be wrong without harm", arguments: ["rgb.png", "interlaced.png", "progressive.jpg"])
    func mutated(name: String) throws {
        let good = try Data(contentsOf: ImageFixture.folder.appending(path: name))
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString)-\(name)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for place in stride(from: 0, to: good.count, by: 3) {
            var bad = good
            bad[place] ^= UInt8(truncatingIfNeeded: 1 + place % 255)
            try bad.write(to: URL(fileURLWithPath: path))
            do { _ = try Picture(path: path) } catch { #expect(error.kind != .inputOutput) }
        }
    }

    @Test("a size that is no use is told before so large a picture is made", arguments: [false, true])
    func hugeSize(isCropped: Bool) throws {
        let picture = try #require(Picture(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4]))
        var preparation = ImagePreparation()
        preparation.sizing = .exactly(width: 1 << 14, height: 1 << 14)
        if isCropped { preparation.crop = (8, 8) }
        #expect(preparation.rows(of: picture, width: 8, height: 8, channels: 3) == nil)
    }

    @Test(
        "settings that make no sense, or ask for something else, are errors",
        arguments: [
            (#"{"size": {"height": 0, "width": 3}}"#, ErrorKind.corrupt),
            (#"{"size": {"height": 99999999, "width": 3}}"#, .corrupt), (#"{"image_std": [0, 1, 1]}"#, .corrupt),
            (#"{"do_resize": "yes"}"#, .corrupt), (#"{"size": {"longest_edge": 3}}"#, .unsupported),
            (#"{"size": 4, "resample": 17}"#, .unsupported), ("[", .corrupt),
        ])
    func settings(text: String, kind: ErrorKind) {
        let error = #expect(throws: FileError.self) {
            try ImagePreparation(assets: ["preprocessor_config.json": Array(text.utf8)])
        }
        #expect(error?.kind == kind)
    }
}
