// swift-tools-version: 6.1
import PackageDescription

// Rooms, lowest first (docs/architecture.md). A target may import only what stands in its
// `dependencies`; scripts/lint-imports checks that no higher room is mentioned.
let package = Package(
    name: "reuseformer",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "reuseformer", targets: ["reuseformer"]),
        .executable(name: "reuseformer-h5index", targets: ["reuseformer-h5index"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),

        .systemLibrary(name: "CPng", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(
            name: "CJpeg", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),

        // Kernels: no allocation, no threads, no knowledge of models.
        .target(name: "CKernels"),

        .target(name: "Tensors", dependencies: ["CCrypto"]),
        .target(name: "Archives", dependencies: ["CZlib"]),
        .target(name: "HDF5", dependencies: ["Tensors", "CHDF5", "CZstd", "CZlib"]),
        .target(name: "CH5Index", dependencies: ["CHDF5"]),
        .executableTarget(name: "reuseformer-h5index", dependencies: ["CH5Index"]),
        .target(name: "ModelGraph", dependencies: ["Tensors"]),
        .target(
            name: "Checkpoints", dependencies: ["Archives", "HDF5", "ModelGraph", "Tensors"],
            // In the executable itself: it needs no files beside it.
            resources: [.embedInCode("Architectures"), .embedInCode("KerasModels/LayerSpecs")]),
        .target(name: "Tokenization"),
        .target(name: "CImages", dependencies: ["CPng", "CJpeg"]),
        .target(name: "Inputs", dependencies: ["Archives", "ModelGraph", "Tokenization", "Tensors", "CImages"]),
        .target(name: "Runtime", dependencies: ["ModelGraph", "Tensors", "CKernels"]),
        .target(name: "Analysis", dependencies: ["Runtime", "ModelGraph", "Tensors", "COpenBLAS"]),
        .target(name: "Conversion", dependencies: ["Analysis", "ModelGraph", "Tensors"]),
        .target(name: "Verification", dependencies: ["Runtime", "ModelGraph", "Tensors"]),
        .target(name: "Reporting", dependencies: ["Analysis", "Conversion", "Verification", "ModelGraph"]),
        .executableTarget(
            name: "reuseformer",
            dependencies: [
                "Tensors", "HDF5", "ModelGraph", "Checkpoints", "Tokenization", "Inputs", "Runtime", "Analysis",
                "Conversion", "Verification", "Reporting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // What several test targets build their models and folders with.
        .target(name: "TestSupport", dependencies: ["ModelGraph", "Tensors"], path: "Tests/TestSupport"),
        // Readers of foreign bytes, each as a function of the bytes: for FuzzTests and for scripts/fuzz.
        .target(
            name: "FuzzTargets",
            dependencies: ["Archives", "HDF5", "ModelGraph", "Checkpoints", "Tokenization", "Inputs", "Tensors"],
            path: "Tests/FuzzTargets"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5", "Tensors", "TestSupport", "reuseformer-h5index"]),
        .testTarget(name: "InputsTests", dependencies: ["Inputs", "ModelGraph", "Tensors", "Tokenization"]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: ["Checkpoints", "HDF5", "ModelGraph", "Tensors", "reuseformer-h5index"]),
        .testTarget(
            name: "FamilyTests",
            dependencies: [
                "Analysis", "Checkpoints", "Conversion", "Inputs", "ModelGraph", "Runtime", "Tensors", "Verification",
                "reuseformer-h5index",
            ]),
        .testTarget(
            name: "KerasModelsTests",
            dependencies: ["Checkpoints", "Inputs", "ModelGraph", "Runtime", "Tensors", "reuseformer-h5index"]),
        .testTarget(name: "ModelGraphTests", dependencies: ["ModelGraph", "Tensors"]),
        .testTarget(name: "TokenizationTests", dependencies: ["Tokenization"]),
        .testTarget(name: "KernelsTests", dependencies: ["CKernels"]),
        .testTarget(
            name: "AnalysisTests", dependencies: ["Analysis", "Runtime", "ModelGraph", "Tensors", "TestSupport"]),
        .testTarget(
            name: "ConversionTests",
            dependencies: ["Conversion", "Analysis", "Runtime", "ModelGraph", "Tensors", "TestSupport"]),
        .testTarget(name: "RuntimeTests", dependencies: ["Runtime", "ModelGraph", "Tensors", "TestSupport"]),
        .testTarget(name: "VerificationTests", dependencies: ["Verification", "ModelGraph", "Tensors", "Runtime"]),
        .testTarget(name: "ReportingTests", dependencies: ["Reporting", "Verification", "ModelGraph"]),
        .testTarget(
            name: "CommandTests", dependencies: ["TestSupport", "reuseformer", "reuseformer-h5index"], exclude: ["Help"]
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)

// scripts/fuzz asks for the fuzzer: every room is then instrumented for libFuzzer and checked by the address sanitizer.
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
