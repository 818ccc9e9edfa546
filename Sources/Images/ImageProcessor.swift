import JSON
import Platform

/// A class of transformers that prepares pictures, and what it does where its file says nothing.
///
/// Source: the image processors of transformers 4.57.
struct ImageProcessor: Sendable {
    /// Whether a crop around the middle follows.
    var crops = false
    /// Whether a single number for the size is a square (`nil`: where nothing is cropped).
    var isSquareFromNumber: Bool?
    /// The usual size; `nil`: the model's.
    var sizing: ImagePreparation.Sizing?
    /// Side of the usual crop.
    var cropSide: Int?
    var resampling = ResamplingFilter.bilinear
    var mean: [Float] = [0.5]
    var deviation: [Float] = [0.5]
    /// Whether it is one of the classes over torchvision.
    var isFast = false

    private static let openAI: ([Float], [Float]) = (
        [0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_58, 0.275_777_11]
    )

    private static let classes: [String: ImageProcessor] = {
        var vit = ImageProcessor()
        vit.isSquareFromNumber = true
        vit.sizing = .exactly(width: 224, height: 224)
        var deit = vit
        deit.crops = true
        deit.sizing = .exactly(width: 256, height: 256)
        deit.cropSide = 224
        deit.resampling = .bicubic
        var siglip = vit
        siglip.resampling = .bicubic
        var clip = ImageProcessor()
        clip.crops = true
        clip.isSquareFromNumber = false
        clip.sizing = .shortestSide(224)
        clip.cropSide = 224
        clip.resampling = .bicubic
        (clip.mean, clip.deviation) = openAI
        return ["ViT": vit, "DeiT": deit, "Siglip": siglip, "CLIP": clip, "Bit": clip]
    }()

    private static let classesByModel = [
        "vit": "ViT", "deit": "DeiT", "siglip": "Siglip", "siglip_vision_model": "Siglip", "clip": "CLIP",
        "clip_vision_model": "CLIP", "dinov2": "Bit", "vit_mae": "ViT", "vit_msn": "ViT",
    ]

    /// The class that a file names, else the one that goes with the kind of model; without either the steps that the
    /// file names, with ViT's numbers.
    ///
    /// - Throws: `FileError` of kind `unsupported` for another class, and for keys that are not done.
    init(_ json: JSONValue, config: JSONValue?, file: String, ignored: Set<String>) throws(FileError) {
        let named = ["image_processor_type", "feature_extractor_type"].lazy
            .filter { !ignored.contains($0) }.compactMap { key in json[key]?.stringValue.map { (key, $0) } }.first
        if let (key, name) = named {
            var stem = name[...]
            let isFast = stem.hasSuffix("Fast")
            if isFast { stem = stem.dropLast(4) }
            for ending in ["ImageProcessor", "FeatureExtractor"] where stem.hasSuffix(ending) {
                stem = stem.dropLast(ending.count)
            }
            guard let known = Self.classes[String(stem)] else {
                throw .unsupported(
                    file: file, field: key, found: "\"\(name.printable)\" (it may have steps of its own)",
                    remedy: "--ignore-config \(key) reads the file as ViTImageProcessor does")
            }
            self = known
            self.isFast = isFast
        } else if let kind = config?["model_type"]?.stringValue, let name = Self.classesByModel[kind],
            let known = Self.classes[name]
        {
            self = known
        } else {
            self.init()
        }
        try Self.check(json, file, ignored)
    }

    private init() {}

    // MARK: Keys

    private static let used: Set<String> = [
        "do_resize", "size", "image_size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor",
        "do_normalize", "image_mean", "image_std", "image_processor_type", "feature_extractor_type",
        "default_to_square",
    ]

    private static let harmless: [KeyRule] = {
        func rule(_ keys: String, _ reason: String, at values: [JSONValue]? = nil) -> KeyRule {
            KeyRule(keys: keys.split(separator: " ").map(String.init), values: values, reason: reason)
        }
        return [
            rule("do_convert_rgb", "pictures are read as RGB"),
            rule("processor_class _processor_class auto_map _auto_class", "names classes only"),
            rule(
                "return_tensors data_format input_data_format device disable_grouping",
                "says how numbers are handed over"),
            rule("do_reduce_labels reduce_labels", "concerns maps of labels"),
            rule(
                "_valid_processor_keys transformers_version _name_or_path name_or_path",
                "says where the file came from"),
            rule("image_seq_length patch_size num_channels", "concerns other inputs"),
            rule(
                "do_pad do_flip_channel_order do_thumbnail do_align_long_axis do_align_axis do_grayscale "
                    + "do_color_quantize do_image_splitting keep_aspect_ratio use_square_size do_pan_and_scan "
                    + "rescale_offset offset include_top do_sample_frames do_offset",
                "switched off", at: [.bool(false)]),
        ]
    }()

    /// What becomes of each key of a processor's file.
    static func ledger(of document: JSONValue, in file: String, ignoring ignored: Set<String>) -> KeyLedger {
        KeyLedger(
            of: document, in: file, used: used, harmless: harmless,
            waived: ignored.intersection(document.objectValue.map { Set($0.keys) } ?? []))
    }

    private static func check(_ json: JSONValue, _ file: String, _ ignored: Set<String>) throws(FileError) {
        if let error = ledger(of: json, in: file, ignoring: ignored).error(path: file) { throw error }
    }
}

extension ImagePreparation {
    /// What becomes of each key of the file that says how pictures are prepared; `nil` where there is none.
    package static func ledger(assets: [String: [UInt8]], ignoring ignored: Set<String>) -> KeyLedger? {
        let name = "preprocessor_config.json"
        guard let bytes = assets[name], let document = try? Document.decode(JSONValue.self, from: bytes) else {
            return nil
        }
        return ImageProcessor.ledger(of: document, in: name, ignoring: ignored)
    }
}
