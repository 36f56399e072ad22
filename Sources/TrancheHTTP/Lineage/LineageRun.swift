import FoundationEssentials
import Tranche
import TrancheChains

/// What the events of all batches of a run have in common, as JSON.
struct LineageRun: Sendable {
    /// What the run's items come from, as it was when this was made.
    let source: SourceDefinition
    private let producer: String
    private let engine: String
    private let job: String
    private let parent: String
    /// Parameters of all its attempts.
    private let common: [String]
    /// The input's name; what differs from batch to batch follows.
    private let input: [(name: String, json: String)]
    /// The dataset that the run's records go to; `nil` where none is known.
    private let target: LineageDataset?
    /// The job's own batches, as a dataset that others read.
    private let own: String

    /// Most characters of an error.
    private static let longestError = 4000

    /// Makes them.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - source: What its items come from.
    ///   - place: Where the source's database is, where known.
    ///   - inventory: The inventory.
    ///   - names: How jobs and the program are named.
    init(
        _ key: RunKey,
        _ source: SourceDefinition,
        at place: String?,
        of inventory: LineageInventory,
        _ names: LineageNames
    ) {
        self.source = source
        let producer = JSONBytes.quoted(names.producer)
        self.producer = producer
        let namespace = JSONBytes.quoted(names.namespace)
        engine = LineageFacet.json(
            .engine,
            by: producer,
            [("name", #""Tranche""#), ("version", JSONBytes.quoted(names.version))]
        )
        let type = LineageFacet.json(
            .jobType,
            by: producer,
            [
                ("processingType", #""BATCH""#), ("integration", #""TRANCHE""#),
                ("jobType", #""TASK""#),
            ]
        )
        job = LineageJSON.object([
            ("namespace", namespace),
            ("name", JSONBytes.quoted(LineageNames.batchJob(of: key.job))),
            ("facets", LineageJSON.object([("jobType", type)])),
        ])
        let run = LineageRunID.run(key, of: inventory.identity)
        let itself = LineageParent(namespace: names.namespace, job: key.job, run: run)
        let root = names.root.map { [("root", $0.json)] } ?? []
        parent = LineageFacet.json(.parent, by: producer, itself.members + root)
        common =
            [Self.parameter("source", redacted(key.metaTable))]
            + (key.run.isEmpty ? [] : [Self.parameter("run", key.run)])
        input = LineageDataset(source, at: place, in: inventory).members
        target = source.target.flatMap { LineageDataset(target: $0, in: inventory) }
        let batches = LineageDataset.batches(of: key.job, in: inventory)
        own = LineageJSON.object(batches.members)
    }

    /// An attempt that was told of as begun.
    struct Attempt: Sendable {
        /// The run's id, as JSON.
        let id: String
        /// The input, as JSON.
        let input: String
        /// What is known of the attempt, as facets in JSON.
        let facets: [(name: String, json: String)]
        let run: LineageRun
    }

    /// Makes what the events of an attempt have in common.
    func attempt(_ batch: BatchRecord, of inventory: LineageInventory) -> Attempt {
        var parameters = [
            Self.parameter("batch", String(batch.id)),
            Self.parameter("attempt", String(batch.attempt)),
            Self.parameter("kind", batch.kind.rawValue),
        ]
        if let worker = batch.worker { parameters.append(Self.parameter("worker", worker)) }
        let list = parameters + common
        return Attempt(
            id: JSONBytes.quoted(LineageRunID.attempt(batch, of: inventory.identity)),
            input: input(of: batch),
            facets: [
                ("parent", parent), ("processing_engine", engine),
                (
                    "executionParameters",
                    LineageFacet.json(
                        .parameters,
                        by: producer,
                        [("parameters", LineageJSON.list(list))]
                    )
                ),
            ],
            run: self
        )
    }

    private static func parameter(_ key: String, _ value: String) -> String {
        LineageJSON.object([("key", "\"\(key)\""), ("value", JSONBytes.quoted(value))])
    }

    private func input(of batch: BatchRecord) -> String {
        let condition = LineageCondition(source.uid, of: batch)
        let subset = [("inputCondition", condition.json)]
        var facets = [("subset", LineageFacet.json(.subset, by: producer, subset))]
        var statistics: [(name: String, json: String)] = []
        if batch.count > 0 { statistics.append(("rowCount", String(batch.count))) }
        if Self.isBytes(source.weight), let weight = batch.weight, weight >= 0, weight < 1e18 {
            statistics.append(("size", String(Int64(weight))))
        }
        if !statistics.isEmpty {
            let facet = LineageFacet.json(.input, by: producer, statistics)
            facets.append(("inputStatistics", facet))
        }
        return LineageJSON.object(input + [("inputFacets", LineageJSON.object(facets))])
    }

    /// Whether a weight of that name is a size in bytes: that of files is.
    private static func isBytes(_ name: String?) -> Bool {
        guard let name = name?.lowercased() else { return false }
        return name == "bytes" || name.hasSuffix("_bytes")
    }

    /// An event of an attempt as JSON.
    ///
    /// - Parameters:
    ///   - type: `START`, `COMPLETE`, `FAIL` or `ABORT`.
    ///   - attempt: The attempt.
    ///   - time: When it happened.
    ///   - error: What went wrong.
    ///   - result: What a success left, as JSON.
    /// - Returns: The event.
    func event(
        _ type: LineageEventType,
        of attempt: Attempt,
        at time: Date,
        error: String? = nil,
        result: String? = nil
    ) -> String {
        var facets = attempt.facets
        if let error {
            let text = JSONBytes.quoted(String(redacted(error).prefix(Self.longestError)))
            let members = [("message", text), ("programmingLanguage", #""Swift""#)]
            facets.append(("errorMessage", LineageFacet.json(.error, by: producer, members)))
        }
        let run = LineageJSON.object([
            ("runId", attempt.id), ("facets", LineageJSON.object(facets)),
        ])
        return LineageJSON.object([
            ("eventType", "\"\(type.rawValue)\""), ("eventTime", "\"\(time.utcText)\""),
            ("run", run), ("job", job), ("inputs", LineageJSON.list([attempt.input])),
            ("outputs", LineageJSON.list(outputs(result))), ("producer", producer),
            ("schemaURL", "\"\(LineageFacet.event)\""),
        ])
    }

    /// The datasets that the run writes to, with how many records a success has written.
    private func outputs(_ result: String?) -> [String] {
        guard let target else { return [own] }
        var members = target.members
        if let written = Self.written(result) {
            let facet = LineageFacet.json(.output, by: producer, [("rowCount", String(written))])
            members.append(("outputFacets", LineageJSON.object([("outputStatistics", facet)])))
        }
        return [LineageJSON.object(members), own]
    }

    /// How many records a sink has taken; `nil` where the result, which is anybody's, does not say.
    private static func written(_ result: String?) -> Int? {
        guard let result, let counters = try? JSONText.decode(Counters.self, from: result) else {
            return nil
        }
        return counters.values[CounterName.written]
    }
}
