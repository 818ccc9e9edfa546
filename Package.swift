// swift-tools-version: 6.1
import PackageDescription

// Modules, lowest first (docs/architecture.md). A target may import only what stands in its
// `dependencies`; scripts/lint-imports checks that no higher module is mentioned.
let package = Package(
    name: "reuseformer",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "ReuseTransformers", targets: ["ReuseTransformers"]),
        .executable(name: "reuseformer", targets: ["reuseformer"]),
        .executable(name: "reuseformer-h5index", targets: ["reuseformer-h5index"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(name: "CPng", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(
            name: "CJpeg", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),

        // Loads libopenblas when it is first needed, so that nothing else waits for it.
        .target(
            name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),

        // Kernels: no allocation, no threads, no knowledge of models.
        .target(name: "CKernels"),

        // Files in the executable itself, by the assembler: as arrays of numbers they take the compiler half a minute.
        .target(name: "CResources", cSettings: [.headerSearchPath("..")]),
        .target(name: "EmbeddedFiles", dependencies: ["CResources"]),

        .target(name: "Platform"),
        .target(name: "JSON", dependencies: ["Platform"]),
        .target(name: "Files", dependencies: ["Platform", "CCrypto"]),
        .target(name: "Archives", dependencies: ["Platform", "Files", "CZlib", "CZstd"]),
        .target(name: "Tensors", dependencies: ["Platform", "Files"]),
        .target(name: "NumPy", dependencies: ["Platform", "Files", "Archives", "Tensors"]),
        .target(
            name: "HDF5", dependencies: ["Platform", "JSON", "Files", "Tensors", "CHDF5", "CZstd", "CZlib"]),
        .target(name: "CH5Index", dependencies: ["CHDF5"]),
        .executableTarget(name: "reuseformer-h5index", dependencies: ["Platform", "JSON", "CH5Index"]),
        .target(name: "ModelGraph", dependencies: ["Platform", "JSON", "Tensors"]),
        // What a plan does to a graph; tensors are not its business.
        .target(name: "Plans", dependencies: ["ModelGraph"]),
        // What a graph costs to compute and to keep.
        .target(name: "Costs", dependencies: ["ModelGraph", "Plans"]),
        .target(name: "Tokenization", dependencies: ["Platform"]),
        .target(name: "TokenizerFormats", dependencies: ["Platform", "JSON", "Tokenization"]),
        .target(
            name: "WeightFiles", dependencies: ["Platform", "JSON", "Files", "Archives", "Tensors", "HDF5"]),
        .target(
            name: "ArchitectureSpecs",
            dependencies: ["EmbeddedFiles", "Platform", "JSON", "Tensors", "ModelGraph", "WeightFiles"],
            exclude: ["Architectures", "Keys"]),
        // Models that a Keras configuration describes: what files say, a graph as it grows, what functions and layers
        // add to it, and the interpreter that knows them all.
        .target(
            name: "KerasFiles",
            dependencies: ["Platform", "JSON", "Tensors", "ModelGraph", "WeightFiles", "ArchitectureSpecs"]),
        .target(
            name: "KerasGraphs",
            dependencies: [
                "Platform", "JSON", "Tensors", "ModelGraph", "WeightFiles", "ArchitectureSpecs", "KerasFiles",
            ]),
        .target(
            name: "KerasOperations",
            dependencies: [
                "Platform", "JSON", "Tensors", "ModelGraph", "ArchitectureSpecs", "KerasFiles", "KerasGraphs",
            ]),
        .target(
            name: "KerasLayers",
            dependencies: [
                "Platform", "JSON", "Tensors", "ModelGraph", "WeightFiles", "ArchitectureSpecs", "KerasFiles",
                "KerasGraphs",
            ]),
        .target(
            name: "KerasModels",
            dependencies: [
                "EmbeddedFiles", "Platform", "JSON", "Tensors", "ModelGraph", "WeightFiles", "ArchitectureSpecs",
                "KerasFiles", "KerasGraphs", "KerasOperations", "KerasLayers",
            ],
            exclude: ["LayerSpecs"]),
        .target(
            name: "Checkpoints",
            dependencies: [
                "Platform", "JSON", "Files", "Tensors", "HDF5", "ModelGraph", "WeightFiles", "ArchitectureSpecs",
                "KerasFiles", "KerasModels",
            ]),
        .target(name: "CImages", dependencies: ["CPng", "CJpeg"]),
        .target(name: "Images", dependencies: ["Platform", "JSON", "Files", "ModelGraph", "CImages"]),
        .target(
            name: "Inputs",
            dependencies: [
                "Platform", "JSON", "Files", "Archives", "Tensors", "NumPy", "ModelGraph", "Tokenization", "Images",
            ]),
        .target(name: "Statistics", dependencies: ["Platform"]),
        .target(name: "Kernels", dependencies: ["Platform", "Tensors", "ModelGraph", "CKernels"]),
        .target(
            name: "Runtime", dependencies: ["Platform", "ModelGraph", "Plans", "Tensors", "CKernels", "Kernels"]),
        .target(name: "Outputs", dependencies: ["Tensors", "ModelGraph", "Plans", "Runtime"]),
        .target(name: "Generation", dependencies: ["Platform", "Tensors", "ModelGraph", "Runtime"]),
        .target(name: "Matrices", dependencies: ["Tensors", "COpenBLAS"]),
        .target(
            name: "Rewriting",
            dependencies: [
                "Platform", "Statistics", "JSON", "Files", "Tensors", "ModelGraph", "Costs", "Plans", "Runtime",
                "Matrices", "COpenBLAS",
            ]),
        .target(
            name: "Quantizing",
            dependencies: [
                "Platform", "Statistics", "JSON", "Tensors", "ModelGraph", "Costs", "Runtime", "Matrices", "Rewriting",
                "COpenBLAS",
            ]),
        .target(
            name: "Analysis",
            dependencies: [
                "Platform", "Statistics", "JSON", "Files", "Tensors", "ModelGraph", "Costs", "Plans", "Runtime",
                "Matrices", "Rewriting", "COpenBLAS",
            ]),
        .target(
            name: "Verification",
            dependencies: [
                "Platform", "Statistics", "ModelGraph", "Costs", "Plans", "Tensors", "Runtime", "Generation",
            ]),
        .target(
            name: "Reporting",
            dependencies: [
                "EmbeddedFiles", "Platform", "ModelGraph", "Costs", "Statistics", "Rewriting", "Quantizing",
                "Analysis", "Verification",
            ],
            exclude: ["Resources"]),
        .target(
            name: "ReferenceProofs",
            dependencies: [
                "Platform", "Tensors", "ModelGraph", "Checkpoints", "Inputs", "Runtime", "Outputs", "Reporting",
            ]
        ),
        // Blocking work on threads of its own, for callers that suspend.
        .target(name: "BackgroundWork", dependencies: ["Platform"]),
        // The public library: what a program imports. The modules below are its own.
        .target(
            name: "ReuseTransformers",
            dependencies: [
                "Platform", "JSON", "Files", "Tensors", "HDF5", "ModelGraph", "Costs", "Plans", "Tokenization",
                "TokenizerFormats", "ArchitectureSpecs", "Checkpoints", "Images", "Inputs", "Statistics", "Runtime",
                "Generation", "Rewriting", "Quantizing", "Analysis", "Verification", "Reporting",
                "ReferenceProofs", "BackgroundWork",
            ]),
        .target(
            name: "Evaluation",
            dependencies: [
                "Platform", "ModelGraph", "Checkpoints", "Images", "Inputs", "Runtime", "Generation", "Rewriting",
                "Quantizing", "Analysis", "Verification", "Reporting", "ReuseTransformers",
            ]),
        // What another program asks of a model over two pipes.
        .target(
            name: "ModelWorker",
            dependencies: ["Platform", "JSON", "ModelGraph", "Inputs", "ReuseTransformers"]),
        .executableTarget(
            name: "reuseformer",
            dependencies: [
                "Platform", "JSON", "Files", "Tensors", "NumPy", "HDF5", "ModelGraph", "Plans",
                "Checkpoints", "Images", "Inputs", "Statistics",
                "Runtime", "Outputs", "Rewriting", "Quantizing", "Analysis", "Verification",
                "Reporting", "ReferenceProofs", "ReuseTransformers", "Evaluation", "ModelWorker",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // What several test targets build their models and folders with.
        .target(
            name: "TestSupport", dependencies: ["Platform", "Tensors", "ModelGraph"], path: "Tests/TestSupport"),
        // Readers of foreign bytes, each as a function of the bytes: for FuzzTests and for scripts/fuzz.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Platform", "JSON", "Files", "Archives", "Tensors", "NumPy", "HDF5", "ModelGraph", "Costs", "Plans",
                "Tokenization", "TokenizerFormats", "WeightFiles", "ArchitectureSpecs", "KerasFiles", "KerasModels",
                "Checkpoints",
                "Images", "Inputs",
            ],
            path: "Tests/FuzzTargets"),
        .testTarget(name: "FuzzTests", dependencies: ["TestSupport", "FuzzTargets"]),
        .testTarget(name: "EmbeddedFilesTests", dependencies: ["EmbeddedFiles", "TestSupport"]),
        .testTarget(name: "TensorsTests", dependencies: ["Files", "Tensors"]),
        .testTarget(name: "JSONTests", dependencies: ["Platform", "JSON"]),
        .testTarget(name: "FilesTests", dependencies: ["Platform", "Files", "TestSupport"]),
        .testTarget(
            name: "HDF5Tests",
            dependencies: ["Platform", "Files", "Tensors", "HDF5", "TestSupport", "reuseformer-h5index"]),
        .testTarget(
            name: "InputsTests",
            dependencies: [
                "Platform", "JSON", "Files", "Archives", "Tensors", "NumPy", "ModelGraph", "Tokenization",
                "TokenizerFormats", "Images", "Inputs", "TestSupport",
            ]),
        .testTarget(
            name: "WeightFilesTests",
            dependencies: [
                "Platform", "Files", "Archives", "Tensors", "HDF5", "WeightFiles", "TestSupport", "reuseformer-h5index",
            ]),
        .testTarget(
            name: "ArchitectureSpecsTests",
            dependencies: [
                "Platform", "JSON", "Tensors", "ModelGraph", "WeightFiles", "ArchitectureSpecs", "TestSupport",
            ]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: [
                "Platform", "JSON", "Files", "Tensors", "HDF5", "ModelGraph", "WeightFiles", "Checkpoints",
                "TestSupport", "reuseformer-h5index",
            ]),
        // Whole models, from a checkpoint to outputs or to a converted file.
        .testTarget(
            name: "EndToEnd",
            dependencies: [
                "Platform", "JSON", "Tensors", "NumPy", "ModelGraph", "Costs", "Plans", "WeightFiles", "Checkpoints",
                "Inputs", "Runtime", "Outputs", "Statistics", "Generation", "Rewriting", "Analysis", "Verification",
                "TestSupport", "reuseformer-h5index",
            ]),
        .testTarget(name: "KerasFilesTests", dependencies: ["Platform", "JSON", "KerasFiles"]),
        .testTarget(
            name: "KerasModelsTests",
            dependencies: [
                "Platform", "JSON", "Tensors", "ModelGraph", "WeightFiles", "ArchitectureSpecs", "KerasFiles",
                "KerasModels", "Inputs", "Runtime", "Outputs", "TestSupport",
            ]),
        .testTarget(
            name: "ModelGraphTests",
            dependencies: ["Platform", "JSON", "Tensors", "ModelGraph", "Costs", "Plans", "TestSupport"]),
        .testTarget(name: "PlansTests", dependencies: ["JSON", "ModelGraph", "Costs", "Plans", "TestSupport"]),
        .testTarget(name: "StatisticsTests", dependencies: ["Statistics"]),
        .testTarget(name: "TokenizationTests", dependencies: ["Tokenization", "ArchitectureSpecs"]),
        .testTarget(
            name: "TokenizerFormatsTests",
            dependencies: ["Platform", "Tokenization", "TokenizerFormats", "TestSupport"]),
        .testTarget(
            name: "KernelsTests", dependencies: ["Platform", "Tensors", "Runtime", "CKernels"]),
        .testTarget(
            name: "AnalysisTests",
            dependencies: [
                "Platform", "JSON", "Tensors", "ModelGraph", "Costs", "Plans", "Tokenization", "Statistics", "Runtime",
                "Outputs", "Matrices", "Rewriting", "Analysis", "TestSupport",
            ]),
        .testTarget(
            name: "RewritingTests",
            dependencies: [
                "Platform", "JSON", "Files", "Tensors", "ModelGraph", "Costs", "Kernels", "Runtime", "Rewriting",
                "Quantizing", "Matrices", "Analysis", "TestSupport",
            ]),
        .testTarget(
            name: "RuntimeTests",
            dependencies: [
                "Platform", "Tensors", "ModelGraph", "Plans", "Costs", "Runtime", "Outputs", "Rewriting",
                "Verification",
                "TestSupport",
            ]),
        .testTarget(
            name: "VerificationTests",
            dependencies: [
                "Platform", "JSON", "Tensors", "ModelGraph", "Statistics", "Runtime", "Outputs", "Verification",
                "TestSupport",
            ]),
        .testTarget(
            name: "GenerationTests",
            dependencies: [
                "Platform", "Tensors", "ModelGraph", "Costs", "Runtime", "Outputs", "Generation", "TestSupport",
            ]),
        .testTarget(name: "ReportingTests", dependencies: ["JSON", "ModelGraph", "Verification", "Reporting"]),
        .testTarget(
            name: "ReuseTransformersTests",
            dependencies: [
                "Platform", "Tensors", "NumPy", "ReferenceProofs", "Reporting", "ReuseTransformers", "TestSupport",
                "reuseformer", "reuseformer-h5index",
            ]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Files", "NumPy", "Platform", "ReuseTransformers", "Tensors", "TestSupport", "reuseformer",
                "reuseformer-h5index",
            ],
            exclude: ["Help"]
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)

// scripts/fuzz asks for the fuzzer: modules are then instrumented for libFuzzer and checked by the address sanitizer.
if Context.environment["REUSEFORMER_FUZZ"] != nil {
    for target in package.targets where target.type == .regular {
        target.swiftSettings = [.unsafeFlags(["-sanitize=fuzzer,address"])]
    }
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/Fuzzer/CFuzzer"),
        .executableTarget(
            name: "reuseformer-fuzz", dependencies: ["CFuzzer", "FuzzTargets"], path: "Tests/Fuzzer/Program",
            swiftSettings: [.unsafeFlags(["-sanitize=address", "-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
    ]
}
