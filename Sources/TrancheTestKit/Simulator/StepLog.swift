import Synchronization
import Tranche

/// The steps of a simulation, in the order in which they were made.
final class StepLog: Sendable {
    /// Who makes a step, and in which column it is drawn.
    enum Column: Int, Sendable, CaseIterable {
        case writers, acquirers
    }

    private struct Entry: Sendable {
        let milliseconds: Int64
        let column: Column
        let text: String
    }

    private let clock: ManualClock
    private let start: Int64
    private let entries = Mutex<[Entry]>([])
    private static let width = 44

    init(clock: ManualClock) {
        self.clock = clock
        start = clock.date.milliseconds
    }

    /// Notes a step.
    func note(_ column: Column, _ text: String) {
        let entry = Entry(
            milliseconds: clock.date.milliseconds - start,
            column: column,
            text: text
        )
        entries.withLock { $0.append(entry) }
    }

    /// How many steps there were.
    var count: Int { entries.withLock { $0.count } }

    /// The steps, one to a line, the columns side by side.
    var drawing: String {
        let lines = entries.withLock { $0 }.map { entry in
            let indent = entry.column == .writers ? 0 : Self.width + 2
            let time = Self.right(String(entry.milliseconds), width: 9)
            return time + " ms  " + String(repeating: " ", count: indent) + entry.text
        }
        let heading = "time          " + Self.left("writers", width: Self.width) + "  acquirers"
        return ([heading] + lines).joined(separator: "\n")
    }

    private static func left(_ text: String, width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
