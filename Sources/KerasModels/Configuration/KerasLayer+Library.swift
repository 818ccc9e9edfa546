extension KerasLayer {
    /// The class with the library that it belongs to in front, `keras_hub>TransformerEncoder`: as it is registered, or as
    /// its module says.
    var libraryClassName: String {
        guard !className.contains(">"), let library = module?.split(separator: ".").first,
            ["keras_hub", "keras_nlp"].contains(library)
        else { return className }
        return "\(library)>\(className)"
    }

    /// Whether the class is one of a library's own, whatever other classes are called so.
    var isOfLibrary: Bool { ["keras_hub", "keras_nlp"].contains(libraryClassName.split(separator: ">").first ?? "") }
}
