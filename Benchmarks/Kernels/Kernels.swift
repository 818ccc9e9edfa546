import Benchmark
import CKernels

/// A product x · W + bias of the sizes that MiniLM's layers have, on weights packed as the runtime packs them.
private final class Product {
    let rows: Int, depth: Int, width: Int
    private let input: UnsafeMutablePointer<Float>
    private let packed: UnsafeMutablePointer<Float>
    private let output: UnsafeMutablePointer<Float>

    init(rows: Int, depth: Int, width: Int) {
        self.rows = rows
        self.depth = depth
        self.width = width
        // C arrays as the kernels take them, aligned to a cache line; they live as long as the object.
        func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
            UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
                .bindMemory(to: Float.self, capacity: count)
        }
        input = floats(rows * depth)
        packed = floats(rk_packed_count(depth, width))
        output = floats(rows * width)
        let weight = floats(depth * width)
        defer { weight.deallocate() }
        for index in 0..<rows * depth { input[index] = Float(index % 17) / 17 - 0.5 }
        for index in 0..<depth * width { weight[index] = Float(index % 23) / 23 - 0.5 }
        rk_pack(weight, depth, width, width, 1, packed)
    }

    deinit {
        input.deallocate()
        packed.deallocate()
        output.deallocate()
    }

    func run(activation: rk_activation) {
        var product = rk_product()
        product.x = UnsafePointer(input)
        product.ldx = depth
        product.rows = rows
        product.k = depth
        product.n = width
        product.packed = UnsafePointer(packed)
        product.activation = Int32(activation.rawValue)
        product.out = output
        product.ldo = width
        rk_multiply(&product, 0, rows, 0, (width + Int(RK_PANEL) - 1) / Int(RK_PANEL))
    }
}

let benchmarks: @Sendable () -> Void = {
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock, .throughput], warmupIterations: 5, maxDuration: .seconds(2))
    _ = rk_select(nil)
    for (name, rows, depth, width, activation) in [
        ("projection, 128 rows of 384 to 384", 128, 384, 384, RK_IDENTITY),
        ("up, 128 rows of 384 to 1536 with GELU", 128, 384, 1536, RK_GELU),
        ("down, 128 rows of 1536 to 384", 128, 1536, 384, RK_IDENTITY),
        ("a single row of 768 to 3072", 1, 768, 3072, RK_IDENTITY),
    ] {
        Benchmark(name, configuration: configuration) { benchmark in
            let product = Product(rows: rows, depth: depth, width: width)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { product.run(activation: activation) }
        }
    }
}
