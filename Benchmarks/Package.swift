// swift-tools-version: 6.1
import PackageDescription

// Microbenchmarks, in a package of their own: who builds reuseformer does not fetch or compile what they need.
// The folders in Modules are links to ../Sources, so that what is measured is what is shipped, `package` declarations
// included.
let package = Package(
    name: "reuseformer-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: [])
    ],
    targets: [
        .target(name: "CKernels", path: "Modules/CKernels"),
        .target(name: "Platform", path: "Modules/Platform"),
        .target(name: "JSON", dependencies: ["Platform"], path: "Modules/JSON"),
        .target(name: "Tokenization", dependencies: ["Platform"], path: "Modules/Tokenization"),
        .target(
            name: "TokenizerFormats", dependencies: ["Platform", "JSON", "Tokenization"],
            path: "Modules/TokenizerFormats"),
        .executableTarget(
            name: "Kernels",
            dependencies: ["CKernels", .product(name: "Benchmark", package: "benchmark")], path: "Kernels",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
        .executableTarget(
            name: "Tokenizers",
            dependencies: ["Tokenization", "TokenizerFormats", .product(name: "Benchmark", package: "benchmark")],
            path: "Tokenizers",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
