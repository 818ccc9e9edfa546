import ArgumentParser
import ReuseTransformers

/// Which layers a plan may touch.
struct LayerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Replace no map of this layer. May be repeated.",
            discussion: "Layers are named as `inspect` prints them (layer_3, decoder/layer_0), or numbered from 0 on.",
            valueName: "layer"))
    var keep: [String] = []

    @Option(
        help: ArgumentHelp("Replace maps of this layer only. May be repeated.", valueName: "layer"))
    var only: [String] = []

    /// The same for the library.
    var selection: LayerSelection { LayerSelection(keeping: keep, only: only) }

    var isEmpty: Bool { keep.isEmpty && only.isEmpty }
}
