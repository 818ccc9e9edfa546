import Foundation
import TestSupport
import Testing

@Suite("The worker of other languages")
struct WorkerCommandTests {
    private let scratch = Scratch()

    /// A request in its frame; lengths that are not the document's own can be promised.
    private static func frame(_ document: String, length: UInt32? = nil, numbers: UInt64 = 0) -> Data {
        var data = Data("RFW1".utf8)
        withUnsafeBytes(of: (length ?? UInt32(document.utf8.count)).littleEndian) { data.append(contentsOf: $0) }
        withUnsafeBytes(of: numbers.littleEndian) { data.append(contentsOf: $0) }
        return data + Data(document.utf8)
    }

    /// Runs a worker on everything that it is sent; how it ends, and the texts among what it answers.
    private func outcome(of sent: Data) throws -> (ended: Command.Outcome, answers: String) {
        let requests = scratch.url("requests"), answers = scratch.url("answers")
        try sent.write(to: requests)
        let ended = try Command.Running(
            [
                "-c", #"exec "$0" worker "$1" --threads 1 <"$2" >"$3""#, Command.executable.path, Command.fixture,
                requests.path, answers.path,
            ],
            executable: URL(fileURLWithPath: "/bin/sh")
        ).wait()
        return (ended, String(decoding: try Data(contentsOf: answers), as: UTF8.self))
    }

    @Test("answers requests in order, refuses numbers that mean nothing, and goes on")
    func requests() throws {
        let sent =
            Self.frame(#"{"id": 7, "method": "ping"}"#)
            + Self.frame(#"{"id": 8, "method": "embed", "texts": ["a"], "maximumTokens": 3}"#)
            + Self.frame(#"{"id": 9, "method": "embed", "texts": ["a"], "pooling": "middle"}"#)
            + Self.frame(#"{"id": 10, "method": "embed", "texts": []}"#)
        let (ended, answers) = try outcome(of: sent)
        #expect(ended.status == 0, "\(ended.errors)")
        let words = answers.filter { !$0.isWhitespace }
        for part in [#"{"id":7}"#, "atleast4tokens", "mean-sqrt", #""shape":[0,96]"#] {
            #expect(words.contains(part), "\(part)")
        }
    }

    @Test(
        "ends with a reason where what comes is no request",
        arguments: [
            (Data("GET / HTTP/1.1\r\n\r\n".utf8), 5, "RFW1"), (frame("{}", length: .max), 5, "longer than"),
            (frame("{}", numbers: 1 << 63), 5, "no numbers"), (frame("{", length: 100), 6, "middle of a frame"),
        ])
    func noRequests(sent: Data, status: Int32, mention: String) throws {
        let (ended, _) = try outcome(of: sent)
        #expect(ended.status == status && ended.message.contains(mention), "\(ended.errors)")
    }
}
