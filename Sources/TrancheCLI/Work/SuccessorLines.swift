import FoundationEssentials
import Tranche

/// What follows the page of a batch, as its program says in lines such as `{"next_page":
/// "CURSOR"}`.
///
/// Lines are taken as they are written, so that a page is named while the program still runs.
struct SuccessorLines: Sendable {
    private let lines: (stream: AsyncStream<String>, continuation: AsyncStream<String>.Continuation)

    init() {
        lines = AsyncStream.makeStream()
    }

    /// Takes whole lines of the program's output.
    func add(_ bytes: [UInt8]) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            guard text.contains("\"next_page\""),
                text.trimmed().hasPrefix("{")
            else { continue }
            lines.continuation.yield(text)
        }
    }

    /// Ends the output.
    func finish() { lines.continuation.finish() }

    /// Names what the lines say, until the output's end.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - note: Called where another successor stands than a line names.
    /// - Returns: Why one could not be named; `nil` where all were.
    /// - Throws: `TrancheError` `.batchLost`; what comes of the inventory.
    func register(for batch: Batch, note: (String) -> Void) async throws -> String? {
        var fault: String?
        for await line in lines.stream where fault == nil {
            do {
                guard let named = try Self.successor(in: line) else { continue }
                let stands = try await batch.register(named)
                if stands.successor.cursor != named.cursor {
                    let words = stands.successor.cursor.map { "'\($0)'" } ?? "the end"
                    let page = "page \(stands.page)"
                    note("\(page) is followed by \(words), as was named before; that stands")
                }
            } catch let error as ValueError {
                fault = error.message
            } catch let error as TrancheError
                where [.invalidSource, .invalidArgument].contains(error.code)
            {
                fault = error.message
            }
        }
        return fault
    }

    /// The successor that a line names; `nil` where it is not an object with the key.
    ///
    /// - Throws: ``ValueError`` for one that cannot be.
    static func successor(in line: String) throws -> PageSuccessor? {
        guard StrictJSON.fault(in: line) == nil else { return nil }
        do {
            return try JSONText.decode(Line.self, from: line).successor
        } catch {
            throw ValueError(
                "the line \(line.prefix(200)) names no page: give {\"next_page\": \"CURSOR\"}, or "
                    + "null for the end"
            )
        }
    }

    private struct Line: Decodable {
        var successor: PageSuccessor?

        enum CodingKeys: String, CodingKey {
            case page = "next_page"
            case weight
            case forNow = "for_now"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            guard values.contains(.page) else { return }
            if let cursor = try values.decode(String?.self, forKey: .page) {
                let weight = try values.decodeIfPresent(Double.self, forKey: .weight)
                successor = .page(cursor, weight: weight ?? 1)
            } else {
                let isForNow = try values.decodeIfPresent(Bool.self, forKey: .forNow) ?? false
                successor = .end(isForNow ? .forNow : .final)
            }
        }
    }
}
