import Tensors

/// How a table of a picture's places is laid over pictures of another size: rows of the grid are interpolated between
/// their neighbours, by cubic convolution (DINOv2), as PyTorch's `interpolate` does it in either of its two ways.
package struct Resampling: Sendable, Hashable, Codable {
    /// Rows before the grid, which stay: a class token's.
    package var leading: Int
    /// Places of the table, down and across.
    package var stored: [Int]
    /// Places of the pictures that the model takes.
    package var wanted: [Int]
    /// Whether so many more neighbours count as pictures are smaller; `nil`: four.
    package var isAntialiased: Bool?

    package init(leading: Int, stored: [Int], wanted: [Int], isAntialiased: Bool = false) {
        self.isAntialiased = isAntialiased ? true : nil
        self.leading = leading
        self.stored = stored
        self.wanted = wanted
    }

    /// Rows that the table has for its input; `nil` when out of bounds.
    package var rows: Int? { Self.rows(leading, wanted) }

    private static func rows(_ leading: Int, _ grid: [Int]) -> Int? {
        guard grid.count == 2, grid.allSatisfy({ (1...GraphLimit.extent).contains($0) }),
            (0...GraphLimit.extent).contains(leading)
        else { return nil }
        let (places, overflow) = grid[0].multipliedReportingOverflow(by: grid[1])
        return overflow || places > GraphLimit.extent ? nil : places + leading
    }

    /// What is wrong with the numbers of a table of `count` rows; `nil` when they make sense.
    func problem(count: Int) -> String? {
        guard rows != nil else { return "a table is laid over a picture without places" }
        return Self.rows(leading, stored) == count
            ? nil : "a table of \(count) rows is said to have \(leading) and a grid of \(stored)"
    }

    /// The rows of a table for the wanted grid.
    ///
    /// Source places are (i + ½) · stored / wanted − ½; four neighbours in each direction, with the coefficient −¾ of
    /// Keys' kernel, places outside taken for the nearest. Antialiased, the coefficient is −½, the kernel as many times
    /// as wide as the grid is smaller, and places outside do not count. At the stored size the table stays as it is.
    package func resampled(_ table: Tensor) -> Tensor? {
        guard stored != wanted else { return table }
        guard table.shape.rank == 2, table.shape[0] == Self.rows(leading, stored), let rows else { return nil }
        let width = table.shape[1]
        let down = taps(from: stored[0], to: wanted[0]), across = taps(from: stored[1], to: wanted[1])
        return table.withFloats { source in
            Tensor(shape: Shape([rows, width])) { target in
                for index in 0..<leading * width { target[index] = source[index] }
                for y in down.indices {
                    for x in across.indices {
                        let start = (leading + y * across.count + x) * width
                        for (line, vertical) in down[y] {
                            for (place, horizontal) in across[x] {
                                let factor = vertical * horizontal
                                let row = (leading + line * stored[1] + place) * width
                                for column in 0..<width { target[start + column] += factor * source[row + column] }
                            }
                        }
                    }
                }
            }
        }
    }

    /// For each wanted place the stored places that it is made of, and their shares.
    private func taps(from stored: Int, to wanted: Int) -> [[(place: Int, share: Float)]] {
        isAntialiased == true
            ? Self.wideTaps(from: stored, to: wanted) : Self.narrowTaps(from: stored, to: wanted)
    }

    private static func wideTaps(from stored: Int, to wanted: Int) -> [[(place: Int, share: Float)]] {
        let step = Double(stored) / Double(wanted)
        let stretch = max(step, 1)
        return (0..<wanted).map { index in
            let centre = (Double(index) + 0.5) * step
            let first = max(Int(centre - 2 * stretch + 0.5), 0)
            let end = max(min(Int(centre + 2 * stretch + 0.5), stored), first + 1)
            let shares = (first..<end).map { weight((Double($0) + 0.5 - centre) / stretch, coefficient: -0.5) }
            let sum = shares.reduce(0, +)
            return zip(first..<end, shares).map { ($0, Float($1 / sum)) }
        }
    }

    private static func narrowTaps(from stored: Int, to wanted: Int) -> [[(place: Int, share: Float)]] {
        let step = Double(stored) / Double(wanted)
        return (0..<wanted).map { index in
            let centre = (Double(index) + 0.5) * step - 0.5
            let first = Int(centre.rounded(.down))
            let rest = centre - Double(first)
            return (-1...2).map { offset in
                (min(max(first + offset, 0), stored - 1), Float(weight(Double(offset) - rest, coefficient: -0.75)))
            }
        }
    }

    /// Keys' kernel.
    private static func weight(_ distance: Double, coefficient a: Double) -> Double {
        let x = abs(distance)
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
