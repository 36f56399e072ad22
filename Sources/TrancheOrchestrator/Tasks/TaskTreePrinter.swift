import FoundationEssentials
import Glibc
import Synchronization
import Tranche

/// Shows how the tasks of a plan stand, while they run.
///
/// ```swift
/// let printer = TaskTreePrinter()
/// let report = try await plan.run(through: inventory, run: "2026-01-31", onChange: printer.show)
/// ```
///
/// On a terminal the tree is drawn anew when it changes, at most ten times a second; elsewhere, and
/// where `TERM` says that the terminal can do nothing, a line is written when a task begins and
/// when it ends.
public final class TaskTreePrinter: Sendable {
    private let write: @Sendable (String) -> Void
    private let isTerminal: Bool
    private let state = Mutex(State())

    private struct State {
        var shown: TaskReport?
        var lines = 0
        var last: ContinuousClock.Instant?
    }

    /// Makes a printer over standard error.
    public convenience init() {
        let environment = ProcessInfo.processInfo.environment
        let canDraw = isatty(2) == 1 && Self.canDraw(in: environment)
        self.init(isTerminal: canDraw) { text in
            // There is nowhere else to say that it cannot be shown.
            _ = try? FileContents.write(Array(text.utf8), to: STDERR_FILENO)
        }
    }

    /// Makes a printer.
    ///
    /// - Parameters:
    ///   - isTerminal: Whether what was written can be drawn over.
    ///   - write: Writes text.
    public init(isTerminal: Bool, write: @escaping @Sendable (String) -> Void) {
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Whether a terminal of that environment can draw over what was written.
    package static func canDraw(in environment: [String: String]) -> Bool {
        !["", "dumb"].contains(environment["TERM"] ?? "unknown")
    }

    /// Shows a report.
    @Sendable public func show(_ report: TaskReport) {
        let text = state.withLock { state in
            defer { state.shown = report }
            return isTerminal
                ? Self.drawing(report, &state) : Self.changes(from: state.shown, to: report, in: "")
        }
        if !text.isEmpty { write(text) }
    }

    private static func drawing(_ report: TaskReport, _ state: inout State) -> String {
        let now = ContinuousClock.now
        let isOver = report.status != .running && report.status != .open
        if let last = state.last, now - last < .milliseconds(100), !isOver { return "" }
        state.last = now
        let tree = report.tree
        // Up over what was drawn before, and erase to the end of the screen.
        let back = state.lines > 0 ? "\u{1B}[\(state.lines)A\u{1B}[0J" : ""
        state.lines = tree.count { $0 == "\n" }
        return back + tree
    }

    private static func changes(
        from old: TaskReport?,
        to new: TaskReport,
        in path: String
    ) -> String {
        let path = path.isEmpty ? new.name : "\(path)/\(new.name)"
        var text = ""
        if new.status == .running, old?.status != .running { text += "starting \(path)\n" }
        for (place, child) in new.children.enumerated() {
            text += changes(from: old?.children[place], to: child, in: path)
        }
        let isOver = new.status != .running && new.status != .open
        if isOver, old?.status != new.status {
            let error = new.isGroup ? nil : new.error
            let seconds = Double(Int(new.elapsed / .milliseconds(10))) / 100
            text += "\(path) \(new.status.rawValue) after \(seconds) s"
            text += (error.map { ": \($0)" } ?? "") + "\n"
        }
        return text
    }
}
