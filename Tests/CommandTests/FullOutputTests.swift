import Foundation
import TestSupport
import Testing

#if os(Linux)
@Suite("A full standard output")
struct FullOutputTests {
    private let scratch = Scratch()

    @Test("a conversion whose table nobody got is exit 6, and its message says that the file is complete")
    func conversion() throws {
        let path = scratch("new.reuse.h5")
        let outcome = try Command.Running(
            ["-c", #"exec "$B" convert "$F" --precision bf16 -o "$O" --quiet > /dev/full"#],
            environment: ["B": Command.executable.path, "F": Command.fixture, "O": path],
            executable: URL(fileURLWithPath: "/bin/sh")
        ).wait()
        #expect(outcome.status == 6)
        #expect(outcome.errors.contains("standard output: No space left on device; complete all the same: "))
        #expect(outcome.errors.contains("new.reuse.h5"))
        #expect(try Command.run("inspect", path).status == 0)
    }
}
#endif
