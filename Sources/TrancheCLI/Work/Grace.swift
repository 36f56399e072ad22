import Tranche

/// How long what runs may go on after a stop signal, and how it is ended then.
///
/// All is over at ``length`` and ``patience`` after the signal, plus what recording takes: by
/// default after 7 s, which fits the 10 s of `docker stop` and the 30 s of Slurm, Kubernetes and
/// others.
struct Grace: Sendable, Hashable {
    /// How long a program may go on before it gets SIGTERM.
    let length: Duration

    static let `default` = Grace(length: .seconds(5))

    /// How long a program has between SIGTERM and SIGKILL: two fifths of the grace, from 0.5 s to 2
    /// s.
    var patience: Duration {
        min(max(length * 2 / 5, .milliseconds(500)), .seconds(2))
    }

    /// How long to wait for a stop signal that may be why a program has ended.
    ///
    /// - Parameter end: How the program ended.
    /// - Returns: The time; `nil` where the end says that it was something else.
    static func moment(after end: BatchProgram.End) -> Duration? {
        if StopSignal(end.exit) != nil { return .seconds(1) }
        // It may have caught the signal, and ask for another try.
        return end.isTransient ? .milliseconds(200) : nil
    }

    /// What `--grace` takes.
    static func option(of what: String) -> CommandDescription.Option {
        .init(
            "grace",
            "TIME",
            "how long \(what) may continue after a stop signal (default: 5s)"
        )
    }

    /// Reads `--grace`.
    init(_ arguments: Arguments) throws {
        length = try arguments.value("grace", parseDuration) ?? Self.default.length
    }

    init(length: Duration) {
        self.length = length
    }
}
