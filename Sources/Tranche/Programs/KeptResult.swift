import FoundationEssentials

/// What is kept of a program's last line as the result of a batch.
package struct KeptResult: Sendable, Hashable {
    /// The result, which is strict JSON: the line itself, or a text that holds it.
    package let json: String
    /// Why it is a text; `nil` when it is the line itself.
    package let note: String?
    /// Whether the line may blame items, be it in what is not kept of it.
    let mayBlame: Bool

    /// Takes a line that begins as a JSON object does; `nil` for others, which are not results.
    ///
    /// Whatever such a line is, it costs no success: what is not JSON that every reader takes is
    /// kept as a text.
    package init?(_ line: LineCollector.Line) {
        let text = line.text.trimmed()
        guard text.hasPrefix("{") else { return nil }
        mayBlame = line.mayBlame
        guard let fault = line.fault ?? StrictJSON.fault(in: text) else {
            json = text
            note = nil
            return
        }
        var bytes: [UInt8] = []
        JSONBytes.append(text.replacing("\0", with: "\u{FFFD}").utf8, to: &bytes)
        json = String(decoding: bytes, as: UTF8.self)
        note = "the last line of the program is not a JSON object (\(fault)); it is kept as a text"
    }

    /// The members by which a program tells what is to become of its batch.
    private static let told: Set<String> = [
        "note", "bad", "bad_ids", "retry_after", "budget", "next_page", "done",
    ]

    /// Whether it tells what is to become of the batch, and is no word for people.
    var isToldToTranche: Bool {
        // A text that holds what is no JSON is nothing of the kind.
        guard note == nil, let members = try? JSONText.decode([String: RawJSON].self, from: json)
        else { return false }
        return members.keys.contains(where: Self.told.contains)
    }
}
