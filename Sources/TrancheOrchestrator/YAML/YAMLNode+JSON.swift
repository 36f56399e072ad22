import Tranche

extension YAMLNode {
    /// The value as compact JSON, numbers with the digits that they have in the file.
    ///
    /// It hands a part of a document to a type that decodes from JSON, such as a spec of a source.
    /// Keys stay in order; hexadecimal and octal numbers become decimal.
    ///
    /// - Parameter file: The file's name, for messages.
    /// - Returns: The JSON.
    /// - Throws: ``YAMLError`` for an infinity or a NaN, which JSON does not have.
    package func json(file: String) throws(YAMLError) -> String {
        var output = ""
        try append(to: &output, file: file)
        return output
    }

    private func append(to output: inout String, file: String) throws(YAMLError) {
        switch value {
        case .scalar(let scalar):
            guard let json = scalar.json else {
                throw YAMLError(
                    "\(scalar.text) is not a number here; give a finite one, or put it in quotes",
                    file: file,
                    at: mark
                )
            }
            output += json
        case .sequence(let items):
            output += "["
            for (index, item) in items.enumerated() {
                if index > 0 { output += "," }
                try item.append(to: &output, file: file)
            }
            output += "]"
        case .mapping(let entries):
            output += "{"
            for (index, entry) in entries.enumerated() {
                if index > 0 { output += "," }
                output += JSONBytes.quoted(entry.key) + ":"
                try entry.value.append(to: &output, file: file)
            }
            output += "}"
        }
    }
}

extension YAMLScalar {
    /// The scalar as JSON; `nil` for an infinity and a NaN.
    var json: String? {
        switch meaning {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .integer(let digits): digits
        case .float(_, let json): json
        case .text: JSONBytes.quoted(text)
        }
    }
}
