import FoundationEssentials
import Tranche

/// Where connectors look up credentials, by the names that each system has for them.
///
/// A value is that of the variable, or, as container platforms hand out secrets, the content of the
/// file that the variable with `_FILE` behind its name names. What libraries find by themselves,
/// such as libpq's password file, is not looked up here. Nothing of it is ever shown.
public struct Credentials: Sendable {
    private let variables: [String: String]

    /// Takes variables; none by default.
    public init(_ variables: [String: String] = [:]) {
        self.variables = variables
    }

    /// Finds a value.
    ///
    /// - Parameter name: The variable's name, such as `MONGO_PASSWORD`.
    /// - Returns: The value; `nil` where it is absent or empty.
    /// - Throws: `TrancheError` `.invalidArgument` for a file that cannot be read, or holds
    ///   nothing.
    public func value(_ name: String) throws -> String? {
        if let value = variables[name], !value.isEmpty { return value }
        guard let path = variables[name + "_FILE"], !path.isEmpty else { return nil }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw TrancheError(
                .invalidArgument,
                "cannot read the file '\(path)' that \(name)_FILE names",
                underlying: error
            )
        }
        let value = text.trimmed(.lineBreaks)
        guard !value.isEmpty else {
            let words = "the file '\(path)' that \(name)_FILE names is empty; unset it for none"
            throw TrancheError(.invalidArgument, words)
        }
        return value
    }

    /// All variables, those of files among them.
    ///
    /// - Parameter names: The variables that may be in files.
    /// - Returns: The variables by name; to connect with, and not to be shown.
    /// - Throws: As ``value(_:)``.
    public func environment(_ names: String...) throws -> [String: String] {
        var environment = variables
        for name in names { environment[name] = try value(name) }
        return environment
    }
}

extension Credentials: CustomStringConvertible, CustomReflectable {
    /// Says nothing.
    public var description: String { "credentials" }

    /// Shows nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
