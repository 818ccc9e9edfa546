import CFuzzer
import Foundation
import FuzzTargets

/// libFuzzer around one target: `REUSEFORMER_FUZZ_TARGET=npz reuseformer-fuzz [options of libFuzzer] [corpus]`.
///
/// Built by `scripts/fuzz` only, with every room instrumented.
@main
enum Fuzzer {
    private static let name = ProcessInfo.processInfo.environment["REUSEFORMER_FUZZ_TARGET"] ?? ""
    private static let target = FuzzTarget.all.first { $0.name == name }

    static func main() {
        if CommandLine.arguments.contains("--list") {
            print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
            return
        }
        guard target != nil else {
            print("REUSEFORMER_FUZZ_TARGET must be one of", FuzzTarget.all.map(\.name).joined(separator: ", "))
            exit(2)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let status = withUnsafeMutablePointer(to: &arguments) { arguments in
            arguments.withMemoryRebound(to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?.self, capacity: 1) {
                LLVMFuzzerRunDriver(&count, $0) { bytes, size in
                    Fuzzer.target?.run(UnsafeRawBufferPointer(start: bytes, count: size))
                    return 0
                }
            }
        }
        exit(status)
    }
}
