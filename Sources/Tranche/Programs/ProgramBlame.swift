import Foundation

/// The items that a program blames in its last line, such as
/// `{"bad": [{"id": 5, "error": "qty is not a number"}], "bad_ids": [9], "error": "no such day"}`.
package struct ProgramBlame: Decodable {
    /// What is wrong with each item to blame; `nil` where neither it nor the line says so.
    private(set) var reasons: [Int64: String?] = [:]
    /// What went wrong with all of it; `nil` where the line does not say so.
    private(set) var error: String?

    private enum CodingKeys: String, CodingKey {
        case bad
        case badIDs = "bad_ids"
        case error
    }

    private struct Item: Decodable {
        var id: Int64
        var error: String?
    }

    /// What is wrong with each item of a list such as `[{"id": 5, "error": "no such day"}]`.
    ///
    /// - Parameter text: The list, as JSON.
    /// - Returns: The reasons; `nil` where it is no such list.
    package static func reasons(inList text: String) -> [Int64: String?]? {
        // A text that cannot be decoded is not such a list: the caller is told by `nil`.
        guard StrictJSON.fault(in: text) == nil, text.contains("["),
            let blame = try? JSONText.decode(Self.self, from: #"{"bad":\#(text)}"#)
        else { return nil }
        return blame.reasons.isEmpty ? nil : blame.reasons
    }

    package init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: CodingKeys.self)
        // An error that is no text is about something else, as is a number of bad items.
        error = (try? line.decode(String.self, forKey: .error)).map(Self.kept)
        if (try? line.nestedUnkeyedContainer(forKey: .bad)) != nil {
            do {
                for item in try line.decode([Item].self, forKey: .bad) {
                    reasons.updateValue(item.error.map(Self.kept) ?? error, forKey: item.id)
                }
            } catch {
                throw ProgramEnd.Fault(message: #"its "bad" is no list of {"id", "error"}"#)
            }
        }
        do {
            let ids = try line.decodeIfPresent([Int64].self, forKey: .badIDs) ?? []
            for id in ids where reasons[id] == nil { reasons.updateValue(error, forKey: id) }
        } catch {
            throw ProgramEnd.Fault(message: #"its "bad_ids" are no list of ids"#)
        }
    }

    /// The items to blame in words, with what is wrong with most of them.
    var words: String {
        let parts = reasons.keys.sorted().map { id in
            BatchPart(ids: IDRuns(id...id), weight: 0, isBad: true, reason: reasons[id] ?? nil)
        }
        return BadItems(parts).words
    }

    /// A text as it is kept: no database keeps a NUL, and nobody a password.
    private static func kept(_ text: String) -> String {
        redacted(text).cut(to: 1000).replacing("\0", with: "\u{FFFD}")
    }
}
