package import FoundationEssentials

/// Probes, as `probe list` prints them.
package struct ProbesDocument: Codable, Sendable, Hashable {
    package let probes: [ProbeDocument]

    /// Makes the document of probes.
    package init(_ probes: [Probe]) {
        self.probes = probes.map(ProbeDocument.init)
    }
}

/// A probe with its last answer; without a budget it holds back a run.
package struct ProbeDocument: Codable, Sendable, Hashable {
    package let name: String
    package let budget: String?
    package let job: String?
    package let meta: String?
    package let run: String?
    package let question: String
    package let interval: Double
    package let timeout: Double
    package let unreachable: String
    package let open: Bool?
    package let reason: String
    package let answeredAt: Date?
    package let askedBy: String?
    package let nextAt: Date?
    package let openUntil: Date?

    /// Makes the document of a probe.
    package init(_ probe: Probe) {
        name = probe.name
        budget = probe.owner.name
        job = probe.owner.run?.job
        meta = probe.owner.run?.metaTable
        run = probe.owner.run?.run
        question = probe.question.description
        interval = probe.interval.seconds
        timeout = probe.timeout.seconds
        unreachable = probe.holdsWhenUnreachable ? "hold" : "go"
        open = probe.state.isOpen
        reason = probe.state.reason
        answeredAt = probe.state.answeredAt
        askedBy = probe.state.askedBy
        nextAt = probe.state.nextAt
        openUntil = probe.state.openUntil
    }

    enum CodingKeys: String, CodingKey {
        case name, budget, job, meta, run, question
        case interval = "interval_s"
        case timeout = "timeout_s"
        case unreachable, open, reason
        case answeredAt = "answered_at"
        case askedBy = "asked_by"
        case nextAt = "next_at"
        case openUntil = "open_until"
    }
}

/// The answer of a probe that was asked by hand.
package struct ProbeAnswerDocument: Codable, Sendable, Hashable {
    package let probe: String
    package let open: Bool
    package let reason: String
    package let until: Date?

    /// Makes the document of an answer.
    package init(_ answer: ProbeAnswer, of probe: Probe) {
        self.probe = probe.name
        open = answer.isOpen
        reason = answer.reason
        until = answer.until
    }
}
