import ModelGraph
import Tensors

extension OperationTemplate {
    package struct Convolution: Sendable, Hashable, Codable {
        struct Window: Sendable, Hashable, Codable {
            struct Padding: Sendable, Hashable, Codable {
                var before, after: Expression
            }
            var size: Expression
            var stride: Expression?
            var dilation: Expression?
            /// Left out: none; `same` gives it.
            var padding: Padding?
            /// As many zeros as give ⌈length / stride⌉ windows.
            var isSame: Bool?
        }
        var grid: [Expression]?
        var windows: [Window]
        var inputWidth: Expression
        var outputWidth: Expression
        var hasBias: FlagExpression?

        var expressions: [Expression?] {
            (grid ?? []) + [inputWidth, outputWidth]
                + windows.flatMap { [$0.size, $0.stride, $0.dilation, $0.padding?.before, $0.padding?.after] }
        }
    }

    package struct Slice: Sendable, Hashable, Codable {
        var axis: ModelGraph.Slice.Axis
        var start: Expression
        var count: Expression?
        var less: Expression?
        var isSqueezed: Bool?
    }

    package struct Affine: Sendable, Hashable, Codable {
        var width: Expression
        var factor: Expression?
        var shift: Expression?
        var hasScale: FlagExpression?
        var hasOffset: FlagExpression?
    }

    package struct Table: Sendable, Hashable, Codable {
        struct Resampling: Sendable, Hashable, Codable {
            var leading: Expression
            var grid: [Expression]
            /// Whether more neighbours count where pictures are smaller.
            var isAntialiased: FlagExpression?
        }
        var count: Expression
        var width: Expression
        var isAlongInput: Bool?
        var offset: Expression?
        var resampling: Resampling?
    }
}

extension OperationTemplate.Convolution {
    func convolution(in settings: Settings) throws(Expression.Failure) -> Convolution {
        var extents: [Int] = []
        for extent in grid ?? [] { extents.append(try extent.count(in: settings)) }
        var list: [ModelGraph.Window] = []
        for window in windows { list.append(try window.window(in: settings)) }
        return Convolution(
            grid: extents, windows: list, inputWidth: try inputWidth.count(in: settings),
            outputWidth: try outputWidth.count(in: settings), hasBias: try hasBias?.value(in: settings) ?? true)
    }
}

extension OperationTemplate.Convolution.Window {
    fileprivate func window(in settings: Settings) throws(Expression.Failure) -> Window {
        var zeros: Window.Padding? = isSame == true ? nil : Window.Padding()
        if let padding {
            zeros = Window.Padding(
                before: try padding.before.count(in: settings, from: 0),
                after: try padding.after.count(in: settings, from: 0))
        }
        return Window(
            size: try size.count(in: settings), stride: try stride.count(in: settings) ?? 1,
            dilation: try dilation.count(in: settings) ?? 1, padding: zeros)
    }
}

extension OperationTemplate.Slice {
    func slice(in settings: Settings) throws(Expression.Failure) -> Slice {
        Slice(
            axis: axis, start: try start.integer(in: settings), count: try count.count(in: settings),
            less: try less.count(in: settings, from: 0) ?? 0, isSqueezed: isSqueezed ?? false)
    }
}

extension OperationTemplate.Affine {
    func affine(in settings: Settings) throws(Expression.Failure) -> Affine {
        Affine(
            width: try width.count(in: settings), factor: try factor.float(in: settings) ?? 1,
            shift: try shift.float(in: settings) ?? 0, hasScale: try hasScale?.value(in: settings) ?? false,
            hasOffset: try hasOffset?.value(in: settings) ?? false)
    }
}

extension OperationTemplate.Table {
    func table(in settings: Settings) throws(Expression.Failure) -> Table {
        Table(
            count: try count.count(in: settings), width: try width.count(in: settings),
            isAlongInput: isAlongInput ?? false, offset: try offset.count(in: settings, from: 0) ?? 0,
            resampling: try resampling?.resampling(in: settings))
    }
}

extension OperationTemplate.Table.Resampling {
    fileprivate func resampling(in settings: Settings) throws(Expression.Failure) -> Resampling {
        var places: [Int] = []
        for extent in grid { places.append(try extent.count(in: settings)) }
        return Resampling(
            leading: try leading.count(in: settings, from: 0), stored: places, wanted: places,
            isAntialiased: try isAntialiased?.value(in: settings) ?? false)
    }
}
