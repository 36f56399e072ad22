import Tranche
package import TrancheConnectors

/// What is given by name to whatever works on batches.
package struct WorkflowParameters: Sendable, Hashable {
    /// The values by name.
    package let values: [String: String]

    /// Takes parameters.
    ///
    /// - Throws: `SpecError` that names the parameter.
    package init(_ values: [String: String] = [:]) throws(SpecError) {
        self.values = values
        var variables: [String: String] = [:]
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard Self.isName(name) else {
                let words = "is not a parameter's name: give letters, digits and _, no digit first"
                throw SpecError(.invalidValue, field: [name], words)
            }
            guard !value.contains("\0") else {
                throw SpecError(.invalidValue, field: [name], "holds a NUL")
            }
            guard redacted(value) == value else {
                let words = "holds a password; give credentials by the environment or a file"
                throw SpecError(.holdsPassword, field: [name], words)
            }
            if let other = variables.updateValue(name, forKey: Self.variable(name)) {
                let words = "and '\(other)' are the same variable of a program"
                throw SpecError(.invalidValue, field: [name], words)
            }
        }
    }

    /// Reads texts such as `day=2026-11-28`.
    ///
    /// - Throws: As ``init(_:)``.
    package init(texts: [String]) throws(SpecError) {
        var values: [String: String] = [:]
        for text in texts {
            guard let sign = text.firstIndex(of: "=") else {
                throw SpecError(.invalidValue, value: text, "is not a parameter; give NAME=VALUE")
            }
            values[String(text[..<sign])] = String(text[text.index(after: sign)...])
        }
        try self.init(values)
    }

    /// The variables that a program finds them in, such as `TRANCHE_PARAM_DAY`.
    package var environment: [String: String] {
        Dictionary(uniqueKeysWithValues: values.map { (Self.variable($0.key), $0.value) })
    }

    private static func variable(_ name: String) -> String {
        "TRANCHE_PARAM_\(name.uppercased())"
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
    }
}
