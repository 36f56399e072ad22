import FoundationEssentials

extension ProgramEnd {
    /// When to come back, as a program that exits with 75 says it in its last line, such as
    /// `{"retry_after": 30, "budget": "api"}`.
    private struct Later: Decodable {
        var retryAfter: Double?
        var budget: String?

        enum CodingKeys: String, CodingKey {
            case retryAfter = "retry_after"
            case budget
        }
    }

    /// That the batch is to come back later; `nil` where the program does not say so.
    package var deferral: BatchDeferral? {
        guard case .success(let later?) = later, let seconds = later.retryAfter else { return nil }
        let reason = errors.lastLine.map { String(redacted($0).cut(to: 500)) }
        var deferral = BatchDeferral(
            for: .seconds(min(seconds, BatchDeferral.longest.seconds)),
            parking: later.budget,
            reason: reason.map { $0.replacing("\0", with: "\u{FFFD}") } ?? codeWords(75)
        )
        deferral.output = written
        return deferral
    }

    /// The fault of the program's request to come back later; `nil` if there is none.
    var deferralFault: Fault? {
        if case .failure(let fault) = later { fault } else { nil }
    }

    private var later: Result<Later?, Fault> {
        guard isTransient, let result, result.note == nil else { return .success(nil) }
        let fault = Fault(
            message:
                "its \"retry_after\" is not a number of seconds above 0, or its \"budget\" is "
                + "not a text"
        )
        do {
            let later = try JSONText.decode(Later.self, from: result.json)
            if let seconds = later.retryAfter, !(seconds > 0) { return .failure(fault) }
            return .success(later)
        } catch {
            return .failure(fault)
        }
    }
}
