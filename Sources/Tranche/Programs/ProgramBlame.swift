import FoundationEssentials

/// The items that a program blames in its last line, such as
/// `{"bad": [{"id": 5, "error": "qty is not a number"}], "bad_ids": [9], "error": "no such day"}`.
package struct ProgramBlame: Decodable, Sendable {
    /// What is wrong with each item to blame, by its id as text; `nil` where neither it nor the
    /// line says so.
    private(set) var reasons: [ExactText: String?] = [:]
    /// Those that are named by integers, and those that are named by texts.
    private var integers: Set<ExactText> = []
    private var texts: Set<ExactText> = []
    /// Whether that which is not is one of `bad`.
    private var areInList = false
    /// What went wrong with all of it; `nil` where the line does not say so.
    private(set) var error: String?

    private enum CodingKeys: String, CodingKey {
        case bad
        case badIDs = "bad_ids"
        case error
    }

    private struct Item: Decodable {
        var id: ItemName
        var error: String?
    }

    /// An id: an integer, or a uid that is not one.
    private struct ItemName: Decodable {
        let text: ExactText
        let isInteger: Bool

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            // What is not a text must be an integer, or that is what is wrong with it.
            if let text = try? value.decode(String.self) {
                (self.text, isInteger) = (ExactText(text), false)
            } else {
                (text, isInteger) = (ExactText(String(try value.decode(Int64.self))), true)
            }
        }
    }

    /// What is wrong with each item of a list such as `[{"id": 5, "error": "no such day"}]`.
    ///
    /// - Parameter text: The list, as JSON.
    /// - Returns: The reasons; `nil` where it is no such list.
    package static func reasons(inList text: String) -> [ExactText: String?]? {
        // A text that cannot be decoded is not such a list: the caller is told by `nil`.
        guard StrictJSON.fault(in: text) == nil, text.contains("["),
            let blame = try? JSONText.decode(Self.self, from: #"{"bad":\#(text)}"#)
        else { return nil }
        return blame.reasons.isEmpty ? nil : blame.reasons
    }

    /// The items that a line of output blames; none where it blames nobody, or is not such a line.
    static func items(in line: some Collection<UInt8>) -> Set<ExactText> {
        guard mayBlame(line) else { return [] }
        let text = String(decoding: line, as: UTF8.self)
        guard StrictJSON.fault(in: text) == nil,
            // A line of the program's own may have such a member, and another kind of value.
            let blame = try? JSONText.decode(Self.self, from: text)
        else { return [] }
        return Set(blame.reasons.keys)
    }

    /// Whether a line begins as an object does, and seems to have a member that blames.
    ///
    /// Each line of a program is asked: nothing is copied for it.
    static func mayBlame(_ line: some Collection<UInt8>) -> Bool {
        guard line.first(where: { $0 != 0x20 && $0 != 0x09 }) == UInt8(ascii: "{") else {
            return false
        }
        return BlameMark.isFound(in: line)
    }

    package init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: CodingKeys.self)
        // An error that is no text is about something else, as is a number of bad items.
        error = (try? line.decode(String.self, forKey: .error)).map(Self.kept)
        if (try? line.nestedUnkeyedContainer(forKey: .bad)) != nil {
            do {
                for item in try line.decode([Item].self, forKey: .bad) {
                    note(item.id, item.error.map(Self.kept) ?? error)
                }
                areInList = !texts.isEmpty
            } catch {
                throw ProgramEnd.Fault(message: Self.noList)
            }
        } else if let item = try? line.nestedContainer(keyedBy: DynamicKey.self, forKey: .bad),
            item.contains(DynamicKey("id"))
        {
            // What is neither a list nor an object is about something else, as above; an item by
            // itself blames.
            throw ProgramEnd.Fault(message: Self.noList)
        }
        do {
            let ids = try line.decodeIfPresent([ItemName].self, forKey: .badIDs) ?? []
            for id in ids { note(id, reasons[id.text] ?? error) }
        } catch {
            throw ProgramEnd.Fault(message: Self.noIDs)
        }
    }

    private mutating func note(_ id: ItemName, _ reason: String?) {
        reasons.updateValue(reason, forKey: id.text)
        if id.isInteger { integers.insert(id.text) } else { texts.insert(id.text) }
    }

    /// What is wrong with the list that names an item by what is no integer.
    private var listFault: String { areInList ? Self.noList : Self.noIDs }

    private static let noList = #"its "bad" is not a list of {"id", "error"}"#
    private static let noIDs = #"its "bad_ids" are not a list of ids"#

    /// What is wrong with each item to blame, by its id in a source.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - events: The numbers of the batch's events by their ids; `nil` where its items are none.
    /// - Returns: The reasons.
    /// - Throws: `ProgramEnd.Fault` where items are named by what is no id of the source's, and
    ///   events by what is not one's alone; as ``reasons(_:of:in:)``.
    func reasons(
        of batch: Batch,
        named events: [ExactText: [Int64]]?
    ) async throws -> [Int64: String?] {
        if batch.source.numbered != nil || texts.isEmpty {
            return try await Self.reasons(reasons, of: batch.record, in: batch.source)
        }
        guard let events else { throw ProgramEnd.Fault(message: listFault) }
        var numbered = reasons.filter { integers.contains($0.key) }
        for text in texts.sorted(by: { $0.text < $1.text }) {
            let number = try Self.number(of: text, among: events)
            numbered.updateValue(reasons[text] ?? nil, forKey: ExactText(String(number)))
        }
        return try await Self.reasons(numbered, of: batch.record, in: batch.source)
    }

    /// The number of the event that a text names.
    private static func number(
        of id: ExactText,
        among events: [ExactText: [Int64]]
    ) throws(ProgramEnd.Fault) -> Int64 {
        let numbers = events[id] ?? []
        guard let number = numbers.first else {
            throw ProgramEnd.Fault(
                message: "the batch has no event with the id '\(id.text)'; bad items must be its "
                    + "own"
            )
        }
        guard numbers.count == 1 else {
            throw ProgramEnd.Fault(
                message: "\(numbers.count) events of the batch have the id '\(id.text)'; say "
                    + "which is bad by its \"number\", as an integer"
            )
        }
        return number
    }

    /// What is wrong with items, by their ids.
    ///
    /// - Parameters:
    ///   - reasons: The reasons by the items' ids as text.
    ///   - batch: Whose items they are.
    ///   - source: The batch's source.
    /// - Returns: The reasons by the ids.
    /// - Throws: `TrancheError` `.invalidArgument` for what names no item; the source's failure.
    package static func reasons(
        _ reasons: [ExactText: String?],
        of batch: BatchRecord,
        in source: any MetaSource
    ) async throws -> [Int64: String?] {
        let names = reasons.keys.map(\.text).sorted()
        let ids = try await source.numbered?.ids(ofUIDs: names) ?? names.map { Int64($0) }
        var found: [Int64: String?] = [:]
        for (name, id) in zip(names, ids) {
            guard let id, batch.ids?.contains(id) ?? true else {
                throw TrancheError(
                    .invalidArgument,
                    "the batch has no id \(name); bad items must be its own"
                )
            }
            found.updateValue(reasons[ExactText(name)] ?? nil, forKey: id)
        }
        return found
    }

    /// The items to blame in words, with what is wrong with most of them.
    ///
    /// How many items the batch has is not known here.
    var words: String {
        let named = reasons.sorted { $0.key.text < $1.key.text }
        let parts = named.enumerated().map { place, item in
            // Which ids these are is of no account here.
            let id = Int64(place)
            return BatchPart(
                ids: IDRuns(id...id),
                weight: 0,
                isBad: true,
                reason: item.value
            )
        }
        return BadItems(parts).wordsOfBad
    }

    /// A text as it is kept: no database keeps a NUL, and nobody a password.
    package static func kept(_ text: String) -> String {
        redacted(text).cut(to: 1000).replacing("\0", with: "\u{FFFD}")
    }
}
