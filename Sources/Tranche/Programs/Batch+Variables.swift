extension Batch {
    /// What a program that works on the batch finds in its environment.
    ///
    /// - Throws: What reading the note of the attempt before throws, or the items of pages.
    package func programVariables() async throws -> [String: String] {
        var variables = [
            "TRANCHE_JOB": job,
            "TRANCHE_RUN": run,
            "TRANCHE_KIND": kind.rawValue,
            "TRANCHE_EXACT": isExact ? "1" : "0",
            "TRANCHE_BATCH": String(id),
            "TRANCHE_ATTEMPT": String(attempt),
            "TRANCHE_ID_START": String(ids.lowerBound),
            "TRANCHE_ID_END": String(ids.upperBound),
        ]
        if let interval = intervalText {
            (variables["TRANCHE_FROM"], variables["TRANCHE_TO"]) = (interval.from, interval.to)
        }
        if let named = try await namedRange() {
            (variables["TRANCHE_ID_START"], variables["TRANCHE_ID_END"]) = named
        }
        if let note = try await note() { variables["TRANCHE_NOTE"] = note }
        if isOfPages, count == 1 {
            variables["TRANCHE_PAGE"] = try await items.first?.text
        }
        return variables
    }

    /// The names of all that a program may find in its environment about its batch, also by other
    /// ways than ``programVariables()``.
    fileprivate static let variableNames = [
        "TRANCHE_JOB", "TRANCHE_RUN", "TRANCHE_KIND", "TRANCHE_EXACT", "TRANCHE_BATCH",
        "TRANCHE_ATTEMPT", "TRANCHE_ID_START", "TRANCHE_ID_END", "TRANCHE_FROM", "TRANCHE_TO",
        "TRANCHE_NOTE", "TRANCHE_PAGE", "TRANCHE_PERSISTENT", "TRANCHE_LINK", "TRANCHE_FENCE",
        "PIPELINE_EVENT",
    ]

    /// The ends of its interval as RFC 3339 has them, by the clocks of the run's zone.
    package var intervalText: (from: String, to: String)? {
        guard let interval, let time = source.definition.time,
            let from = time.text(interval.from), let to = time.text(interval.to)
        else { return interval.map { ($0.from.utcText, $0.to.utcText) } }
        return (from, to)
    }

    /// The uids of the first and the last item, where they are not integers.
    private func namedRange() async throws -> (String, String)? {
        guard source.numbered != nil else { return nil }
        let (first, last) = (ids.lowerBound, ids.upperBound)
        let edges = try await source.items(withIDs: first == last ? [first] : [first, last])
        return (edges.first?.idText ?? String(first), edges.last?.idText ?? String(last))
    }
}

extension [String: String] {
    /// An environment without what it says of a batch: where this process works on one, that is not
    /// the batch of the programs that it starts.
    package var withoutBatch: [String: String] {
        Batch.variableNames.reduce(into: self) { $0[$1] = nil }
    }
}
