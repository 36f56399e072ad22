import Tranche
import TrancheChains
import TrancheConnectors

/// What a workflow must be, whatever its source and sink are.
extension Workflow {
    func requireSound() throws {
        try requireWork()
        try requireNoPassword()
        try requireSizes()
        try requireTimes()
        try requireNames()
        try rest?.requireSound()
        try snapshots?.requireSound()
        do {
            var request = BatchRequest(job: job, run: run, ids: ids, limit: limit, policy: policy)
            request.limits = RunLimits(rank: rank)
            try request.validate()
        } catch let error as TrancheError {
            throw SpecError(.unusable, field: [field(of: error)], error.message)
        }
    }

    /// The field that a request was refused for.
    private func field(of error: TrancheError) -> String {
        let valid = { (request: BatchRequest) in
            do {
                try request.validate()
                return true
            } catch {
                return false
            }
        }
        if !valid(BatchRequest(job: job)) { return "job" }
        if !valid(BatchRequest(job: job, policy: policy)) { return "policy" }
        if !valid(BatchRequest(job: job, limit: limit)) {
            return limit.weight == nil ? "count" : "weight"
        }
        for (name, rank) in [
            ("share", BudgetRank(share: rank.share)),
            ("priority", BudgetRank(priority: rank.priority)),
        ] {
            var request = BatchRequest(job: job)
            request.limits = RunLimits(rank: rank)
            if !valid(request) { return name }
        }
        if !valid(BatchRequest(job: job, run: run)) { return "run" }
        return ids.isOpen ? "run" : "ids"
    }

    private func requireWork() throws {
        guard limit != BatchLimit() else {
            throw SpecError(.missing, field: ["weight"], "nothing says how large a batch is: give")
        }
        switch work {
        case .records: return
        case .program(let words):
            guard words.first?.isEmpty == false else {
                throw SpecError(.invalidValue, field: ["program"], "names no program")
            }
        case .handler(let name):
            guard !name.isEmpty else {
                throw SpecError(.invalidValue, field: ["handler"], "is empty: give a name")
            }
        }
        guard stages == nil else {
            let words = "go with a sink: a program or handler reads and writes by itself"
            throw SpecError(.invalidValue, field: ["stages"], words)
        }
        guard promise == .atLeastOnce else {
            let words = "goes with a sink: what a program or handler writes is not known"
            throw SpecError(.invalidValue, field: ["promise"], words)
        }
    }

    /// Refuses passwords in what is kept of the work; source, sink and parameters refuse theirs by
    /// themselves.
    private func requireNoPassword() throws {
        if let snapshots { try Self.require(noPasswordIn: snapshots.place, "snapshots", "to") }
        switch work {
        case .program(let words):
            for (place, word) in words.enumerated() {
                try Self.require(noPasswordIn: word, "program", "\(place)")
            }
        case .handler(let name): try Self.require(noPasswordIn: name, "handler")
        case .records(let steps, _):
            for (place, step) in steps.enumerated() {
                for (name, text) in try step.texts {
                    try Self.require(noPasswordIn: text, ["steps", "\(place)"] + name)
                }
            }
        }
    }

    private static func require(noPasswordIn text: String, _ field: String...) throws {
        try require(noPasswordIn: text, field)
    }

    private static func require(noPasswordIn text: String, _ field: [String]) throws {
        guard holdsPassword(text) else { return }
        let words = "holds a password; give credentials by the environment or a file"
        throw SpecError(.holdsPassword, field: field, words)
    }

