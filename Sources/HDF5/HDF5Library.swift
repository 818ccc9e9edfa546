import CHDF5
import Platform

/// The one way to libhdf5 inside this process, which uses it only on files that it writes itself.
///
/// Many builds of libhdf5 are not thread-safe, so all calls stand behind one lock.
enum HDF5Library {
    private static let isStarted = Lock(false)

    /// Calls `body` while no other thread uses libhdf5, with its error printing off.
    static func locked<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        try isStarted.withLock { (isStarted: inout Bool) throws(E) -> R in
            if !isStarted {
                // Writers close their files. At the end of the process libhdf5 would try to write what a full disk has
                // refused before, and run in circles or crash.
                H5dont_atexit()
                H5open()
                // Filters are ours: libhdf5 must not go looking for libraries that have them.
                H5PLset_loading_state(0)
                isStarted = true
            }
            // The error stack belongs to the thread.
            _ = chdf5_silence()
            return try body()
        }
    }

    /// What libhdf5 says about the call that failed last on this thread.
    static func lastFailure() -> String {
        var text = [CChar](repeating: 0, count: 512)
        chdf5_last_failure(&text, text.count)
        let message = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        // Its messages on input and output end with file offsets and buffer addresses; the system's text is the core.
        if let start = message.range(of: "error message = '")?.upperBound,
            let end = message[start...].firstIndex(of: "'")
        {
            return String(message[start..<end])
        }
        return message
    }
}

extension String {
    /// Where `other` stands for the first time; the standard library has this for collections only on newer systems.
    fileprivate func range(of other: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
