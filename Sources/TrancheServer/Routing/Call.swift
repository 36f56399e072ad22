import FoundationEssentials
import Tranche

/// A request to one route, with who sent it.
struct Call: Sendable {
    let request: HTTPServerRequest
    /// The path's parameters, by name.
    let path: [String: String]
    let caller: Caller

    // MARK: - Parameters

    /// A parameter of the query; `nil` where it is not given.
    func text(_ name: String) -> String? {
        request.query.first { $0.name == name }?.value
    }

    /// A parameter of the query that may be left empty, as forms send it; `nil` then as well.
    func words(_ name: String) -> String? {
        text(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A whole number of the query.
    ///
    /// - Throws: ``Refusal`` 400.
    func number(_ name: String, _ usual: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = text(name) else { return usual }
        guard let number = Int(text), range.contains(number) else {
            throw Refusal(
                400,
                "invalid_parameter",
                "'\(name)' is not a whole number from \(range.lowerBound) to \(range.upperBound)",
                field: name
            )
        }
        return number
    }

    /// How many entries a page has: 50 unless said, 500 at most.
    var limit: Int { get throws { try number("limit", 50, in: 1...500) } }

    /// A number of 64 bits in the query.
    func id(_ name: String) throws -> Int64? {
        try text(name).map { try Self.id($0, name) }
    }

    /// A number of 64 bits in the path.
    func pathID(_ name: String) throws -> Int64 { try Self.id(path[name] ?? "", name) }

    private static func id(_ text: String, _ name: String) throws -> Int64 {
        // One way to write it: neither '+1' nor '01'.
        guard let id = Int64(text), String(id) == text else {
            throw Refusal(
                400,
                "invalid_parameter",
                "'\(name)' is not a whole number of 64 bits",
                field: name
            )
        }
        return id
    }

    /// One of some words of the query.
    func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _ type: Word.Type
    ) throws -> Word? {
        guard let text = words(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(400, "invalid_parameter", "'\(name)' is none of \(words)", field: name)
        }
        return word
    }

    // MARK: - The run

    /// The run that the path names: `-` stands for the incremental one.
    var selection: RunSelection {
        RunSelection(metaTable: words("meta"), job: path["job"], run: path["run"].map(Self.run))
    }

    /// A run's name as paths and bodies have it.
    static func run(_ name: String) -> String { name == "-" ? "" : name }

    /// Refuses a job that is not the caller's, as one that there is not.
    func require(job: String) throws {
        guard caller.has(job: job) else {
            throw Refusal(404, "unknownRun", "there is no job '\(job)' here")
        }
    }

    // MARK: - The body

    /// The body, as a value.
    ///
    /// - Throws: ``Refusal`` 400 with the field to blame.
    func body<Body: Decodable>(_ type: Body.Type) throws -> Body {
        let bytes = request.body.isEmpty ? Array("{}".utf8) : request.body
        let look = bytes.withUnsafeBufferPointer { StrictJSON.look(at: $0) }
        let complaint = look.complaint(about: "the body")
        // The decoder has a depth of its own, and knows no other word for it.
        if look.isTooDeep, let complaint {
            throw Refusal(400, "invalid_field", complaint, field: "")
        }
        let body: Body
        do {
            let plain = complaint == nil ? PlainMembers(bytes, look.members)?.body(type) : nil
            body = try plain ?? JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            guard case .dataCorrupted(let context) = error, context.codingPath.isEmpty else {
                let refusal = Self.refusal(error)
                // The decoder says of a number that it cannot hold that it is of another type.
                guard case .typeMismatch = error, let complaint else { throw refusal }
                throw Refusal(400, "invalid_field", complaint, field: refusal.document.field)
            }
            if let complaint { throw Refusal(400, "invalid_field", complaint, field: "") }
            // Strict JSON is what the decoder calls none for a number that does not fit.
            throw NumberFault.refusal(in: bytes, as: type)
        }
        // The decoder passes over what nobody asks for; a number or an escape there may be none.
        if let complaint { throw Refusal(400, "invalid_field", complaint, field: "") }
        try BodyMembers.check(look.members, of: bytes, as: type)
        return body
    }

    private static func refusal(_ error: DecodingError) -> Refusal {
        func pointer(_ path: [any CodingKey]) -> String {
            path.map { key in
                let name = key.intValue.map(String.init) ?? key.stringValue
                let escaped = name.replacing("~", with: "~0").replacing("/", with: "~1")
                return "/\(escaped)"
            }.joined()
        }
        switch error {
        case .keyNotFound(let key, let context):
            let place = pointer(context.codingPath + [key])
            return Refusal(400, "missing_field", "'\(place)' is missing", field: place)
        case .valueNotFound(_, let context), .typeMismatch(_, let context):
            let place = pointer(context.codingPath)
            return Refusal(
                400,
                "invalid_field",
                place.isEmpty ? "the body is no JSON object" : "'\(place)' is of another type",
                field: place
            )
        case .dataCorrupted(let context):
            let place = pointer(context.codingPath)
            let words = place.isEmpty ? "the body is not JSON" : "'\(place)' cannot be that"
            return Refusal(400, "invalid_field", words, field: place)
        @unknown default: return Refusal(400, "invalid_field", "the body cannot be read")
        }
    }
}
