import ModelGraph

extension ArchitectureSpec {
    /// What a user meets around the graph of one checkpoint.
    package func traits(_ settings: Settings, config: ModelConfiguration) -> Model.Traits {
        let longest = try? traits?.maximumTokens?.integer(in: settings)
        let hasLabels = (try? (traits?.labelsWhen).holds(in: settings)) ?? false
        guard hasLabels, let key = traits?.labels?[config.vocabulary], let names = config[key]?.objectValue else {
            return Model.Traits(maximumTokens: longest)
        }
        // {"0": "NEGATIVE", "1": "POSITIVE"}; gaps would shift the names, so then there are none.
        let labels = (0..<names.count).compactMap { names[String($0)]?.stringValue }
        return Model.Traits(maximumTokens: longest, labels: labels.count == names.count ? labels : [])
    }
}
