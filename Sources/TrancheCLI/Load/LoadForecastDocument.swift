import Tranche

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

    private enum CodingKeys: String, CodingKey {
        case file
        case readAs = "read_as"
        case notes, fields, records, batches
        case reachedEnd = "reached_end"
        case sink, promise
        case firstRecords = "first_records"
        case firstFaults = "first_faults"
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
