/// Says in a user's words what libyaml found.
struct YAMLProblem {
    let fault: YAMLParserFault
    let text: ArraySlice<UInt8>
    let file: String

    /// The error with its place.
    var error: YAMLError {
        if fault.isMemory {
            return YAMLError("there is no memory to parse the file", file: file, at: fault.mark)
        }
        if fault.problem.contains("tab character") { return tab(at: fault.mark) }
        if let error = character ?? structure ?? quoting { return error }
        let context = fault.context.isEmpty ? "" : " \(fault.context)"
        return YAMLError("\(fault.problem)\(context)", file: file, at: fault.mark)
    }

    private func tab(at mark: YAMLMark) -> YAMLError {
        YAMLError("a tab cannot indent; use spaces", file: file, at: mark)
    }

    /// What no text without quotes may begin with.
    private var character: YAMLError? {
        guard fault.problem == "found character that cannot start any token" else { return nil }
        guard let found = scalar(at: fault.mark) else { return nil }
        if found == "\t" { return tab(at: fault.mark) }
        return YAMLError(
            "a text cannot begin with '\(found)'; put it in quotes",
            file: file,
            at: fault.mark
        )
    }

    private var structure: YAMLError? {
        let begun =
            "that begins at line \(fault.contextMark.line), "
            + "column \(fault.contextMark.column)"
        switch fault.problem {
        case "mapping values are not allowed in this context":
            return at(
                fault.mark,
                "a ':' is not expected here; check the indentation, and put a text that has "
                    + "': ' in it in quotes"
            )
        case "did not find expected key":
            if indentsWithTab(fault.mark) { return tab(at: fault.mark) }
            return at(
                fault.mark,
                "a key is expected here, as far to the right as the other keys of the mapping "
                    + "\(begun); check the indentation, quotes and brackets"
            )
        case "did not find expected '-' indicator":
            return at(
                fault.mark,
                "a '-' is expected here, as far to the right as the others of the list \(begun); "
                    + "check the indentation"
            )
        case "could not find expected ':'":
            return at(fault.contextMark, "a ':' and a value are expected after this key")
        case "did not find expected ',' or ']'":
            return at(fault.mark, "a ',' or ']' is expected here, in the list \(begun)")
        case "did not find expected ',' or '}'":
            return at(fault.mark, "a ',' or '}' is expected here, in the mapping \(begun)")
        case "did not find expected <document start>":
            return at(
                fault.mark,
                "this does not belong to the value before it; check the indentation"
            )
        case "block sequence entries are not allowed in this context":
            return at(fault.mark, "a '-' is not expected here; begin the list on a line of its own")
        case "did not find expected node content":
            return at(fault.mark, "a value is expected here")
        default: return nil
        }
    }

    private var quoting: YAMLError? {
        let isQuoted = fault.context == "while scanning a quoted scalar"
        switch fault.problem {
        case "found unexpected end of stream" where isQuoted,
            "found unexpected document indicator" where isQuoted:
            return at(fault.contextMark, "the text in quotes that begins here is not closed")
        case "found unknown escape character":
            return at(
                fault.mark,
                "there is no such escape; write '\\\\' for a backslash, or use single quotes"
            )
        case "found undefined tag handle":
            return at(
                fault.mark,
                "tags are not supported; a text that begins with '!' needs quotes"
            )
        case "did not find expected alphabetic or numeric character":
            return at(
                fault.contextMark,
                "a name is expected after '*' or '&'; a text that begins with one needs quotes"
            )
        case "found invalid Unicode character escape code":
            return at(
                fault.mark,
                "this escape is not a character; write the character itself, or one \\U escape of "
                    + "eight digits for two surrogates"
            )
        default: return nil
        }
    }

    private func at(_ mark: YAMLMark, _ message: String) -> YAMLError {
        YAMLError(message, file: file, at: mark)
    }

    /// The characters of a line, up to a column.
    private func line(of mark: YAMLMark) -> [Unicode.Scalar] {
        let lines = String(decoding: text, as: UTF8.self)
            .split(omittingEmptySubsequences: false) { $0.isNewline }
        guard lines.indices.contains(mark.line - 1) else { return [] }
        return Array(lines[mark.line - 1].unicodeScalars)
    }

    private func scalar(at mark: YAMLMark) -> Unicode.Scalar? {
        let line = line(of: mark)
        return line.indices.contains(mark.column - 1) ? line[mark.column - 1] : nil
    }

    private func indentsWithTab(_ mark: YAMLMark) -> Bool {
        line(of: mark).prefix { $0 == " " || $0 == "\t" }.contains("\t")
    }
}
