/// Damage between the places where it was measured.
enum DamageLine {
    /// Damage at each of some places: straight lines from no damage at 0 through the measured points; never falling.
    ///
    /// - Parameters:
    ///   - places: Ascending, above 0.
    ///   - points: Measured damages by their places, ascending.
    /// - Returns: One number a place, as far as the last point goes.
    static func damages(
        at places: some Sequence<Int>, between points: some Sequence<(place: Int, damage: Double)>
    ) -> [Double] {
        var result: [Double] = []
        var rest = places.makeIterator()
        var next = rest.next()
        var last = (place: 0, damage: 0.0)
        for point in points where point.place > last.place {
            let damage = max(last.damage, point.damage)
            while let place = next, place <= point.place {
                let share = Double(place - last.place) / Double(point.place - last.place)
                result.append(last.damage + share * (damage - last.damage))
                next = rest.next()
            }
            last = (point.place, damage)
        }
        return result
    }
}
