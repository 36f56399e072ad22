import Synchronization
import Tranche

/// The members that bodies may have: one that is misspelt would mean nothing, without a word.
enum BodyMembers {
    private static let known = Mutex<[ObjectIdentifier: [String]]>([:])

    /// Refuses a body with a member that its type does not have.
    ///
    /// - Parameters:
    ///   - bytes: The body.
    ///   - type: What it was decoded as.
    /// - Throws: ``Refusal`` 400 with the member.
    static func check<Body: Decodable>(_ bytes: [UInt8], of type: Body.Type) throws {
        let given = try members(of: bytes)
        let names = try names(of: type)
        guard let other = given.filter({ !names.contains($0) }).min() else { return }
        let nearest = NearestName(names).to(other).map { "; did you mean '\($0)'?" }
        let all = "; there are \(names.joined(separator: ", "))"
        throw Refusal(
            400,
            "unknown_field",
            "there is no field '\(HumanText.excerpt(other))'\(nearest ?? all)",
            field: "/\(other.replacing("~", with: "~0").replacing("/", with: "~1"))"
        )
    }

    /// The members of a body that was decoded.
    ///
    /// The decoder passes over what nobody asks for; a number or an escape there may be none.
    private static func members(of bytes: [UInt8]) throws -> [String] {
        let (fault, members) = bytes.withUnsafeBufferPointer { StrictJSON.look(at: $0) }
        guard let fault else { return members }
        throw Refusal(400, "invalid_field", "the body is not JSON: \(fault)", field: "")
    }

    private static func names<Body: Decodable>(of type: Body.Type) throws -> [String] {
        let key = ObjectIdentifier(type)
        if let names = known.withLock({ $0[key] }) { return names }
        let names = try SchemaReader.members(of: type)
        known.withLock { $0[key] = names }
        return names
    }
}
