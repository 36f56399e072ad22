import FoundationEssentials
import Synchronization
import TrancheHTTP

extension ContainerEngine {
    /// Pulls an image, to the end.
    ///
    /// The engine knows who may pull; docker's daemon takes credentials with each request
    /// only, which are not sent.
    ///
    /// - Throws: ``ContainerError`` `.pullFailed`, also where the engine says so in the midst of an
    ///   answer that tells of a success.
    func pull(_ image: String) async throws {
        var query = [("fromImage", image)]
        if let tag = Self.tag(image) {
            query = [("fromImage", String(image.dropLast(tag.count + 1))), ("tag", tag)]
        } else if !image.contains("@") {
            // Without a tag an engine pulls all that there are.
            query.append(("tag", "latest"))
        }
        let told = Mutex(PullTold())
        var call = Call(method: .post, path: ["images", "create"], query: query)
        call.isPatient = true
        call.receive = { bytes in told.withLock { $0.add(bytes) } }
        let response = try await answer(to: call)
        guard response.isSuccess else {
            throw refusal(response, "image \(image) cannot be pulled", .pullFailed)
        }
        if let error = told.withLock({ $0.end() }) {
            throw ContainerError(.pullFailed, "image \(image) cannot be pulled: \(error)")
        }
    }

    /// The tag of an image's name; `nil` where it has none, or a digest.
    static func tag(_ image: String) -> String? {
        guard !image.contains("@"), let colon = image.lastIndex(of: ":") else { return nil }
        let tag = image[image.index(after: colon)...]
        // Else it is the port of the registry.
        return tag.contains("/") || tag.isEmpty ? nil : String(tag)
    }
}

/// What an engine tells while it pulls: a JSON object a line.
struct PullTold: Sendable {
    private var line: [UInt8] = []
    private var error: String?

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                read()
            } else if line.count < 1 << 16 {
                line.append(byte)
            }
        }
    }

    /// The first error that was told.
    mutating func end() -> String? {
        read()
        return error
    }

    private mutating func read() {
        defer { line = [] }
        guard !line.isEmpty, error == nil else { return }
        // A line that is none tells of no error; whether there is an image is seen when it is used.
        let words = try? JSONDecoder().decode(EngineWords.self, from: Data(line))
        error = words?.error.map { String($0.prefix(1000)) }
    }
}
