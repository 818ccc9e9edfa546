import CKernels
import ModelGraph
import Platform

// Functions of each element, of up to three values that meet.

extension GroupExecution {
    /// One value's rows of a sequence, and how to walk them beside those of the result.
    private struct Operand {
        let base: UnsafeMutablePointer<Float>
        /// From one row to the next; 0 where one row stands for all.
        let rowStep: Int
        /// From one column to the next; 0 where one column stands for all.
        let columnStep: Int
    }

    /// Computes a sequence's rows of the result.
    func apply(_ function: Elementwise, _ sources: [Register], _ out: Register, _ member: Int) {
        let target = rows(out, member)
        let axis = schedule.axis(of: out)
        func operand(_ index: Int) -> Operand {
            // A missing operand is never looked at: the number of them was checked.
            let register = sources.indices.contains(index) ? sources[index] : sources[0]
            let source = rows(register, member)
            return Operand(
                base: source.base, rowStep: schedule.axis(of: register) == axis ? source.slot.stride : 0,
                columnStep: source.slot.width == 1 ? 0 : 1)
        }
        let first = operand(0), second = operand(1), third = operand(2)
        let width = target.slot.width
        func each(_ body: (Float) -> Float) {
            for row in 0..<target.count {
                let line = target.base + row * target.slot.stride, one = first.base + row * first.rowStep
                for column in 0..<width { line[column] = body(one[column * first.columnStep]) }
            }
        }
        func each(_ body: (Float, Float) -> Float) {
            for row in 0..<target.count {
                let line = target.base + row * target.slot.stride
                let one = first.base + row * first.rowStep, other = second.base + row * second.rowStep
                for column in 0..<width {
                    line[column] = body(one[column * first.columnStep], other[column * second.columnStep])
                }
            }
        }
        switch function {
        case .floor: each { $0.rounded(.down) }
        case .ceiling: each { $0.rounded(.up) }
        case .sign: each { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
        case .rounded: each { $0.rounded(.toNearestOrEven) }
        case .divide: each { $0 / $1 }
        case .power: each { powf($0, $1) }
        case .floorDivide: each { ($0 / $1).rounded(.down) }
        case .remainder: each { $0 - ($0 / $1).rounded(.down) * $1 }
        case .equal: each { $0 == $1 ? 1 : 0 }
        case .notEqual: each { $0 != $1 ? 1 : 0 }
        case .less: each { $0 < $1 ? 1 : 0 }
        case .lessOrEqual: each { $0 <= $1 ? 1 : 0 }
        case .select:
            for row in 0..<target.count {
                let line = target.base + row * target.slot.stride, shown = first.base + row * first.rowStep
                let one = second.base + row * second.rowStep, other = third.base + row * third.rowStep
                for column in 0..<width {
                    line[column] =
                        shown[column * first.columnStep] != 0
                        ? one[column * second.columnStep] : other[column * third.columnStep]
                }
            }
        }
    }

    /// Copies a sequence's maps, one head after the other.
    func copyMaps(_ maps: [Register?], _ out: Register, _ member: Int) {
        let target = rows(out, member)
        guard !maps.isEmpty else { return }
        let queries = target.count / maps.count, keys = target.slot.width
        for (head, register) in maps.enumerated() {
            let first = target.base + head * queries * target.slot.stride
            guard let register, case .maps(let number) = schedule.slots[register.index].region else {
                for row in 0..<queries { (first + row * target.slot.stride).update(repeating: 0, count: keys) }
                continue
            }
            let stride = group.mapStride(member, keyAxis: schedule.mapSpaces[number].keyAxis)
            let source = address(register).base + group.maps[number].offsets[member]
            for row in 0..<queries {
                (first + row * target.slot.stride).update(from: source + row * stride, count: keys)
            }
        }
    }
}
