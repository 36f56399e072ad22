import Synchronization
import Tranche

/// The members that bodies may have, with those of the objects in them: one that is misspelt would
/// mean nothing, without a word, and of one that is given twice one value would.
enum BodyMembers {
    /// What stands in a place of a body.
    private indirect enum Shape: Sendable {
        /// An object that has members of these names; of some it is told what they hold.
        case object([String], parts: [String: Shape])
        case list(Shape)
        case anything
    }

    private static let known = Mutex<[ObjectIdentifier: Shape]>([:])

    /// Refuses a body with a member that its type does not have, or that is given twice; in an
    /// object in it, too.
    ///
    /// - Parameters:
    ///   - given: The body's members; the bytes of those that hold objects alone are read again.
    ///   - body: The body, strict JSON.
    ///   - type: What it was decoded as.
    /// - Throws: ``Refusal`` 400 with the member.
    static func check<Body: Decodable>(
        _ given: [StrictJSON.Member],
        of body: [UInt8],
        as type: Body.Type
    ) throws {
        guard case .object(let names, let parts) = try shape(of: type) else { return }
        try check(given, of: body[...], names, parts, at: "")
    }

    private static func check(
        _ given: [StrictJSON.Member],
        of object: ArraySlice<UInt8>,
        _ names: [String],
        _ parts: [String: Shape],
        at place: String
    ) throws {
        let others = given.lazy.map(\.name).filter { !names.contains($0) }
        if let other = others.min() { throw unknown(other, among: names, at: place) }
        var seen: Set<String> = []
        if let twice = given.first(where: { !seen.insert($0.name).inserted }) {
            throw doubled(twice.name, at: place)
        }
        guard !parts.isEmpty else { return }
        for member in given {
            guard let shape = parts[member.name] else { continue }
            let (start, end) = (member.value.lowerBound, member.value.upperBound)
            let value = object[object.startIndex + start..<object.startIndex + end]
            try check(value, shape, at: "\(place)/\(escaped(member.name))")
        }
    }

    private static func check(
        _ value: ArraySlice<UInt8>,
        _ shape: Shape,
        at place: String
    ) throws {
        switch shape {
        case .anything: return
        case .object(let names, let parts):
            let given = value.withUnsafeBufferPointer { StrictJSON.look(at: $0).members }
            try check(given, of: value, names, parts, at: place)
        case .list(let element):
            for (index, one) in elements(of: value).enumerated() {
                try check(one, element, at: "\(place)/\(index)")
            }
        }
    }

    private static func unknown(
        _ name: String,
        among names: [String],
        at place: String
    ) -> Refusal {
        let nearest = NearestName(names).to(name).map { "; did you mean '\($0)'?" }
        let all = names.isEmpty ? "" : "; there are \(names.joined(separator: ", "))"
        return Refusal(
            400,
            "unknown_field",
            "there is no field '\(HumanText.excerpt(name))'\(nearest ?? all)",
            field: "\(place)/\(escaped(name))"
        )
    }

    private static func doubled(_ name: String, at place: String) -> Refusal {
        Refusal(
            400,
            "doubled_field",
            "the field '\(name)' is given twice; give it once",
            field: "\(place)/\(escaped(name))"
        )
    }

    /// A name as a JSON pointer has it.
    static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    /// The elements of a list of strict JSON; none of what is no list.
    static func elements(of list: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        guard list.first == UInt8(ascii: "[") else { return [] }
        var elements: [ArraySlice<UInt8>] = []
        var start = list.startIndex + 1
        var (depth, isInText, isEscaped) = (0, false, false)
        for place in list.indices {
            let byte = list[place]
            if isInText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInText = true
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
            let isEnd = depth == 0 || depth == 1 && byte == UInt8(ascii: ",")
            guard isEnd else { continue }
            elements.append(list[start..<place])
            start = place + 1
        }
        return elements
    }

    // MARK: - Shapes

    private static func shape<Body: Decodable>(of type: Body.Type) throws -> Shape {
        let key = ObjectIdentifier(type)
        if let shape = known.withLock({ $0[key] }) { return shape }
        let reader = SchemaReader()
        let shape = shape(of: try reader.schema(of: type), reader.named)
        known.withLock { $0[key] = shape }
        return shape
    }

    private static func shape(of schema: JSONSchema, _ named: [String: JSONSchema]) -> Shape {
        switch schema {
        case .reference(let name): return named[name].map { shape(of: $0, named) } ?? .anything
        case .optional(let schema): return shape(of: schema, named)
        case .array(let element):
            let shape = shape(of: element, named)
            if case .anything = shape { return .anything }
            return .list(shape)
        case .object(let members):
            var parts: [String: Shape] = [:]
            for member in members {
                let part = shape(of: member.schema, named)
                if case .anything = part { continue }
                parts[member.name] = part
            }
            return .object(members.map(\.name), parts: parts)
        default: return .anything
        }
    }
}
