import Tranche
import TrancheConnectors

/// How the fields of records get other names, are put together, and added.
///
/// ```json
/// {"rename": {"Cust No": "id"}, "group": {"address": ["street", "city"]}, "constant": {"country": "DE"}}
/// ```
///
/// Fields that are not named stay as they are. A group takes the place of the first of its fields:
/// their texts, without those that are empty, with a blank between; it is null when all are empty.
/// A field may be part of several groups. Where each record has its own fields, as in JSON Lines,
/// one that is absent is not missed.
public struct FieldMapping: Sendable, Hashable, Codable {
    /// New names, by the old ones.
    public var rename: [String: String]
    /// The fields that become one, by its name, in the order in which their texts follow.
    public var group: [String: [String]]
    /// New fields with the same text in every record.
    public var constant: [String: String]
    /// Whether all names become lower-case; false by default.
    public var lowercase: Bool

    /// Makes a mapping.
    public init(
        rename: [String: String] = [:],
        group: [String: [String]] = [:],
        constant: [String: String] = [:],
        lowercase: Bool = false
    ) {
        self.rename = rename
        self.group = group
        self.constant = constant
        self.lowercase = lowercase
    }

    /// Reads the parts that are there; an unknown one is refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let all = try decoder.container(keyedBy: DynamicKey.self)
        for key in all.allKeys where CodingKeys(stringValue: key.stringValue) == nil {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: [key],
                    debugDescription: "a mapping has no \"\(key.stringValue)\""
                )
            )
        }
        // A member that is there is no null.
        func part<Part: Decodable>(_ key: CodingKeys, or absent: Part) throws -> Part {
            try container.contains(key) ? container.decode(Part.self, forKey: key) : absent
        }
        rename = try part(.rename, or: [:])
        group = try part(.group, or: [:])
        constant = try part(.constant, or: [:])
        lowercase = try part(.lowercase, or: false)
    }

    /// Reads a mapping from a JSON file.
    ///
    /// - Parameter path: The file's path.
    /// - Throws: `TrancheError` `.invalidArgument`, naming the file.
    public init(contentsOf path: String) throws {
        guard let text = JSONText.contents(ofFile: path) else {
            throw TrancheError(.invalidArgument, "cannot read the mapping '\(path)' as a text")
        }
        let look = StrictJSON.look(in: text)
        if let complaint = look.complaint(about: "the mapping '\(path)'") {
            throw TrancheError(.invalidArgument, complaint)
        }
        let names = Dictionary(grouping: look.members, by: \.name)
        if let name = names.filter({ $0.value.count > 1 }).keys.min() {
            throw TrancheError(.invalidArgument, "the mapping '\(path)' has \"\(name)\" twice")
        }
        do {
            self = try JSONText.decode(FieldMapping.self, from: text)
        } catch let error as DecodingError {
            throw TrancheError(
                .invalidArgument,
                "the mapping '\(path)': \(SpecError(error)); give an object with \"rename\", "
                    + "\"group\", \"constant\" and \"lowercase\"",
                underlying: error
            )
        }
    }

    /// Refuses what could not be done, whatever the fields.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    func requireSound() throws {
        for (name, members) in group.sorted(by: { $0.key < $1.key }) {
            guard !members.isEmpty else {
                throw TrancheError(
                    .invalidArgument,
                    "the mapping's group '\(name)' names no fields; give it some, or leave it out"
                )
            }
            guard let renamed = members.first(where: { rename[$0] != nil }) else { continue }
            throw TrancheError(
                .invalidArgument,
                "the mapping renames the field '\(renamed)', which becomes part of the group '\(name)'; leave "
                    + "one of them out"
            )
        }
    }
}

/// A mapping made ready for records of some fields.
struct FieldMappingPlan {
    private enum Origin {
        case field(Int)
        case group([Int])
        case constant(String)
    }

    let fields: RecordFields
    private let origins: [Origin]
    /// Whether there are texts that the records do not have themselves.
    private let addsTexts: Bool

