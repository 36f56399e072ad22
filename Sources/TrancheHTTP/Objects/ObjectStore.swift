import Tranche

/// A bucket of objects.
protocol ObjectStore: Sendable {
    /// Looks how large an object is, and which.
    ///
    /// - Throws: `TrancheError` `.invalidSource` when there is none or it may not be read;
    ///   `.sourceUnavailable`.
    func state(of object: ObjectName) async throws -> ObjectState

    /// Asks for bytes of an object.
    ///
    /// - Parameters:
    ///   - range: Which; not empty, and within the object.
    ///   - object: The object.
    ///   - state: Which it must still be.
    /// - Returns: The answer to the request for that range, whatever its status.
    /// - Throws: `TrancheError` `.sourceUnavailable`.
    func fetch(
        _ range: Range<Int64>,
        of object: ObjectName,
        in state: ObjectState
    ) async throws -> HTTPResponse

    /// Lists objects whose names begin alike, ascending by name.
    ///
    /// - Parameters:
    ///   - prefix: What the names begin with.
    ///   - token: Where to go on, as the page before said.
    /// - Returns: A page.
    /// - Throws: As ``state(of:)``.
    func list(_ prefix: ObjectName, after token: String?) async throws -> ObjectPage

    /// Keeps an object, whole or not at all; one of the same name is replaced.
    ///
    /// - Throws: `TrancheError` `.sinkUnavailable` (transient) or `.sinkFailed`.
    func put(_ bytes: [UInt8], as object: ObjectName) async throws

    /// Makes an error of an answer that is not a success.
    func failure(_ response: HTTPResponse, _ object: ObjectName, _ url: String) -> TrancheError
}

/// What is known of an object without reading it.
struct ObjectState: Sendable, Hashable {
    var size: Int64
    /// The generation or entity tag, as the store spells it.
    var tag: String
    /// The name of the tag, for people.
    var tagName: String
}

/// Some of a listing.
struct ObjectPage: Sendable {
    struct Entry: Sendable, Hashable {
        var key: String
        var size: Int64
        var tag: String
    }

    var entries: [Entry]
    /// Where to go on; `nil` at the end.
    var next: String?
}

extension ObjectStore {
    /// Makes an error of an answer that the stores share.
    func sourceError(
        _ response: HTTPResponse,
        _ object: ObjectName,
        words: String
    ) -> TrancheError {
        let said = words.isEmpty ? "" : " (\(words))"
        switch response.status {
        case 404:
            let what = object.key.isEmpty ? "bucket '\(object.bucket)'" : "object '\(object.url)'"
            return TrancheError(.invalidSource, "there is no \(what)\(said)")
        case 401, 403:
            return TrancheError(
                .invalidSource,
                "'\(object.url)' may not be read with these credentials, or is not there\(said)"
            )
        case 412, 416:
            return TrancheError(
                .redefined,
                "'\(object.url)' has changed since it was opened; load it under another job name, or "
                    + "follow a file that only grows"
            )
        default:
            let code: TrancheError.Code =
                HTTPError.category(status: response.status) == .transient
                ? .sourceUnavailable : .invalidSource
            return TrancheError(code, "'\(object.url)' answered \(response.status)\(said)")
        }
    }

    /// Sends the content of an object.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - send: Sends it.
    /// - Throws: `TrancheError` `.sinkUnavailable` (transient) or `.sinkFailed`.
    func write(_ object: ObjectName, _ send: () async throws -> HTTPResponse) async throws {
        let response: HTTPResponse
        do {
            response = try await send()
        } catch let error as any CategorizedError {
            // Who may write is asked for first: that fails as for a source.
            throw TrancheError(
                error.category == .transient ? .sinkUnavailable : .sinkFailed,
                "'\(object.url)' cannot be written: \(error)",
                underlying: error
            )
        }
        if response.isSuccess { return }
        let isPassing = HTTPError.category(status: response.status) == .transient
        let said = response.excerpt
        throw TrancheError(
            isPassing ? .sinkUnavailable : .sinkFailed,
            "'\(object.url)' cannot be written: it was answered \(response.status)"
                + (said.isEmpty ? "" : " (\(said))")
        )
    }

    /// Reads bytes of an object, all of them.
    ///
    /// - Throws: `TrancheError`: `.redefined` when the object is another by now;
    ///   `.sourceUnavailable` when what came is not what was asked for.
    func read(
        _ range: Range<Int64>,
        of object: ObjectName,
        in state: ObjectState
    ) async throws -> [UInt8] {
        let wanted = Int(range.upperBound - range.lowerBound)
        var lastCount = 0
        // A connection that ends early is told by libcurl, a proxy that cuts an answer short is
        // not.
        for _ in 0..<3 {
            let response = try await fetch(range, of: object, in: state)
            if response.status == 200, range == 0..<state.size, response.body.count == wanted {
                return response.body
            }
            guard response.status == 206 else {
                if response.status == 200 {
                    throw TrancheError(
                        .invalidSource,
                        "'\(object.url)' is sent as a whole, although a part was asked for; its store "
                            + "or a proxy before it knows no ranges"
                    )
                }
                throw failure(response, object, object.url)
            }
            let told = ContentRange(response.headers["content-range"] ?? "")
            if let size = told?.size, size != state.size {
                throw TrancheError(
                    .redefined,
                    "'\(object.url)' has changed since it was opened: it has \(size) bytes instead of "
                        + "\(state.size)"
                )
            }
            if told?.range == range, response.body.count == wanted { return response.body }
            lastCount = response.body.count
        }
        throw TrancheError(
            .sourceUnavailable,
            "'\(object.url)' gave \(lastCount) bytes that are not the \(wanted) asked for from offset "
                + "\(range.lowerBound) on, three times"
        )
    }
}

/// Which part of some content an answer has.
///
/// Source: RFC 9110, section 14.4.
struct ContentRange: Sendable, Hashable {
    var range: Range<Int64>
    var size: Int64?

    /// Reads a header field such as `bytes 0-99/1234`; `nil` when it is none.
    init?(_ text: String) {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst("bytes ".count).split(separator: "/")
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-")
        guard ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]),
            first >= 0, last >= first, last < .max
        else { return nil }
        range = first..<last + 1
        size = Int64(parts[1])
    }
}
