extension CheckedGraph {
    /// The picture that the model takes, where its tables of places may be laid over pictures of another size.
    package var resizablePicture: (input: String, layout: InputLayout)? {
        guard graph.nodes.contains(where: { $0.table?.resampling != nil }) else { return nil }
        let pictures = graph.inputLayouts.filter { $0.value.grid.count == 2 }
        guard pictures.count == 1, let picture = pictures.first else { return nil }
        return (picture.key, picture.value)
    }

    /// The same graph for pictures of another size.
    ///
    /// - Parameter grid: Height and width.
    /// - Returns: The graph itself where it has that size or no other can be had.
    /// - Throws: When no patch fits into such a picture.
    package func resized(to grid: [Int]) throws(GraphError) -> CheckedGraph {
        guard let (input, layout) = resizablePicture, layout.grid != grid, grid.count == 2 else { return self }
        let (pixels, overflow) = grid[0].multipliedReportingOverflow(by: grid[1])
        guard grid.allSatisfy({ $0 > 0 }), !overflow, pixels <= GraphLimit.extent else {
            throw GraphError(.structure, input, "is a picture of \(grid[0]) × \(grid[1])")
        }
        var result = graph
        result.inputLayouts[input]?.grid = grid
        result.inputLayouts[input]?.rows = .count(pixels)
        var places: [Int]?
        for (index, node) in graph.nodes.enumerated() where node.inputs == [input] {
            guard case .convolution(var convolution) = node.operation else { continue }
            convolution.grid = grid
            result.nodes[index].operation = .convolution(convolution)
            places = convolution.resultGrid
        }
        guard let places else { throw GraphError(.structure, input, "has no place for a patch") }
        for (index, node) in graph.nodes.enumerated() {
            guard var table = node.table, table.resampling != nil else { continue }
            table.resampling?.wanted = places
            result.nodes[index].operation = .table(table)
        }
        return try result.checked()
    }
}

extension Node {
    fileprivate var table: Table? { if case .table(let table) = operation { table } else { nil } }
}
