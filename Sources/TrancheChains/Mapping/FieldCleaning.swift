import Foundation
import Tranche

/// Cleans names and texts of characters that do not belong there; only where it is asked for, since it loses
/// what it leaves out.
///
/// Names keep letters, digits, `-` and `_`; what lies between becomes one `_`. Texts keep letters, digits and
/// `. - _ # & @`; what lies between becomes one blank. Letters and digits are those of any script.
struct FieldCleaning {
    let fields: RecordFields

    /// Prepares the cleaning of records of some fields.
    ///
    /// - Throws: `TrancheError` `.invalidSource` when two names become one, or nothing is left of one.
    init(_ fields: RecordFields) throws {
        do {
            self.fields = try RecordFields(
                fields.names.map { Self.cleaned($0, keeping: "-_", between: "_") }
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
                let text = record.text(of: cell)
                return .text(Self.cleaned(text, keeping: ".-_#&@", between: " "))
            }
        }
        return builder.build().records
    }

    static func cleaned(_ text: String, keeping marks: String, between: String) -> String {
        text.split { character in
            !(character.isLetter || character.isNumber || marks.contains(character))
        }.joined(separator: between)
    }
}
