import Tranche
import TrancheChains

/// What loading a file would do.
struct LoadForecastDocument: Codable {
    let file: String
    let readAs: Layout
    let notes: [String]
    let fields: [String]
    let records: Int
    let batches: Int
    let reachedEnd: Bool
    let sink: String
    let promise: String
    let firstRecords: [RawJSON]
    let firstFaults: [String]
    /// How many records were checked; `nil` where the source is not read so.
    let checked: Int?
    /// How many of them would be refused before the sink sees them.
    let rejected: Int?
    let firstRejects: [Reject]
    /// The statement that would make the table; `nil` where none would be made.
    let createTable: String?

    private enum CodingKeys: String, CodingKey {
        case file
        case readAs = "read_as"
        case notes, fields, records, batches
        case reachedEnd = "reached_end"
        case sink, promise
        case firstRecords = "first_records"
        case firstFaults = "first_faults"
        case checked, rejected
        case firstRejects = "first_rejects"
        case createTable = "create_table"
    }

    /// A record that would be refused.
    struct Reject: Codable {
        let offset: Int64
        /// The line on which it begins; `nil` where that is not known.
        let line: Int64?
        let message: String

        init(_ fault: ChainTrial.Fault) {
            offset = fault.id
            // Counted from the beginning, or not told.
            line = fault.line.flatMap { $0.origin == nil ? $0.number : nil }
            message = fault.message
        }
    }

    /// How a file is written: an object of names and words, in the order of the format.
    struct Layout: Codable {
        let parts: [(name: String, words: String)]

        init(_ parts: [(name: String, words: String)]) {
            self.parts = parts
        }

        /// Reads an object; its names come in order.
        init(from decoder: any Decoder) throws {
            let members = try [String: String](from: decoder)
            parts = members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }

        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: DynamicKey.self)
            for part in parts { try members.encode(part.words, forKey: DynamicKey(part.name)) }
        }
    }
}
