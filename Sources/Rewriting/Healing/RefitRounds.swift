import ModelGraph
import Platform

/// Refits of one conversion that several workers make together, by files in a folder that all of them see.
///
/// Each refit is a round. A worker sums over its share of the texts; one of them adds up all shares and fits; all go on
/// from its result. What another one does not deliver in time anybody does: the same sums, to the bit.
package struct RefitRounds: Sendable {
    /// Which worker this is, from 1.
    package let worker: Int
    /// How many there are.
    package let count: Int
    /// How long others are waited for at least, beyond three times what the own share took.
    package let patience: Duration
    /// Workers that were waited for in vain, and not again until they deliver.
    private var lost: Set<Int> = []

    package init(worker: Int, of count: Int, patience: Duration = .seconds(10)) {
        self.worker = worker
        self.count = count
        self.patience = patience
    }

    /// The parts of the texts that are a worker's.
    func own(_ worker: Int, of parts: Int) -> Range<Int> { TextParts.shares(of: parts, among: count)[worker - 1] }

    /// The worker that fits in a round: the next one after some who were not given up.
    func fitting(in round: Int, isGivenUp: (Int) -> Bool) -> Int {
        (0..<count).map { (round + $0) % count + 1 }.first { $0 == worker || !isGivenUp($0) } ?? worker
    }

    /// Whether a worker is waited for no longer.
    func isGivenUp(_ other: Int, after waiting: Duration, ownShare: Duration) -> Bool {
        lost.contains(other) || waiting > max(patience, ownShare * 3)
    }

    mutating func gaveUp(_ other: Int) { if other != worker { lost.insert(other) } }

    mutating func delivered(_ other: Int) { lost.remove(other) }
}

extension ClosedHealing {
    /// One refit, together with the other workers.
    func shared(
        _ place: Place, of model: Model, _ state: inout HealingState, _ rounds: inout RefitRounds
    ) throws(AnalysisError) -> Refit {
        guard let kept else { throw .mismatch("rounds need a folder") }
        let parts = state.texts.parts.count, number = place.number
        let clock = ContinuousClock(), start = clock.now
        let own = rounds.own(rounds.worker, of: parts)
        try state.begin(own)
        for part in own {
            let names = try kept.names()
            if let refit = try kept.refit(number, among: names) { return try done(refit, number, kept) }
            guard !kept.holdsSums(number, part: part, among: names) else { continue }
            try kept.keep(try state.statistics(of: place.branch, part: part), refit: number, part: part)
        }
        let ownShare = clock.now - start, waitingSince = clock.now
        while true {
            try CancellableWorkers(resources).check()
            let names = try kept.names()
            if let refit = try kept.refit(number, among: names) { return try done(refit, number, kept) }
            let missing = (0..<parts).filter { !kept.holdsSums(number, part: $0, among: names) }
            for other in 1...rounds.count where kept.holdsSums(number, by: other, among: names) {
                rounds.delivered(other)
            }
            let waiting = clock.now - waitingSince, before = rounds
            func isGivenUp(_ other: Int) -> Bool {
                before.isGivenUp(other, after: waiting, ownShare: ownShare)
            }
            if missing.isEmpty {
                if rounds.fitting(in: number, isGivenUp: isGivenUp) == rounds.worker {
                    if let refit = try addedUp(place, of: model, state.probe, parts: parts, kept) {
                        return try done(refit, number, kept)
                    }
                    continue
                }
            } else if let other = (1...rounds.count).first(where: { other in
                isGivenUp(other) && missing.contains { rounds.own(other, of: parts).contains($0) }
            }) {
                rounds.gaveUp(other)
                // Those who wait with this one begin elsewhere.
                let theirs = missing.filter { rounds.own(other, of: parts).contains($0) }
                let part = theirs[rounds.worker % theirs.count]
                try kept.keep(try state.statistics(of: place.branch, part: part), refit: number, part: part)
                continue
            }
            Self.rest()
        }
    }

    /// Fits from the sums of all parts; `nil` where they are gone, since another worker has refitted.
    private func addedUp(
        _ place: Place, of model: Model, _ probe: OutputProbe, parts: Int, _ kept: KeptRefits
    ) throws(AnalysisError) -> Refit? {
        let names = try kept.names()
        var total: FitStatistics?
        for part in 0..<parts {
            guard let sums = try kept.sums(place.number, part: part, among: names) else { return nil }
            guard let sums else {
                total = nil
                break
            }
            if let own = total?.train,
                own.featureCount != sums.train.featureCount
                    || own.targetCount != sums.train.targetCount
            {
                throw .mismatch("sums of two workers are of different sizes; give another folder")
            }
            if total == nil { total = sums } else { total?.add(sums) }
        }
        let refit = try fitted(place, of: model, total, probe)
        try kept.keep(refit, number: place.number)
        return refit
    }

    /// What is left to do when a refit is there.
    private func done(_ refit: Refit, _ number: Int, _ kept: KeptRefits) throws(AnalysisError) -> Refit {
        kept.removeSums(of: number, among: try kept.names())
        return refit
    }

    /// Lets others work, before the next look at the folder.
    private static func rest() {
        var time = timespec(tv_sec: 0, tv_nsec: 50_000_000)
        nanosleep(&time, nil)
    }
}
