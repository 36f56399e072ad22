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
        if let note = try await note() { variables["TRANCHE_NOTE"] = note }
        if isOfPages, count == 1 {
            variables["TRANCHE_PAGE"] = try await items.first?.text
        }
        return variables
    }
}
