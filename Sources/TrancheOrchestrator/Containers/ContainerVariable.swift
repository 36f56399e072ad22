import FoundationEssentials
import Tranche
import TrancheConnectors

/// Where the value of a container's variable comes from.
public enum ContainerVariable: Sendable, Hashable {
    /// A variable of this process; `nil` for the one of the same name.
    case passed(from: String? = nil)
    /// The content of a file, without the line breaks at its end, read for each container.
    case file(String)
    /// The value itself, which must be no secret.
    case literal(String)

    /// Longest value, in bytes: no program can be given a longer one.
    static let longest = (128 << 10) - 1024

    func check(_ name: String) throws(SpecError) {
        let field = ["env", name]
        guard Self.isName(name) else {
            throw SpecError(
                .invalidValue,
                field: ["env"],
                value: name,
                "is not a variable's name; use letters, digits and '_'"
            )
        }
        if name == "PIPELINE_EVENT" || name.hasPrefix("TRANCHE_") {
            let words = "is a variable that Tranche sets itself; choose another"
            throw SpecError(.invalidValue, field: field, words)
        }
        switch self {
        case .literal(let text):
            if Self.soundsSecret(name) {
                let words =
                    "sounds like a secret; name a variable to pass "
                throw SpecError(.holdsPassword, field: field, words + "on, or a file")
            }
            if holdsPassword(text) {
                let words = "holds a password, which may not stand here; name a variable to pass "
                throw SpecError(.holdsPassword, field: field, words + "on, or a file")
            }
            if text.contains("\0") {
                throw SpecError(.invalidValue, field: field, "holds a NUL")
            }
        case .file(let path) where path.isEmpty:
            throw SpecError(.invalidValue, field: field, "names no file")
        case .passed(let other?) where !Self.isName(other):
            throw SpecError(.invalidValue, field: field, value: other, "is not a variable's name")
        case .file, .passed: break
        }
    }

    /// The value.
    ///
    /// - Parameters:
    ///   - name: The variable's name within the container.
    ///   - environment: This process's variables.
    /// - Returns: The value.
    /// - Throws: `SpecError` for a variable that is not set, a file that cannot be read, and a
    ///   value that is too long; it does not show the value.
    func value(of name: String, in environment: [String: String]) throws(SpecError) -> String {
        let field = ["env", name]
        let value: String
        switch self {
        case .literal(let text): value = text
        case .passed(let other):
            // The engine would take one without a value from its own environment.
            guard let found = environment[other ?? name] else {
                let words =
                    "is to be passed on, but \(other ?? name) is not set; set it, or take it out"
                throw SpecError(.unusable, field: field, words)
            }
            value = found
        case .file(let path):
            do {
                let text = try String(contentsOfFile: path, encoding: .utf8)
                // The line's end is no part of what it says.
                value = String(text.reversed().drop(while: \.isNewline).reversed())
            } catch {
                let words = "the file cannot be read as text"
                throw SpecError(.unusable, field: field, value: path, words)
            }
        }
        guard !value.contains("\0"), value.utf8.count <= Self.longest else {
            let words = "has a NUL or more than \(Self.longest) bytes; no program can be given that"
            throw SpecError(.unusable, field: field, words)
        }
        return value
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte == 0x5F
        }
    }

    /// Whether a name says that its value is to be kept secret.
    static func soundsSecret(_ name: String) -> Bool { SecretNames.hasVariable(name) }
}
