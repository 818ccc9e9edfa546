extension KerasLayer {
    /// Whether the class is one of KerasHub's own, whatever other classes are called so.
    var isOfHub: Bool { ["keras_hub", "keras_nlp"].contains(qualifiedClassName.split(separator: ">").first ?? "") }
}
