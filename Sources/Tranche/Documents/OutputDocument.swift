/// What a program wrote during an attempt, as `logs` prints it.
package struct OutputDocument: Codable, Sendable, Hashable {
    package let batch: Int64
    package let attempt: Int
    package let standardError: String?
    package let standardOutput: String?
    package let note: String?

    /// Makes the document of an output; `nil` where nothing is kept.
    package init(batch: Int64, attempt: Int, _ output: AttemptOutput?) {
        self.batch = batch
        self.attempt = attempt
        standardError = output?.standardError
        standardOutput = output?.standardOutput
        note = output?.note
    }

    enum CodingKeys: String, CodingKey {
        case batch, attempt
        case standardError = "standard_error"
        case standardOutput = "standard_output"
        case note
    }
}
