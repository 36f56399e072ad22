import Tranche

extension Item {
    /// The payload of the item's event, as JSON on one line: JSON as it is, all else as a value.
    var eventPayload: String {
        get throws {
            guard holdsJSON, case .text(let text) = item else { return try JSONText.encode(item) }
            return RawJSON(text).line
        }
    }
}
