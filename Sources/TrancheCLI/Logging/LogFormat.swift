/// How lines on standard error are written while batches are worked on.
enum LogFormat: String, CaseIterable, Sendable {
    case json, text, quiet

    /// What `--log` takes.
    static let option = CommandDescription.Option(
        "log",
        allCases.map(\.rawValue).joined(separator: "|"),
        "format of messages on standard error, each with time, level, job, batch "
            + "and worker; quiet: only warnings and errors",
        choices: allCases.map(\.rawValue)
    )

    /// Reads `--log`; `nil` where it is not given.
    init?(_ arguments: Arguments) throws {
        let format = try arguments.value("log") { text in
            guard let format = Self(rawValue: text) else {
                throw ValueError(
                    "this is none of \(Self.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            return format
        }
        guard let format else { return nil }
        self = format
    }
}
