import FoundationEssentials
public import Tranche
import TrancheConnectors

/// A rest after so much weight: a rate of a budget that the workflow has for itself.
public struct WorkflowRest: Sendable, Hashable {
    /// How much is let in at once, in the unit of the items' weights.
    public let weight: Double
    /// How long it takes until as much is let in again.
    public let time: Duration

    init(after weight: Double, for time: Duration) {
        self.weight = weight
        self.time = time
    }

    /// The rate: ``weight`` per ``time``, of which ``weight`` is kept.
    public var rate: BudgetRate { BudgetRate(weight, per: time) }

    func requireSound() throws {
        guard weight > 0, weight.isFinite else {
            let words = "is not a weight above 0"
            throw SpecError(.invalidValue, field: ["rest", "after"], value: weight.plain, words)
        }
        guard time > .zero, rate.perSecond > 0, rate.perSecond <= BudgetRate.most else {
            let words = "is not a time above 0 in which so much is let in"
            throw SpecError(.invalidValue, field: ["rest", "for"], value: time.unitText, words)
        }
    }

    /// The name of the budget of a run that rests: the same wherever it is made.
    ///
    /// - Parameters:
    ///   - workflow: The workflow.
    ///   - source: The source's name as the inventory has it.
    /// - Returns: The name.
    static func budget(of workflow: Workflow, over source: String) -> String {
        let whole = [source, workflow.job, workflow.run].joined(separator: "\0")
        let digest = SHA256.hexadecimal(of: Array(whole.utf8)).prefix(12)
        let word = workflow.job.unicodeScalars.prefix(100)
            .map { $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0) ? $0 : "_" }
        return "rest:\(String(String.UnicodeScalarView(word))):\(digest)"
    }
}

extension WorkflowRest: Codable {
    /// Reads a rest: `{"after": "10GiB", "for": "60s"}`.
    ///
    /// - Throws: `SpecError` that names the field.
    public init(from decoder: any Decoder) throws {
        let members = try Members(decoder, of: "a rest", ["after", "for"])
        guard let weight = try members.weight("after"), let time = try members.duration("for")
        else {
            let field = members.path + [try members.has("after") ? "for" : "after"]
            throw SpecError(.missing, field: field, "nothing says how much or how long: give")
        }
        self.init(after: weight, for: time)
    }

    /// Writes the rest.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        try container.encode(weight, forKey: DynamicKey("after"))
        try container.encode(time.unitText, forKey: DynamicKey("for"))
    }
}
