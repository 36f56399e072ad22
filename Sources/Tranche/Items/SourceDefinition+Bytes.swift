extension SourceDefinition {
    /// Whether the weight column's name says that weights are bytes.
    package var weighsBytes: Bool {
        weight?.lowercased().contains("byte") ?? false
    }
}

extension RunRecord {
    /// Whether weights of the run are bytes.
    package var weighsBytes: Bool { source?.weighsBytes ?? false }
}
