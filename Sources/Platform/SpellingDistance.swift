/// Letters to put in, take out or replace to make one word of another; two that changed places count once.
package func spellingDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left), right = Array(right)
    var rows = [[Int](0...right.count)]
    for row in 0..<left.count {
        var next = [row + 1]
        for column in 0..<right.count {
            var best = min(rows[row][column + 1] + 1, next[column] + 1)
            best = min(best, rows[row][column] + (left[row] == right[column] ? 0 : 1))
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                best = min(best, rows[row - 1][column - 1] + 1)
            }
            next.append(best)
        }
        rows.append(next)
    }
    return rows[left.count][right.count]
}

/// The name that a word was probably meant to be: the nearest one, where it is near; `nil` where none is.
package func nearestName(to word: String, among names: [String]) -> String? {
    // Longer words are no names of ours.
    guard word.count <= 200 else { return nil }
    let near = names.map { (name: $0, distance: spellingDistance(word, $0)) }.min { $0.distance < $1.distance }
    if let near, near.distance <= max(2, word.count / 4) { return near.name }
    // A word that says more, or less, than the name does.
    return names.filter { $0.count >= 5 && word.hasPrefix($0) || word.count >= 5 && $0.hasPrefix(word) }
        .min { $0.count < $1.count }
}
