public import Tranche

/// A fault of a ``Spec``: it names the field, and the caller adds the place.
///
/// A command line turns the field into its option, a file into line and column, an interface over
/// HTTP into a pointer.
public struct SpecError: Error, Sendable, Hashable, CategorizedError {
    /// Kinds of errors; more may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Name: String {
            case unknownScheme, unknownField, invalidValue, missing, holdsPassword, unusable
        }

        private let name: Name

        /// No connector takes the scheme.
        public static let unknownScheme = Self(name: .unknownScheme)
        /// The scheme's connector does not take the field.
        public static let unknownField = Self(name: .unknownField)
        /// A field or a place is not as it must be.
        public static let invalidValue = Self(name: .invalidValue)
        /// A field is missing.
        public static let missing = Self(name: .missing)
        /// A text holds a password where it may not.
        public static let holdsPassword = Self(name: .holdsPassword)
        /// The connector cannot make anything of it, and says why.
        public static let unusable = Self(name: .unusable)

        /// The code's name.
        public var description: String { name.rawValue }
    }

    /// The fault.
    public let code: Code
    /// The keys that lead to the field; empty for the place itself.
    public var field: [String]
    /// The value that was given, without passwords; `nil` where the field alone says it.
    public let value: String?
    /// The rest of the sentence that begins with field and value.
    public let reason: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What is wrong.
    ///   - field: The keys that lead to the field; empty for the place itself.
    ///   - value: What was given; passwords in it are replaced.
    ///   - reason: The rest of the sentence that begins with field and value, such as "names no
    ///     file".
    public init(
        _ code: Code,
        field: [String] = [],
        value: String? = nil,
        _ reason: String
    ) {
        self.code = code
        self.field = field
        self.value = value.map { redacted($0) }
        self.reason = reason
    }

    /// Trying again is of no use.
    public var category: ErrorCategory { .permanent }

    /// The error as it is within a larger document.
    ///
    /// - Parameter path: The keys that lead to the value.
    /// - Returns: The error.
    public func within(_ path: [String]) -> SpecError {
        var error = self
        error.field = path + field
        return error
    }

    /// The error in words.
    ///
    /// - Parameter name: What the caller calls a field; of an empty path, the whole value.
    /// - Returns: Such as `--delimiter 'ab': …`, where the field is called `--delimiter`.
    public func text(naming name: ([String]) -> String) -> String {
        let subject = name(code == .missing ? [] : field)
        let shown = value.map { "'\($0)'" } ?? ""
        var words = [subject, shown].filter { !$0.isEmpty }.joined(separator: " ")
        if code == .unusable, !words.isEmpty { words += ":" }
        let end = code == .missing ? "\(reason) \(name(field))" : reason
        return words.isEmpty ? end : "\(words) \(end)"
    }
}

extension SpecError: CustomStringConvertible {
    /// The error in words, with the field's keys joined by dots.
    public var description: String { text { $0.joined(separator: ".") } }
}
