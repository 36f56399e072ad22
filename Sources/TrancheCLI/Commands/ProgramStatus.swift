import Tranche

/// How the program ends.
package struct ProgramStatus: RawRepresentable, Sendable, Hashable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// All that was asked for is done.
    package static let done = ProgramStatus(rawValue: 0)
    /// Something failed.
    package static let failed = ProgramStatus(rawValue: 1)
    /// There is nothing to do now.
    package static let nothingNow = ProgramStatus(rawValue: 3)
    /// The batch is no longer held under this attempt.
    package static let batchLost = ProgramStatus(rawValue: 4)
    /// Somebody cancelled the run, or the batch.
    package static let cancelled = ProgramStatus(rawValue: 5)
    /// The file is not what is applied under the pipeline's name, or is that no longer.
    package static let superseded = ProgramStatus(rawValue: 6)
    /// The command line or a setting is wrong.
    package static let usage = ProgramStatus(rawValue: 64)
    /// A database refuses the connection, or cannot be used through it.
    package static let accessRefused = ProgramStatus(rawValue: 69)
    /// Trying the same again later may succeed.
    package static let tryAgain = ProgramStatus(rawValue: 75)
    /// A signal ended it.
    package static let interrupted = ProgramStatus(rawValue: 130)

    /// How the program ends after an error.
    init(_ error: any Error) {
        self =
            switch error {
            case is CancellationError: .interrupted
            case is UsageError: .usage
            case let error as TrancheError where error.code == .invalidArgument: .usage
            case is SupersededError: .superseded
            case let error as TrancheError where error.code == .batchLost: .batchLost
            case let error as TrancheError where error.code == .cancelled: .cancelled
            case let error as TrancheError where error.code == .accessRefused: .accessRefused
            case let error as TrancheError where error.category == .transient: .tryAgain
            default: .failed
            }
    }
}

extension ProgramStatus {
    /// The option that gives nothing to do an exit status of its own, such as the 99 with which
    /// Airflow skips a task.
    static func idleOption(_ usual: Int) -> CommandDescription.Option {
        .init(
            "exit-when-idle",
            "CODE",
            "exit status when there was nothing to do (default: \(usual)); Airflow "
                + "skips a task at 99"
        )
    }

    /// Reads `--exit-when-idle`.
    ///
    /// - Returns: The status; `nil` when it was not given.
    static func whenIdle(_ arguments: Arguments) throws -> ProgramStatus? {
        try arguments.value("exit-when-idle") { text in
            guard let code = Int32(text), (0...255).contains(code) else {
                throw ValueError("'\(text)' is not an exit status; give 0 to 255, such as 99")
            }
            return ProgramStatus(rawValue: code)
        }
    }
}
