import Tranche

/// The subject of an alert's row: a run, or an input as one process has it.
enum AlertSubject: Sendable, Hashable {
    case run(RunKey)
    case input(String, worker: String)

    /// Reads the subject of a row; `nil` for a text that is none.
    init?(_ text: String) {
        let parts = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { return nil }
        // A job's name is never empty.
        if parts[0].isEmpty {
            self = .input(parts[1], worker: parts[2])
        } else {
            self = .run(RunKey(metaTable: parts[2], job: parts[0], run: parts[1]))
        }
    }

    /// The subject as a row has it.
    var text: String {
        switch self {
        case .run(let key): [key.job, key.run, key.metaTable].joined(separator: "\n")
        case .input(let name, let worker): ["", name, worker].joined(separator: "\n")
        }
    }

    /// The name by which an alert's `links` mean it.
    var name: String {
        switch self {
        case .run(let key): key.job
        case .input(let name, _): name
        }
    }
}
