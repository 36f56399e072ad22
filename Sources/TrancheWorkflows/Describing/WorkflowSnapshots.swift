import Tranche
import TrancheConnectors

/// Where the processes that work on a workflow keep snapshots of it, and how often.
public struct WorkflowSnapshots: Sendable, Hashable {
    /// A folder, the URL of a prefix of objects, or a table; see ``Workflows/keep(_:at:)``.
    public var place: String
    /// How long it is from one to the next, beside those at the start and at the end; 5 min by
    /// default.
    public var interval: Duration

    /// Says where and how often.
    public init(at place: String, every interval: Duration = .seconds(300)) {
        self.place = place
        self.interval = interval
    }

    func requireSound() throws {
        guard !place.isEmpty else {
            throw SpecError(.invalidValue, field: ["snapshots", "to"], "names no place")
        }
        guard interval > .zero else {
            throw SpecError(.invalidValue, field: ["snapshots", "every"], "is not above 0")
        }
    }
}

extension WorkflowSnapshots: Codable {
    /// Reads `{"to": "snapshots", "every": "5m"}`.
    ///
    /// - Throws: `SpecError` that names the field.
    public init(from decoder: any Decoder) throws {
        let members = try Members(decoder, of: "snapshots", ["to", "every"])
        self.init(at: try members.required("to", toSay: "where they are kept"))
        if let time = try members.duration("every") { interval = time }
    }

    /// Writes them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        try container.encode(place, forKey: DynamicKey("to"))
        try container.encode(interval.unitText, forKey: DynamicKey("every"))
    }
}