    /// Makes a mapping ready.
    ///
    /// - Parameters:
    ///   - mapping: The mapping.
    ///   - fields: The fields of the records.
    ///   - isTabular: Whether all records have them; where each has its own, one that is absent is
    ///     not missed.
    /// - Throws: `TrancheError` `.invalidArgument` for a field that the records do not have, or
    ///   two of one name.
    init(_ mapping: FieldMapping, fields: RecordFields, isTabular: Bool = true) throws {
        func place(_ name: String) throws -> Int? {
            if let place = fields.place(of: name) { return place }
            guard isTabular else { return nil }
            throw TrancheError(
                .invalidArgument,
                "the mapping names the field '\(name)', which the records do not have; they have "
                    + fields.names.joined(separator: ", ")
            )
        }
        try mapping.requireSound()
        for name in mapping.rename.keys { _ = try place(name) }
        let groups = try mapping.group.map { name, members in
            (name: name, places: try members.compactMap { try place($0) })
        }.sorted { $0.name < $1.name }
        var names: [String] = []
        var origins: [Origin] = []
        var keepsEmpty = false
        for (place, name) in fields.names.enumerated() {
            // A field may be part of several groups.
            for group in groups where group.places.min() == place {
                names.append(group.name)
                origins.append(.group(group.places))
            }
            guard !groups.contains(where: { $0.places.contains(place) }) else { continue }
            names.append(mapping.rename[name] ?? name)
            origins.append(.field(place))
            if name.isEmpty, mapping.rename[name] == nil { keepsEmpty = true }
        }
        for group in groups where group.places.isEmpty {
            names.append(group.name)
            origins.append(.group([]))
        }
        for (name, text) in mapping.constant.sorted(by: { $0.key < $1.key }) {
            names.append(name)
            origins.append(.constant(text))
        }
        do {
            self.fields = try RecordFields(
                mapping.lowercase ? names.map { $0.lowercased() } : names,
                mayHaveEmpty: keepsEmpty
            )
        } catch let error as TrancheError {
            throw TrancheError(
                .invalidArgument,
                "after the mapping, \(error.message)",
                underlying: error
            )
        }
        self.origins = origins
        addsTexts = !groups.isEmpty || !mapping.constant.isEmpty
    }

    /// Maps records of one block.
    func map(_ records: ArraySlice<Record>) -> [Record] {
        guard let block = records.first?.block else { return [] }
        // Records of other fields may have their texts among the same bytes: these are not copied
        // for each few records.
        let keepsBytes = !addsTexts || Self.lengths(of: records) > block.bytes.count / 4
        var bytes = keepsBytes ? block.bytes : []
        var cells: [RecordCell] = []
        cells.reserveCapacity(records.count * origins.count)
        let constants = origins.map { origin -> RecordCell in
            guard case .constant(let text) = origin else { return .null }
            return Self.append(text.utf8, to: &bytes)
        }
        for record in records {
            for (index, origin) in origins.enumerated() {
                switch origin {
                case .field(let place) where keepsBytes: cells.append(record.cell(place))
                case .field(let place):
                    var cell = record.cell(place)
                    let text = block.bytes[cell.textRange]
                    cell.start = UInt32(bytes.count)
                    bytes += text
                    cells.append(cell)
                case .constant: cells.append(constants[index])
                case .group(let places): cells.append(Self.joined(record, places, &bytes))
                }
            }
        }
        return RecordBlock(
            fields: fields,
            bytes: bytes,
            cells: cells,
            ids: records.map(\.id)
        ).records
    }

    /// How many bytes the texts of records have.
    private static func lengths(of records: ArraySlice<Record>) -> Int {
        var sum = 0
        for record in records {
            for place in 0..<record.fields.count { sum += Int(record.cell(place).length) }
        }
        return sum
    }

    private static func joined(
        _ record: Record,
        _ places: [Int],
        _ bytes: inout [UInt8]
    ) -> RecordCell {
        let texts = places.map { place -> String in
            let cell = record.cell(place)
            return cell.kind == .null ? "" : record.text(of: cell).trimming { $0.isWhitespace }
        }.filter { !$0.isEmpty }
        return texts.isEmpty ? .null : append(texts.joined(separator: " ").utf8, to: &bytes)
    }

    private static func append(_ text: some Collection<UInt8>, to bytes: inout [UInt8])
        -> RecordCell
    {
        let cell = RecordCell(.text, start: UInt32(bytes.count), length: UInt32(text.count))
        bytes += text
        return cell
    }
}
