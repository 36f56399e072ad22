import FoundationEssentials
import Tranche
import TrancheChains

/// What the events of all batches of a run have in common, as JSON.
///
/// What stands between the parts that differ is made once: two events a batch, beside all work, are
/// to cost little.
final class LineageRun: Sendable {
    /// What the run's items come from, as it was when this was made.
    let source: SourceDefinition
    private let inventory: String
    private let producer: String
    /// The field of the items' ids, as JSON.
    private let field: [UInt8]
    /// Whether weights are sizes in bytes.
    private let hasSizes: Bool
    /// The dataset that the run's records go to; `nil` where none is known.
    private let target: LineageDataset?
    /// The job's own batches, as a dataset that others read.
    private let own: String
    private let parts: Parts

    /// Most characters of an error.
    private static let longestError = 4000

    /// What is the same in all events, in order.
    private struct Parts: Sendable {
        /// From the time up to the run's id.
        let toRun = Array(#"","run":{"runId":""#.utf8)
        /// From there up to the parameters of the attempt.
        let toParameters: [UInt8]
        /// From these to the end of the parameters.
        let parametersEnd: [UInt8]
        /// From the facets of the run to the condition on the input.
        let toCondition: [UInt8]
        /// How statistics of the input begin.
        let statistics: [UInt8]
        /// From the inputs to the outputs.
        let toOutputs = Array(#"],"outputs":["#.utf8)
        /// Outputs of which nothing more is known.
        let outputs: [UInt8]
        /// From the outputs to the end.
        let end: [UInt8]
    }

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
        self.inventory = inventory.identity
        let producer = JSONBytes.quoted(names.producer)
        self.producer = producer
        field = Array(JSONBytes.quoted(source.uid).utf8)
        hasSizes = Self.isBytes(source.weight)
        target = source.target.flatMap { LineageDataset(target: $0, in: inventory) }
        own = LineageJSON.object(LineageDataset.batches(of: key.job, in: inventory).members)
        let datasets = (target.map { [LineageJSON.object($0.members)] } ?? []) + [own]
        let input = LineageDataset(source, at: place, in: inventory)
        parts = Parts(
            toParameters: Self.run(key, of: inventory, names),
            parametersEnd: Self.parameters(key),
            toCondition: Self.job(key, reading: input, names),
            statistics: Array(
                (#","inputStatistics":"# + LineageFacet.head(.input, by: producer)).utf8
            ),
            outputs: Array(datasets.joined(separator: ",").utf8),
            end: Array(#"],"producer":\#(producer),"schemaURL":"\#(LineageFacet.event)"}"#.utf8)
        )
    }

    private static func run(
        _ key: RunKey,
        of inventory: LineageInventory,
        _ names: LineageNames
    ) -> [UInt8] {
        let producer = JSONBytes.quoted(names.producer)
        let version = [("name", #""Tranche""#), ("version", JSONBytes.quoted(names.version))]
        let run = LineageRunID.run(key, of: inventory.identity)
        let itself = LineageParent(namespace: names.namespace, job: key.job, run: run)
        let root = names.root.map { [("root", $0.json)] } ?? []
        let parent = LineageFacet.json(.parent, by: producer, itself.members + root)
        let engine = LineageFacet.json(.engine, by: producer, version)
        let parameters = LineageFacet.head(.parameters, by: producer)
        let facets = #"","facets":{"parent":\#(parent),"processing_engine":\#(engine)"#
        return Array("\(facets),\"executionParameters\":\(parameters),\"parameters\":[".utf8)
    }

    private static func parameters(_ key: RunKey) -> [UInt8] {
        var bytes: [UInt8] = []
        append("source", redacted(key.metaTable), to: &bytes)
        if !key.run.isEmpty { append("run", key.run, to: &bytes) }
        bytes += "]}".utf8
        return bytes
    }

    private static func job(
        _ key: RunKey,
        reading input: LineageDataset,
        _ names: LineageNames
    ) -> [UInt8] {
        let producer = JSONBytes.quoted(names.producer)
        let type = [
            ("processingType", #""BATCH""#), ("integration", #""TRANCHE""#),
            ("jobType", #""TASK""#),
        ]
        let facets = [("jobType", LineageFacet.json(.jobType, by: producer, type))]
        let job = LineageJSON.object([
            ("namespace", JSONBytes.quoted(names.namespace)),
            ("name", JSONBytes.quoted(LineageNames.batchJob(of: key.job))),
            ("facets", LineageJSON.object(facets)),
        ])
        let subset = LineageFacet.head(.subset, by: producer)
        let name = LineageJSON.object(input.members).dropLast()
        let inputs = #""inputs":[\#(name),"inputFacets":{"subset":\#(subset),"inputCondition":"#
        return Array(#"}},"job":\#(job),\#(inputs)"#.utf8)
    }

    /// Whether a weight of that name is a size in bytes: that of files is.
    private static func isBytes(_ name: String?) -> Bool {
        guard let name = name?.lowercased() else { return false }
        return name == "bytes" || name.hasSuffix("_bytes")
    }

    // MARK: - Attempts

    /// An attempt that was told of as begun: the parts of its events that are its own, as JSON.
    struct Attempt: Sendable {
        let run: LineageRun
        let batch: Int64
        /// The run's id, without quotes.
        fileprivate let id: [UInt8]
        /// Its own parameters.
        fileprivate let parameters: [UInt8]
        /// The condition on the input, and its statistics, to the end of the input.
        fileprivate let input: [UInt8]

        /// Whether both are told of under the same id.
        func isSame(as other: Attempt) -> Bool { id == other.id }
    }

    /// Makes what the events of an attempt have in common.
    func attempt(_ batch: BatchRecord) -> Attempt {
        var parameters: [UInt8] = []
        parameters.reserveCapacity(256)
        Self.append("batch", String(batch.id), isFirst: true, to: &parameters)
        Self.append("attempt", String(batch.attempt), to: &parameters)
        Self.append("kind", batch.kind.rawValue, to: &parameters)
        if let worker = batch.worker { Self.append("worker", worker, to: &parameters) }
        return Attempt(
            run: self,
            batch: batch.id,
            id: Array(LineageRunID.attempt(batch, of: inventory).utf8),
            parameters: parameters,
            input: input(of: batch)
        )
    }

    private static func append(
        _ key: String,
        _ value: String,
        isFirst: Bool = false,
        to bytes: inout [UInt8]
    ) {
        bytes += (isFirst ? #"{"key":""# : #",{"key":""#).utf8
        bytes += key.utf8
        bytes += #"","value":"#.utf8
        JSONBytes.append(value.utf8, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    private func input(of batch: BatchRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(768)
        LineageCondition(source.uid, of: batch).append(to: &bytes, field)
        bytes.append(UInt8(ascii: "}"))
        let size = hasSizes ? batch.weight.flatMap { 0..<1e18 ~= $0 ? Int64($0) : nil } : nil
        if batch.count > 0 || size != nil {
            bytes += parts.statistics
            if batch.count > 0 { bytes += ",\"rowCount\":\(batch.count)".utf8 }
            if let size { bytes += ",\"size\":\(size)".utf8 }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes += "}}".utf8
        return bytes
    }

    // MARK: - Events

    /// Appends an event of one of its attempts as JSON.
    func append(_ event: LineageEvent, to bytes: inout [UInt8]) {
        let attempt = event.attempt
        bytes += #"{"eventType":""#.utf8
        bytes += event.type.rawValue.utf8
        bytes += #"","eventTime":""#.utf8
        event.at.appendUTCText(to: &bytes)
        bytes += parts.toRun
        bytes += attempt.id
        bytes += parts.toParameters
        bytes += attempt.parameters
        bytes += parts.parametersEnd
        if let error = event.error { append(error: error, to: &bytes) }
        bytes += parts.toCondition
        bytes += attempt.input
        bytes += parts.toOutputs
        if let target, let written = Self.written(event.result) {
            append(target, written, to: &bytes)
        } else {
            bytes += parts.outputs
        }
        bytes += parts.end
    }

    private func append(error: String, to bytes: inout [UInt8]) {
        let text = JSONBytes.quoted(String(redacted(error).prefix(Self.longestError)))
        let members = [("message", text), ("programmingLanguage", #""Swift""#)]
        bytes += #","errorMessage":"#.utf8
        bytes += LineageFacet.json(.error, by: producer, members).utf8
    }

    /// Appends the datasets that the run writes to, with how many records a success has written.
    private func append(_ target: LineageDataset, _ written: Int, to bytes: inout [UInt8]) {
        let facet = LineageFacet.json(.output, by: producer, [("rowCount", String(written))])
        let facets = [("outputFacets", LineageJSON.object([("outputStatistics", facet)]))]
        bytes += LineageJSON.object(target.members + facets).utf8
        bytes.append(UInt8(ascii: ","))
        bytes += own.utf8
    }

    /// How many records a sink has taken; `nil` where the result, which is anybody's, does not say.
    private static func written(_ result: String?) -> Int? {
        guard let result, let counters = try? JSONText.decode(Counters.self, from: result) else {
            return nil
        }
        return counters.values[CounterName.written]
    }
}
