import Platform

/// Tells a process that is slow, because the machine is busy, from one that does nothing any more.
///
/// Wall time alone would blame the file for a loaded machine. What counts is time in which the process has neither
/// used the processor nor answered; total time is bounded generously, in case it wakes up only to look busy.
struct ProgressClock {
    private let process: pid_t
    private let stall: Int
    private let end: Int
    private var lastProgress: Int
    private var processorTime = 0

    /// - Parameter stall: Milliseconds without any progress after which the process counts as stalled.
    init(process: pid_t, stall: Int) {
        self.process = process
        self.stall = stall
        lastProgress = monotonicMilliseconds()
        let (total, overflow) = stall.multipliedReportingOverflow(by: Self.stallsInAll)
        end = overflow ? .max : lastProgress.addingReportingOverflow(total).partialValue
    }

    /// Reading structures takes seconds at most; ten minutes at the standard limit.
    private static let stallsInAll = 20
    /// How often the process is looked at.
    private static let interval = 1000

    /// The process has answered something.
    mutating func progressed() { lastProgress = monotonicMilliseconds() }

    /// Milliseconds to wait before asking again; `nil` when there is nothing to wait for.
    mutating func nextWait() -> Int? {
        let now = monotonicMilliseconds()
        if let used = Self.processorTime(of: process), used > processorTime {
            processorTime = used
            lastProgress = now
        }
        let left = min(stall - (now - lastProgress), end - now)
        return left > 0 ? min(left, Self.interval) : nil
    }

    /// Nanoseconds of processor time; `nil` where the system does not tell.
    private static func processorTime(of process: pid_t) -> Int? {
        #if os(Linux)
        var clock = clockid_t(), time = timespec()
        guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
        #else
        return nil
        #endif
    }
}

private func monotonicMilliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}
