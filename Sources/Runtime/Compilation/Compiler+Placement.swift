import ModelGraph

extension Compiler {
    /// Cuts the drafts into segments and places all registers.
    mutating func finish() {
        for value in observation.values { schedule.values[value] = registers[value] }
        let segmentOfDraft = cutSegments()
        place(segmentOfDraft)
        schedule.maps = schedule.maps.filter { observation.maps.contains($0.key.node) }
    }

    /// Neighbouring row steps over the same kind of row share a segment: no worker waits for another inside it.
    private mutating func cutSegments() -> [Int] {
        var segments: [Segment] = []
        var indices: [Int] = []
        for draft in drafts {
            switch draft.work {
            case .attention(let step): segments.append(.attention(step))
            case .pool(let step): segments.append(.pool(step))
            case .shape(let step): segments.append(.shape(step))
            case .mask(let step): segments.append(.mask(step))
            case .exit(let step): segments.append(.exit(step))
            case .row(let step):
                if case .rows(let steps, let axis) = segments.last, axis == draft.axis {
                    segments[segments.count - 1] = .rows(steps + [step], axis: axis)
                } else {
                    segments.append(.rows([step], axis: draft.axis))
                }
            }
            indices.append(segments.count - 1)
        }
        schedule.segments = segments
        return indices
    }

    private mutating func place(_ segmentOfDraft: [Int]) {
        let end = drafts.count
        let forever = Set(schedule.values.values).union(schedule.maps.values).union(
            schedule.contexts.values.map(\.register))
        var drafted: [Register: SlotAllocator.Lifetime] = [:]
        for (index, draft) in drafts.enumerated() {
            for register in draft.reads + draft.writes {
                drafted[register, default: .init(first: index, last: index)].last = index
            }
        }
        var allocator = SlotAllocator()
        for index in schedule.slots.indices {
            let register = Register(index: index)
            guard let lifetime = drafted[register] else { continue }
            var slot = schedule.slots[index]
            let first = segmentOfDraft[lifetime.first], last = segmentOfDraft[lifetime.last]
            let isOfRows = if case .rows(let axis) = slot.region { axis != Schedule.sequenceAxis } else { false }
            if isOfRows, first == last, !forever.contains(register) {
                // Never leaves its segment: a block's rows are enough, and steps of a block follow each other.
                slot.region = .block
                slot.offset = allocator.place(size: slot.stride, in: .block, lifetime: lifetime)
            } else {
                // Workers may be at different steps of a segment, so the whole segment counts.
                slot.offset = allocator.place(
                    size: slot.stride, in: slot.region,
                    lifetime: .init(first: first, last: forever.contains(register) ? end : last))
            }
            schedule.slots[index] = slot
        }
        schedule.units = allocator.units
    }
}
