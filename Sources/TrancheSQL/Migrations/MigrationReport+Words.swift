extension MigrationReport {
    /// What reverting would do, for people: which steps, and what goes with them.
    ///
    /// - Parameter inventory: The inventory's name.
    /// - Returns: A clause, such as `reverting 0005_create_archive in sqlite:i.db removes 3 packed
    ///   batches of job 'a'`.
    package func wordsOnReverting(_ inventory: String) -> String {
        let last = steps.last ?? ""
        // The first migration is the inventory itself.
        if last.hasPrefix("0001_") {
            return "removing the inventory \(inventory) removes \(losses.words)"
        }
        let few = steps.count <= 3
        let names =
            few
            ? steps.joined(separator: ", ")
            : "\(steps.count) migrations, \(steps[0]) back to \(last),"
        return "reverting \(names) in \(inventory) removes \(losses.words)"
    }
}

extension [MigrationReport.Loss] {
    /// What is lost, for people: `20 batches and 3 runs of job 'a'; columns of 1 run of job 'b'`.
    package var words: String {
        var jobs: [(job: String, losses: [MigrationReport.Loss])] = []
        for loss in self {
            if jobs.last?.job != loss.job { jobs.append((loss.job, [])) }
            jobs[jobs.count - 1].losses.append(loss)
        }
        return jobs.map { job, losses in
            let whole = losses.filter { !$0.isOfColumns }.map(\.amount)
            let columns = losses.filter(\.isOfColumns).map(\.amount)
            var parts: [String] = []
            if !whole.isEmpty { parts.append(whole.inWords) }
            if !columns.isEmpty { parts.append("columns of " + columns.inWords) }
            let text = parts.joined(separator: whole.count > 1 ? ", and " : " and ")
            return text + (job.isEmpty ? "" : " of job '\(job)'")
        }.joined(separator: "; ")
    }
}

extension [String] {
    /// The last behind "and".
    fileprivate var inWords: String {
        guard let last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
}

extension MigrationReport.Loss {
    private static let columns = "' columns"

    /// Whether the rows stay, and lose columns alone.
    fileprivate var isOfColumns: Bool { what.hasSuffix(Self.columns) }

    /// How many there are, and what, in the number that they have.
    fileprivate var amount: String {
        let rows = isOfColumns ? String(what.dropLast(Self.columns.count)) : what
        guard count == 1 else { return "\(count) \(rows)" }
        switch rows {
        case "batches": return "1 batch"
        case "packed batches": return "1 packed batch"
        case "registries": return "1 registry"
        case _ where rows.hasPrefix("rows of "): return "1 row" + rows.dropFirst("rows".count)
        default: return "1 " + (rows.hasSuffix("s") ? String(rows.dropLast()) : rows)
        }
    }
}
