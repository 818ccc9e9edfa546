extension KerasLayer {
    /// The class with the package that it is registered under, or that its module belongs to.
    package var qualifiedClassName: String {
        guard !className.contains(">"), let library = module?.split(separator: ".").first,
            ["keras_hub", "keras_nlp"].contains(library)
        else { return className }
        return "\(library)>\(className)"
    }

    /// Whether the class is one of KerasHub's own, whatever other classes are called so.
    package var isOfHub: Bool {
        ["keras_hub", "keras_nlp"].contains(qualifiedClassName.split(separator: ">").first ?? "")
    }
}
