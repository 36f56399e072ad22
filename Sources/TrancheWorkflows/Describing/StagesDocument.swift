import Tranche
import TrancheChains
import TrancheConnectors

/// The stages of a chain, as the JSON of a workflow has them.
struct StagesDocument: Codable {
    let stages: ChainStages

    private static let fields = ["readers", "writers", "read_ahead", "read_retry", "write_retry"]

    init(_ stages: ChainStages) {
        self.stages = stages
    }

    init(from decoder: any Decoder) throws {
        let members = try Members(decoder, of: "stages", Self.fields)
        stages = ChainStages(
            readers: try members.value("readers") ?? 1,
            writers: try members.value("writers") ?? 1,
            readAhead: try members.weight("read_ahead"),
            readRetry: try members.value("read_retry", RetryDocument.self)?.retry ?? StageRetry(),
            writeRetry: try members.value("write_retry", RetryDocument.self)?.retry ?? StageRetry()
        )
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        try container.encode(stages.readers, forKey: DynamicKey("readers"))
        try container.encode(stages.writers, forKey: DynamicKey("writers"))
        try container.encodeIfPresent(stages.readAhead, forKey: DynamicKey("read_ahead"))
        for (name, retry) in [
            ("read_retry", stages.readRetry), ("write_retry", stages.writeRetry),
        ] where retry != StageRetry() {
            try container.encode(RetryDocument(retry: retry), forKey: DynamicKey(name))
        }
    }
}

/// How a stage tries again, as the JSON of a workflow has it.
private struct RetryDocument: Codable {
    var retry: StageRetry

    private static let fields = ["attempts", "backoff", "categories", "codes", "never_codes"]

    init(retry: StageRetry) {
        self.retry = retry
    }

    init(from decoder: any Decoder) throws {
        let members = try Members(decoder, of: "a stage's retry", Self.fields)
        retry = StageRetry()
        retry.attempts = try members.required("attempts", toSay: "how often it is tried")
        retry.backoff = try members.duration("backoff") ?? retry.backoff
        if let names: [String] = try members.value("categories") {
            retry.categories = Set(try names.map { try Self.category($0, members.path) })
        }
        retry.codes = Set(try members.value("codes", [String].self) ?? [])
        retry.neverCodes = Set(try members.value("never_codes", [String].self) ?? [])
    }

    private static func category(_ name: String, _ path: [String]) throws -> ErrorCategory {
        guard let category = ErrorCategory(rawValue: name) else {
            let words = "is not a category: give transient, conflict or permanent"
            let field = path + ["categories"]
            throw SpecError(.invalidValue, field: field, value: name, words)
        }
        return category
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        try container.encode(retry.attempts, forKey: DynamicKey("attempts"))
        try container.encode(retry.backoff.unitText, forKey: DynamicKey("backoff"))
        let categories = retry.categories.map(\.rawValue).sorted()
        try container.encode(categories, forKey: DynamicKey("categories"))
        for (name, codes) in [("codes", retry.codes), ("never_codes", retry.neverCodes)]
        where !codes.isEmpty {
            try container.encode(codes.sorted(), forKey: DynamicKey(name))
        }
    }
}
