import Foundation
import Images
import Inputs
import ModelGraph
import NumPy
import Platform
import Tensors
import TestSupport
import Testing

/// Pictures that say how the camera was held, against Pillow's `exif_transpose` (fixtures/images/turned.npz).
@Suite("Pictures as a processor's pipeline loads them")
struct PictureTurningTests {
    private static func expected(_ name: String) throws -> Tensor {
        try NumPyArchive(path: ImageFixture.path("turned.npz")).tensor(named: name)
    }

    @Test(
        "a picture is turned as EXIF says, or XMP where EXIF says nothing",
        arguments: (2...8).map { "turned_\($0).png" } + ["turned_6.jpg", "turned_xmp.jpg", "turned_both.jpg"])
    func turned(name: String) throws {
        let picture = try Picture(path: ImageFixture.path(name), turns: true)
        let expected = try Self.expected(name)
        #expect(expected.shape.extents == [picture.height, picture.width, 3])
        let worst = zip(picture.pixels, expected.floats).map { abs(Float($0) - $1) }.max() ?? .infinity
        #expect(worst <= (name.hasSuffix("jpg") ? 1 : 0))
        let stored = try Picture(path: ImageFixture.path(name))
        #expect(stored.width == 12 && stored.height == 8)
    }

    @Test("inks become red, green and blue as in Pillow")
    func inks() throws {
        let picture = try Picture(path: ImageFixture.path("cmyk.jpg"))
        let expected = try Self.expected("cmyk.jpg")
        #expect(expected.shape.extents == [picture.height, picture.width, 3])
        let worst = zip(picture.pixels, expected.floats).map { abs(Float($0) - $1) }.max() ?? .infinity
        #expect(worst <= 2)
    }

    @Test("all eight ways of holding a camera, worked out by hand")
    func byHand() throws {
        // 1 2 3
        // 4 5 6
        let picture = try #require(Picture(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6]))
        let wanted: [(PictureOrientation, width: Int, [UInt8])] = [
            (.upright, 3, [1, 2, 3, 4, 5, 6]), (.mirrored, 3, [3, 2, 1, 6, 5, 4]),
            (.turnedAround, 3, [6, 5, 4, 3, 2, 1]), (.flipped, 3, [4, 5, 6, 1, 2, 3]),
            (.transposed, 2, [1, 4, 2, 5, 3, 6]), (.turnedRight, 2, [4, 1, 5, 2, 6, 3]),
            (.transverse, 2, [6, 3, 5, 2, 4, 1]), (.turnedLeft, 2, [3, 6, 2, 5, 1, 4]),
        ]
        for (orientation, width, pixels) in wanted {
            let turned = picture.upright(from: orientation)
            #expect(turned.width == width && turned.pixels == pixels, "\(orientation)")
        }
    }

    @Test("any byte of what says it may be wrong without harm", arguments: ["turned_6.png", "turned_both.jpg"])
    func mutated(name: String) throws {
        let good = [UInt8](try Data(contentsOf: ImageFixture.folder.appending(path: name)))
        for place in good.indices {
            for wrong: UInt8 in [0, 0xFF, good[place] ^ 0x80] {
                var bad = good
                bad[place] = wrong
                bad.withUnsafeBytes { _ = PictureOrientation(of: $0) }
            }
            good.prefix(place).withUnsafeBytes { _ = PictureOrientation(of: $0) }
        }
    }

    // MARK: Settings

    private func preparation(_ text: String, config: String = "{}") throws -> ImagePreparation {
        let assets = ["preprocessor_config.json": Array(text.utf8), "config.json": Array(config.utf8)]
        return try #require(try ImagePreparation(assets: assets))
    }

