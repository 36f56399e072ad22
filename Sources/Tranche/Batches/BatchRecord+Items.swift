extension BatchRecord {
    /// Whether the batch has one of some ids, or may have, where its own are not known.
    package func holds(anyOf items: IDRuns) -> Bool {
        let ids = ids ?? IDRuns(range)
        return items.runs.contains { ids.intersection($0).count > 0 }
    }
}
