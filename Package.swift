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
        .target(name: "Inputs", dependencies: ["Archives", "ModelGraph", "Tokenization", "Tensors"]),
        .target(name: "Runtime", dependencies: ["ModelGraph", "Tensors", "CKernels"]),
        .target(name: "Analysis", dependencies: ["Runtime", "ModelGraph", "Tensors", "COpenBLAS"]),
        .target(name: "Conversion", dependencies: ["Analysis", "ModelGraph", "Tensors"]),
        .target(name: "Verification", dependencies: ["Runtime", "ModelGraph"]),
        .target(name: "Reporting", dependencies: ["Analysis", "Conversion", "Verification", "ModelGraph"]),
        .executableTarget(
            name: "reuseformer",
            dependencies: [
                "Tensors", "HDF5", "ModelGraph", "Checkpoints", "Tokenization", "Inputs", "Runtime", "Analysis",
                "Conversion", "Verification", "Reporting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5", "Tensors", "reuseformer-h5index"]),
        .testTarget(name: "InputsTests", dependencies: ["Inputs", "Tensors", "Tokenization"]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: ["Checkpoints", "HDF5", "ModelGraph", "Tensors", "reuseformer-h5index"]),
        .testTarget(
            name: "KerasModelsTests",
            dependencies: ["Checkpoints", "Inputs", "ModelGraph", "Runtime", "Tensors", "reuseformer-h5index"]),
        .testTarget(name: "ModelGraphTests", dependencies: ["ModelGraph", "Tensors"]),
        .testTarget(name: "TokenizationTests", dependencies: ["Tokenization"]),
        .testTarget(name: "KernelsTests", dependencies: ["CKernels"]),
        .testTarget(name: "AnalysisTests", dependencies: ["Analysis", "Runtime", "ModelGraph", "Tensors"]),
        .testTarget(
            name: "ConversionTests", dependencies: ["Conversion", "Analysis", "Runtime", "ModelGraph", "Tensors"]),
        .testTarget(name: "RuntimeTests", dependencies: ["Runtime", "ModelGraph", "Tensors"]),
        .testTarget(name: "VerificationTests", dependencies: ["Verification", "ModelGraph", "Tensors", "Runtime"]),
        .testTarget(name: "ReportingTests", dependencies: ["Reporting", "Verification", "ModelGraph"]),
        .testTarget(
            name: "CommandTests", dependencies: ["reuseformer", "reuseformer-h5index"], exclude: ["Help"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
