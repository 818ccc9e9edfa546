import Platform
import TestSupport
import Files
import Foundation
import HDF5
import Tensors
import Testing

@Suite("The index helper", .serialized)
struct HelperTests {
    /// Runs a shell script as the helper.
    private static func outcome(of script: String, limits: HDF5Limits = .standard) throws -> IndexHelper.Outcome {
        try withTemporaryFolder { folder in
            let path = folder + "/helper"
            // Linked, not written: a program cannot be started while it is open for writing, and a process that
            // another test starts just then inherits that for a moment.
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: fixture("scripted-helper"))
            try (script + "\n").write(toFile: folder + "/script", atomically: true, encoding: .utf8)
            let file = try MappedFile(path: fixture("layouts.h5"))
            let request = IndexHelper.Request(
                descriptor: file.descriptor, offset: 0, byteCount: file.byteCount, limits: limits)
            return try IndexHelper(executable: path).run(request, for: HDF5Location(file: "x.h5"))
        }
    }

    @Test("the helper is found beside the running program, and opens nothing where there is none")
    func found() throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = (program as NSString).deletingLastPathComponent
        #expect(IndexHelper.besideProgram == IndexHelper(executable: folder + "/reuseformer-h5index"))
        let error = #expect(throws: FileError.self) {
            try HDF5File.open(path: fixture("layouts.h5"), options: HDF5ReadingOptions(helper: nil))
        }
        #expect(error?.kind == .inputOutput && error?.description.contains("was not found") == true)
    }

    @Test("whatever the index helper does, its caller goes on")
    func outcomes() throws {
        #expect(try Self.outcome(of: "printf answer") == .document(Array("answer".utf8)))
        #expect(try Self.outcome(of: "exit 7") == .status(7))
        #expect(try Self.outcome(of: "kill -SEGV $$") == .signal(SIGSEGV))
        var limits = HDF5Limits.standard
        limits.documentBytes = 1000
        #expect(try Self.outcome(of: "while :; do echo 0123456789; done", limits: limits) == .tooMuch)
    }

    @Test("an index helper that does nothing is given up, one that is only slow is waited for")
    func stalled() throws {
        var limits = HDF5Limits.standard
        limits.stallMilliseconds = 300
        #expect(try Self.outcome(of: "exec sleep 60", limits: limits) == .stalled)
        // Counts for a second or more: without an answer, but not without using the processor.
        let counting = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; printf answer"
        #expect(try Self.outcome(of: counting, limits: limits) == .document(Array("answer".utf8)))
        // Answers in pieces, and waits in between.
        let dripping = "for i in 1 2 3 4 5; do printf a; sleep 0.1; done"
        #expect(try Self.outcome(of: dripping, limits: limits) == .document(Array("aaaaa".utf8)))
    }

    /// Runs the helper itself, with options of its own, on a file of thousands of datasets.
    private static func end(with options: [String]) throws -> (wasKilled: Bool, status: Int32) {
        let helper = try #require(IndexHelper.besideProgram)
        return try withTemporaryFolder { folder in
            var writer = try HDF5Writer(path: folder + "/many.h5")
            let tensor = Tensor([1, 2], shape: [2])
            for number in 0..<3000 { try writer.write(tensor, at: "/\(number)", compression: .none) }
            try writer.close()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: helper.executable)
            process.arguments = options + [folder + "/many.h5"]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            return (process.terminationReason == .uncaughtSignal, process.terminationStatus)
        }
    }

    @Test("the index helper ends at its limit of processor time, whatever libhdf5 is doing")
    func processorTime() throws {
        #expect(try Self.end(with: []) == (false, 0))
        let late = try Self.end(with: ["--cpu-milliseconds", "1"])
        #expect(late.wasKilled && (late.status == SIGPROF || late.status == SIGXCPU))
    }

    @Test("a kernel without filters of system calls costs one layer of confinement, not the reading")
    func withoutFilter() throws {
        guard let helper = IndexHelper.besideProgram,
            FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
        else { return }
        try withTemporaryFolder { folder in
            let wrapper = folder + "/without-filters.py"
            try FileManager.default.createSymbolicLink(
                atPath: wrapper, withDestinationPath: fixture("without-filters.py"))
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/helper", withDestinationPath: helper.executable)
            let file = try MappedFile(path: fixture("layouts.h5"))
            let request = IndexHelper.Request(
                descriptor: file.descriptor, offset: 0, byteCount: file.byteCount, limits: .standard)
            let location = HDF5Location(file: "x.h5")
            let outcome = try IndexHelper(executable: wrapper).run(request, for: location)
            // A machine that forbids even this much cannot tell.
            if outcome == .status(77) { return }
            #expect(try outcome == helper.run(request, for: location))
        }
    }

    @Test("the index helper sees the file as descriptor 3, and nothing of its caller's environment")
    func surroundings() throws {
        #expect(try Self.outcome(of: "head -c 4 <&3 | tail -c 3") == .document(Array("HDF".utf8)))
        guard case .document(let list) = try Self.outcome(of: "env | cut -d= -f1") else {
            Issue.record("no answer")
            return
        }
        let variables = Set(String(decoding: list, as: UTF8.self).split(separator: "\n").map(String.init))
        // What the shell itself adds, and where shared libraries are found.
        let allowed = ["PWD", "OLDPWD", "SHLVL", "_", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"]
        #expect(variables.subtracting(allowed) == ["LC_ALL", "GLIBC_TUNABLES"])
    }

    @Test("an index helper that cannot be started is a fault of the installation, named")
    func missing() throws {
        let file = try MappedFile(path: fixture("layouts.h5"))
        let request = IndexHelper.Request(descriptor: file.descriptor, offset: 0, byteCount: 1, limits: .standard)
        let error = #expect(throws: FileError.self) {
            try IndexHelper(executable: "/no/such/helper").run(request, for: HDF5Location(file: "x.h5"))
        }
        #expect(error?.kind == .inputOutput && error?.description.contains("/no/such/helper") == true)
    }
}
