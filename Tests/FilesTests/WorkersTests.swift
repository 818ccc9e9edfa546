import Platform
import Synchronization
import Testing

@Suite("Threads for independent tasks")
struct WorkersTests {
    @Test("each task runs once, whatever the number of threads and of tasks", arguments: [1, 2, 3, 64])
    func once(_ threads: Int) {
        for tasks in [0, 1, 2, 7, 1000] {
            let counts = Lock([Int](repeating: 0, count: tasks))
            Workers(count: threads).run(tasks) { task in counts.withLock { $0[task] += 1 } }
            #expect(counts.withLock { $0 } == [Int](repeating: 1, count: tasks))
        }
    }

    @Test("tasks may have tasks of their own")
    func nested() {
        let sum = Atomic<Int>(0)
        Workers().run(20) { outer in
            Workers().run(20) { inner in sum.add(outer * inner, ordering: .relaxed) }
        }
        #expect(sum.load(ordering: .relaxed) == 190 * 190)
    }

    @Test("callers on several threads share the helpers, and each gets its own results in order")
    func concurrent() async {
        await withTaskGroup(of: Bool.self) { group in
            for caller in 0..<8 {
                group.addTask {
                    let squares = Workers().map(Array(0..<200)) { $0 * $0 + caller }
                    return squares == (0..<200).map { $0 * $0 + caller }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
