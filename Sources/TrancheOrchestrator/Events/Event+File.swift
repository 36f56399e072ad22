import FoundationEssentials
import Tranche

extension Event {
    /// The file, or the object, that the event is about: its id where that is an absolute path,
    /// else its payload where that is the text of one, or of a URL; `nil` where it is about none.
    public var file: String? {
        if id.hasPrefix("/") { return id }
        guard let payload, let text = try? JSONText.decode(String.self, from: payload) else {
            // A payload that is no text names no file.
            return nil
        }
        return text.hasPrefix("/") || text.contains("://") ? text : nil
    }

    /// The file that the event is about.
    ///
    /// - Throws: `TrancheError` `.invalidItem` where it is about none.
    func requireFile() throws -> String {
        if let file { return file }
        throw TrancheError(
            .invalidItem,
            "event '\(id)' of '\(trigger)' names no file: neither is its id an absolute path, nor its "
                + "payload the text of a path or of a URL"
        )
    }

    /// What tells the file of an event from itself when it was another; `nil` where the event does
    /// not say.
    var fileMark: FileMark? {
        guard let payload else { return nil }
        struct Payload: Decodable { var mark: String? }
        // Of another input's payload nothing is known of a file.
        return (try? JSONText.decode(Payload.self, from: payload))?.mark.flatMap { FileMark($0) }
    }
}

/// Size, time of change and number of a file, which tell it from itself when it was another.
struct FileMark: Sendable, Hashable {
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    /// The number on its disk.
    var number: UInt64

    init(size: Int64, modified: Int64, number: UInt64) {
        (self.size, self.modified, self.number) = (size, modified, number)
    }

    /// Reads what ``text`` wrote.
    init?(_ text: String) {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 3, let size = Int64(parts[0]), let modified = Int64(parts[1]),
            let number = UInt64(parts[2])
        else { return nil }
        self.init(size: size, modified: modified, number: number)
    }

    var text: String { "\(size)|\(modified)|\(number)" }

    /// In words.
    var words: String {
        let date = Date(milliseconds: modified / 1_000_000)
        return "\(size) bytes, modified \(date.utcText), number \(number)"
    }
}
