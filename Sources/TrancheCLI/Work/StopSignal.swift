import FoundationEssentials
import Glibc
import Tranche

/// A signal that asks a process to end, and leaves to it how.
enum StopSignal: CaseIterable, Sendable {
    case interrupt
    case terminate
    case hangUp

    /// Signals that come within this time are one stop.
    static let oneStop: Duration = .seconds(1)

    /// The signal of a number.
    init?(rawValue: Int32) {
        guard let signal = Self.allCases.first(where: { $0.rawValue == rawValue }) else {
            return nil
        }
        self = signal
    }

    var rawValue: Int32 {
        switch self {
        case .interrupt: SIGINT
        case .terminate: SIGTERM
        case .hangUp: SIGHUP
        }
    }

    var name: String {
        switch self {
        case .interrupt: "SIGINT"
        case .terminate: "SIGTERM"
        case .hangUp: "SIGHUP"
        }
    }
}

extension StopSignal {
    /// The signal that ended a program, as the system or a shell around it tells.
    init?(_ exit: ChildProcess.Exit) {
        switch exit {
        case .signal(let number): self.init(rawValue: number)
        // A shell's word for a command that died of a signal.
        case .code(let code): self.init(rawValue: code - 128)
        }
    }
}

/// Tells signals that belong to one stop from another.
///
/// `timeout` sends SIGTERM to a process and then to its group, and schedulers pass on a signal that
/// the group has got: what comes within ``StopSignal/oneStop`` of a stop's first signal is the same
/// stop.
struct Stops: Sendable, Hashable {
    private var startedAt: Duration?
    /// How many stops there were.
    private(set) var count = 0

    /// Takes a signal.
    ///
    /// - Parameter now: When it came.
    /// - Returns: Whether it is another stop.
    mutating func isNew(at now: Duration) -> Bool {
        if let startedAt, now - startedAt < StopSignal.oneStop { return false }
        startedAt = now
        count += 1
        return true
    }
}
