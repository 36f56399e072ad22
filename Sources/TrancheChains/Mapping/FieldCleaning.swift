import FoundationEssentials
import Tranche

/// Cleans names and texts of characters that do not belong there; only where it is asked for, since
/// it loses what it leaves out.
///
/// Names keep letters, digits, `-` and `_`; what lies between becomes one `_`. Texts keep letters,
/// digits and `. - _ # & @`; what lies between becomes one blank. Letters and digits are those of
/// any script. A date or time stays as it is, and so does a colon between digits, and what is no
/// text.
struct FieldCleaning {
    let fields: RecordFields

    /// Prepares the cleaning of records of some fields.
    ///
    /// - Throws: `TrancheError` `.invalidSource` when two names become one, or nothing is left of
    ///   one that was not empty.
    init(_ fields: RecordFields) throws {
        do {
            self.fields = try RecordFields(
                fields.names.map { Self.cleaned($0, keeping: "-_", between: "_") },
                mayHaveEmpty: fields.names.contains("")
            )
        } catch let error as TrancheError {
            throw TrancheError(
                .invalidSource,
                "after cleaning, \(error.message)",
                underlying: error
            )
        }
    }

    /// Cleans records of one block.
    func clean(_ records: ArraySlice<Record>) -> [Record] {
        var builder = RecordBlockBuilder(fields)
        for record in records {
            builder.add(like: record) { _, cell in
                guard cell.kind == .text else { return nil }
                return .text(Self.cleaned(value: record.text(of: cell)))
            }
        }
        return builder.build().records
    }

    /// A field's text, cleaned.
    static func cleaned(value text: String) -> String {
        if isTime(text) { return text }
        let characters = Array(text)
        var kept = ""
        for (place, character) in characters.enumerated() {
            if character == ":", isDigit(characters, place - 1), isDigit(characters, place + 1) {
                kept.append(character)
            } else if character.isLetter || character.isNumber || ".-_#&@".contains(character) {
                kept.append(character)
            } else if kept.last != " " {
                kept.append(" ")
            }
        }
        return kept.trimming { $0 == " " }
    }

    private static func isTime(_ text: String) -> Bool {
        guard text.contains(":") else { return false }
        // A time of day is what may stand behind a date.
        return [text, "1970-01-01T" + text].contains { text in
            var text = text
            return text.withUTF8 { TimeText($0)?.hasTime == true }
        }
    }

    private static func isDigit(_ characters: [Character], _ place: Int) -> Bool {
        characters.indices.contains(place) && characters[place].isNumber
    }

    static func cleaned(_ text: String, keeping marks: String, between: String) -> String {
        text.split { character in
            !(character.isLetter || character.isNumber || marks.contains(character))
        }.joined(separator: between)
    }
}
