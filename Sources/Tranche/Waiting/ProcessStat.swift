import FoundationEssentials

/// What the system tells of a process.
struct ProcessStat: Sendable, Hashable {
    /// Its state, such as `R`, and `Z` for one that has ended and was not waited for.
    let state: Character
    let threads: Int
    /// When it began, in ticks.
    let startedAt: Int64

    /// Reads it; `nil` where there is no such process, or it is hidden.
    init?(of process: Int32) {
        guard
            let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        else { return nil }
        self.init(text)
    }

    /// Reads a line of `/proc/PID/stat`; its name, in parentheses, may hold anything.
    // Source: Linux, Documentation/filesystems/proc.rst, table 1-4: state, num_threads, start_time.
    init?(_ text: String) {
        guard let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 19, let state = fields[0].first, let threads = Int(fields[17]),
            let startedAt = Int64(fields[19])
        else { return nil }
        self.state = state
        self.threads = threads
        self.startedAt = startedAt
    }

    /// Whether it has ended: of one whose first thread alone has, others go on.
    var hasEnded: Bool { (state == "Z" || state == "X") && threads <= 1 }
}