    @Test("what a processor's file does not say, its class says")
    func classes() throws {
        let vit = try preparation(#"{"image_processor_type": "ViTImageProcessor"}"#)
        #expect(vit.sizing == .exactly(width: 224, height: 224) && vit.crop == nil)
        #expect(vit.method == .pillow(.bilinear) && vit.mean == [0.5])
        let deit = try preparation(#"{"feature_extractor_type": "DeiTFeatureExtractor", "size": 20, "crop_size": 16}"#)
        #expect(deit.sizing == .exactly(width: 20, height: 20) && deit.crop?.width == 16)
        let clip = try preparation(#"{"image_processor_type": "CLIPImageProcessorFast", "size": 20}"#)
        #expect(clip.sizing == .shortestSide(20) && clip.crop?.height == 224 && clip.method == .pillow(.bicubic))
        #expect(clip.mean.first == 0.481_454_66 && clip.centersTowardsZero)
        let dino = try preparation("{}", config: #"{"model_type": "dinov2"}"#)
        #expect(dino.sizing == .shortestSide(224) && !dino.centersTowardsZero)
        #expect(vit.turns && clip.turns)
    }

    @Test("a processor among several in one file is read, and off is off")
    func several() throws {
        let text = #"{"image_processor": {"image_processor_type": "SiglipImageProcessor", "do_rescale": false}}"#
        let assets = ["processor_config.json": Array(text.utf8)]
        let found = try #require(try ImagePreparation(assets: assets))
        #expect(found.method == .pillow(.bicubic) && found.scale == 1)
        #expect(try ImagePreparation(assets: ["processor_config.json": Array("{}".utf8)]) == nil)
    }

    @Test(
        "a step that is not done is refused by its key, unless the key is to be passed over",
        arguments: [
            (#"{"do_pad": true}"#, "do_pad"), (#"{"a_new_key": 3}"#, "a_new_key"),
            (#"{"image_processor_type": "ConvNextImageProcessor"}"#, "image_processor_type"),
            (#"{"size": {"max_height": 3, "max_width": 4}}"#, "size"),
        ])
    func refused(text: String, key: String) throws {
        let assets = ["preprocessor_config.json": Array(text.utf8)]
        let error = #expect(throws: FileError.self) { try ImagePreparation(assets: assets) }
        #expect(error?.kind == .unsupported && error?.description.contains(key) == true)
        #expect(try ImagePreparation(assets: assets, ignoring: [key]) != nil)
        #expect(try preparation(#"{"do_pad": false, "do_convert_rgb": null, "_valid_processor_keys": ["a"]}"#).turns)
    }

    @Test("of a picture smaller than its crop the odd row lies where the class puts it", arguments: [false, true])
    func oddCrop(isFast: Bool) throws {
        let picture = try #require(Picture(width: 2, height: 1, channels: 1, pixels: [7, 9]))
        var preparation = ImagePreparation()
        preparation.crop = (2, 4)
        preparation.centersTowardsZero = isFast
        let rows = try #require(preparation.rows(of: picture, width: 2, height: 4, channels: 1))
        #expect(rows.numbers == (isFast ? [0, 0, 7, 9, 0, 0, 0, 0] : [0, 0, 0, 0, 7, 9, 0, 0]))
    }

    @Test("a picture of a folder that cannot be read is told and left out; alone, or with no listener, it is an error")
    func unreadable() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, source) in [("a.png", "rgb.png"), ("b.png", "hostile/cut.png"), ("c.png", "grey.png")] {
            try FileManager.default.copyItem(
                at: ImageFixture.folder.appending(path: source), to: folder.appending(path: name))
        }
        let graph = Graph(
            inputs: ["pixels"], inputLayouts: ["pixels": InputLayout(rows: .count(256), width: 3, grid: [16, 16])],
            nodes: [], outputs: [], hiddenStates: [])
        let model = Model(
            graph: graph.sound, tensors: [:], assets: [:],
            provenance: .init(files: [], dialect: "test", architecture: "test"))
        let inputs = try ModelInputs(model, tokenizer: nil, maximumTokens: nil)
        var told: [String] = []
        var batches = try inputs.batches(of: folder.path, size: 1) { told.append($0.path) }
        var count = 0
        while let batch = try batches.next() { count += batch.count }
        #expect(count == 2 && told.count == 1 && told.first?.hasSuffix("b.png") == true)
        #expect(throws: FileError.self) {
            var strict = try inputs.batches(of: folder.path, size: 1)
            while try strict.next() != nil {}
        }
        #expect(throws: FileError.self) {
            var alone = try inputs.batches(of: folder.appending(path: "b.png").path, size: 1) { _ in }
            while try alone.next() != nil {}
        }
    }
}
