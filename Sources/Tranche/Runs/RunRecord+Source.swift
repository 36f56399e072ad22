extension RunRecord {
    /// The source's definition; `nil` where it is not known, or this version cannot read it.
    package var source: SourceDefinition? {
        definition.flatMap { try? JSONText.decode(SourceDefinition.self, from: $0) }
    }
}
