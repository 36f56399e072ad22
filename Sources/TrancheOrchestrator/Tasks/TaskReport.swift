public import Tranche

/// The outcome of a task or group, with all its parts.
public struct TaskReport: Sendable, Hashable {
    /// The name.
    public let name: String
    /// How it stands.
    public internal(set) var status = Status.open
    /// The counts; for a group the sum of its tasks.
    public internal(set) var counters = Counters()
    /// Why it failed; of a group all reasons of its tasks.
    public internal(set) var error: String?
    /// How long it took, or has taken so far.
    public internal(set) var elapsed = Duration.zero
    /// Whether it had succeeded under this run's name before.
    public internal(set) var wasDoneBefore = false
    /// The tasks of a group, in order; empty for a task.
    public internal(set) var children: [TaskReport]
    /// Whether it is a group.
    public let isGroup: Bool
    /// Whether an attempt of it was made by this process.
    var hasBegunHere = false

    /// How a task stands.
    public enum Status: String, Sendable, Hashable {
        /// It has not begun.
        case open
        /// It runs, here or in another process.
        case running
        case succeeded
        case failed
        /// It was left out, since another task failed.
        case aborted
    }

    init(_ plan: TaskPlan) {
        name = plan.name
        switch plan.kind {
        case .task:
            children = []
            isGroup = false
        case .group(let tasks, _, _, _):
            children = tasks.map { TaskReport($0) }
            isGroup = true
        }
    }

    /// Whether it succeeded, with all that it holds.
    public var isSuccess: Bool { status == .succeeded }

    /// Adds up what the tasks of a group came to.
    mutating func sum() {
        guard isGroup else { return }
        counters = children.reduce(into: Counters()) { $0.merge($1.counters) }
        let errors = children.compactMap { child in child.error.map { "\(child.name): \($0)" } }
        error = errors.isEmpty ? nil : errors.joined(separator: " | ")
    }

    /// Notes that it is left out, with all that it holds.
    mutating func abort() {
        status = .aborted
        for place in children.indices { children[place].abort() }
    }

    /// The report as a tree of lines: names, how they stand, how long they took, and what was
    /// counted.
    public var tree: String {
        lines().joined(separator: "\n") + "\n"
    }

    private func lines() -> [String] {
        var lines = [line]
        for (place, child) in children.enumerated() {
            let isLast = place == children.count - 1
            for (number, line) in child.lines().enumerated() {
                let branch = number == 0 ? (isLast ? "└─ " : "├─ ") : (isLast ? "   " : "│  ")
                lines.append(branch + line)
            }
        }
        return lines
    }

    private var line: String {
        var parts = ["\(name)  \(status.rawValue)"]
        if wasDoneBefore { parts.append("before") }
        if elapsed > .zero {
            let tenths = Int((elapsed / .milliseconds(100)).rounded())
            parts.append("\(tenths / 10).\(tenths % 10) s")
        }
        if !isGroup {
            let counts = counters.values.filter { $0.value != 0 }.sorted { $0.key < $1.key }
            parts += counts.map { "\($0.key) \($0.value)" }
            if let error { parts.append(error) }
        }
        return parts.joined(separator: "  ")
    }
}
