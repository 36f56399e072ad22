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
        do {
            try BatchRequest(job: job, run: run, ids: ids, limit: limit, policy: policy).validate()
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
        let words = "holds a password; give who connects by the environment or a file"
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
        guard workers == 1 else {
            let words =
                "contradicts stages, which say how many batches are read and written at once"
            throw SpecError(.invalidValue, field: ["workers"], words)
        }
        guard prefetch == 0 else {
            let words = "contradicts stages, which hold batches ahead by themselves"
            throw SpecError(.invalidValue, field: ["prefetch"], words)
        }
        if let readAhead = stages.readAhead, let weight = limit.weight, readAhead < 2 * weight {
            let words = "is less than two batches of \(weight.plain): none would be read ahead"
            throw SpecError(.invalidValue, field: ["stages", "read_ahead"], words)
        }
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
