import ModelGraph

/// Tests write parameters as they are shown: `model.tensors["pooler/weight"]`.
extension ParameterID: ExpressibleByStringInterpolation {
    package init(stringLiteral text: String) {
        guard let id = ParameterID(text) else { preconditionFailure("\"\(text)\" names no parameter") }
        self = id
    }
}
