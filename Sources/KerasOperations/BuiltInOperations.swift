/// The functions on tensors that are understood: a new one is a file of its own and a line here.
enum BuiltInOperations {
    private static let all: [any KerasOperation.Type] = [
        ArithmeticOperation.self,
        ActivationOperation.self,
        PassingOperation.self,
        ComparisonOperation.self,
        LogicalOperation.self,
        SelectOperation.self,
        FunctionOperation.self,
        CastOperation.self,
        LikeOperation.self,
        TakeOperation.self,
        BandOperation.self,
        LayoutOperation.self,
        StackOperation.self,
        SplitOperation.self,
        OrderOperation.self,
        ClipOperation.self,
        MatrixOperation.self,
        PaddingOperation.self,
        ReductionOperation.self,
        // Parts and shapes.
        ItemOperation.self,
        ShapeOperation.self,
        RangeOperation.self,
        RowsOperation.self,
        ConcatenationOperation.self,
        AxisOperation.self,
        ReshapeOperation.self,
        TransposeOperation.self,
        // What documents of custom layers write.
        SineRowsOperation.self,
        PatchOperation.self,
        WeighingOperation.self,
    ]

    private static let byName = Dictionary(
        all.flatMap { type in type.functions.map { ($0, type) } }, uniquingKeysWith: { first, _ in first })

    /// The operation of a function's name, spelled as in `KerasOperation.functions`.
    static func named(_ function: String) -> (any KerasOperation.Type)? { byName[function] }
}
