// swift-tools-version: 6.1
import PackageDescription

// Two programs that use the library; copy the folder and put the repository's address in place of the path.
let package = Package(
    name: "reuseformer-examples",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "reuseformer", path: "../.."),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    ],
    targets: [
        // The index helper is a product too: it is built beside the program, where the library looks for it.
        .executableTarget(
            name: "Embed",
            dependencies: [
                .product(name: "ReuseTransformers", package: "reuseformer"),
                .product(name: "reuseformer-h5index", package: "reuseformer"),
            ]),
        .executableTarget(
            name: "EmbeddingService",
            dependencies: [
                .product(name: "ReuseTransformers", package: "reuseformer"),
                .product(name: "reuseformer-h5index", package: "reuseformer"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