    private func requireSizes() throws {
        guard (1...1000).contains(workers) else {
            throw SpecError(
                .invalidValue,
                field: ["workers"],
                value: "\(workers)",
                "is not 1 to 1000"
            )
        }
        guard (0...1000).contains(prefetch) else {
            let value = "\(prefetch)"
            throw SpecError(.invalidValue, field: ["prefetch"], value: value, "is not 0 to 1000")
        }
        if let parallelism, parallelism < 0 {
            let value = "\(parallelism)"
            throw SpecError(.invalidValue, field: ["parallelism"], value: value, "is below 0")
        }
        if let perKey, perKey < 1 {
            throw SpecError(.invalidValue, field: ["per_key"], value: "\(perKey)", "is below 1")
        }
        if perKey != nil, source.fields["key"] == nil {
            let words = "per_key needs the column: give one"
            throw SpecError(.missing, field: ["source", "key"], words)
        }
        guard let stages else { return }
        do {
            try stages.validate()
        } catch let error as TrancheError {
            throw SpecError(.unusable, field: ["stages"], error.message)
        }
        do {
            try stages.requireFit(execution)
        } catch let error as TrancheError {
            throw SpecError(.unusable, field: ["stages", "write_retry"], error.message)
        }
        try Self.require(codesOf: stages.readRetry, "read_retry")
        try Self.require(codesOf: stages.writeRetry, "write_retry")
        guard workers == 1 else {
            let words =
                "contradicts stages, which say how many batches are read and written at once"
            throw SpecError(.invalidValue, field: ["workers"], words)
        }
        guard prefetch == 0 else {
            let words = "contradicts stages, which hold batches ahead by themselves"
            throw SpecError(.invalidValue, field: ["prefetch"], words)
        }
        if stages.readAhead != nil, source.fields["weight_column"] == .text("") {
            let words =
                "bounds by weight, and the source's weight_column says that it has none: nothing "
                + "would be bounded"
            throw SpecError(.invalidValue, field: ["stages", "read_ahead"], words)
        }
        if let readAhead = stages.readAhead, let weight = limit.weight, readAhead < 2 * weight {
            let words = "is less than two batches of \(weight.plain): none would be read ahead"
            throw SpecError(.invalidValue, field: ["stages", "read_ahead"], words)
        }
    }

    /// Refuses what is bounded by weight where the source has none, so that nothing would be
    /// bounded.
    func requireFit(_ source: SourceDefinition) throws {
        try Self.naming("stages", "read_ahead") { try stages?.requireFit(source) }
        guard rest != nil, source.weight == nil else { return }
        let words =
            "is counted by weight, and '\(source.table)' has no weights, so that nothing would be "
            + "waited for: name a column of weights"
        throw SpecError(.unusable, field: ["rest"], words)
    }

    private static func require(codesOf retry: StageRetry, _ stage: String) throws {
        let known = TrancheError.Code.names
        for (name, codes) in [("codes", retry.codes), ("never_codes", retry.neverCodes)] {
            guard let code = codes.sorted().first(where: { !known.contains($0) }) else { continue }
            let nearest = NearestName(known).to(code).map { "did you mean \($0)?" }
            let all = "there are \(known.sorted().joined(separator: ", "))"
            throw SpecError(
                .invalidValue,
                field: ["stages", stage, name],
                value: code,
                "is not an error's code; \(nearest ?? all)"
            )
        }
        guard let code = retry.codes.intersection(retry.neverCodes).min() else { return }
        let field = ["stages", stage, "never_codes"]
        throw SpecError(.invalidValue, field: field, value: code, "stands in codes, too")
    }

    private func requireTimes() throws {
        for (field, time) in [("timeout", timeout), ("idle", idle)]
        where time ?? .seconds(1) <= .zero {
            throw SpecError(.invalidValue, field: [field], "is not above 0")
        }
        if let timeout, let idle, idle >= timeout {
            let words = "is no less than timeout, which would always come first"
            throw SpecError(.invalidValue, field: ["idle"], value: idle.unitText, words)
        }
    }

    private func requireNames() throws {
        for (before, name) in zip(budgets, budgets.dropFirst()) where before == name {
            throw SpecError(.invalidValue, field: ["budgets"], value: name, "stands there twice")
        }
        if let name = budgets.first(where: { $0 == Budget.ofAll || $0.isEmpty }) {
            let words = "is not named by a run: it is the budget of those that name none"
            throw SpecError(.invalidValue, field: ["budgets"], value: name, words)
        }
        do {
            _ = try WorkflowParameters(parameters)
        } catch {
            throw error.within(["parameters"])
        }
    }
}
