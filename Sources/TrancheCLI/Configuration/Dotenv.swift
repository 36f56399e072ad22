import FoundationEssentials
import Tranche

/// A file of settings: lines `KEY=VALUE`, with `export` before, quotes around and comments after
/// them where wanted.
package struct Dotenv: Sendable {
    /// The assignments in order.
    package let entries: [Entry]

    /// An assignment.
    package struct Entry: Sendable, Hashable {
        package var key: String
        package var value: String
        package var line: Int
    }

    /// Reads the text of a file.
    ///
    /// Between single quotes everything is as it stands; between double quotes `\n`, `\t`, `\r`,
    /// `\"`, `\\`, `\$` and a backslash before a line's end are understood. Quoted values may go on
    /// over several lines. Without quotes, a `#` after a blank begins a comment.
    ///
    /// - Parameters:
    ///   - text: The file's text.
    ///   - file: Its name, for messages.
    /// - Throws: ``UsageError`` naming file and line.
    package init(_ text: String, file: String) throws {
        var reader = Reader(text: Array(text.unicodeScalars.filter { $0 != "\r" }), file: file)
        entries = try reader.entries()
    }

    /// Walks through a file's text.
    private struct Reader {
        let text: [Unicode.Scalar]
        let file: String
        var position = 0
        var line = 1

        mutating func entries() throws -> [Entry] {
            var entries: [Entry] = []
            while true {
                skip { $0.properties.isWhitespace }
                guard let next = peek else { return entries }
                if next == "#" {
                    skip { $0 != "\n" }
                } else {
                    entries.append(try entry())
                }
            }
        }

        private mutating func entry() throws -> Entry {
            let start = line
            var key = word()
            if key == "export" {
                skip { $0 == " " || $0 == "\t" }
                key = word()
            }
            guard !key.isEmpty, key.first?.isNumber == false, peek == "=" else {
                throw error("expected KEY=VALUE", at: start)
            }
            _ = take()
            return Entry(key: key, value: try value(of: key, at: start), line: start)
        }

        private mutating func word() -> String {
            var word = ""
            while let next = peek,
                next == "_" || (next.isASCII && next.properties.isAlphabetic)
                    || ("0"..."9").contains(next)
            {
                word.unicodeScalars.append(next)
                _ = take()
            }
            return word
        }

        private mutating func value(of key: String, at start: Int) throws -> String {
            guard let quote = peek, quote == "'" || quote == "\"" else { return bareValue() }
            _ = take()
            var value = String.UnicodeScalarView()
            while let next = take() {
                if next == quote {
                    try endLine(after: key)
                    return String(value)
                }
                if next == "\\", quote == "\"" {
                    if let escaped = try escape() { value.append(escaped) }
                } else {
                    value.append(next)
                }
            }
            throw error("the quote that begins the value of \(key) is not closed", at: start)
        }

        private mutating func escape() throws -> Unicode.Scalar? {
            guard let next = take() else { return "\\" }
            switch next {
            case "n": return "\n"
            case "t": return "\t"
            case "r": return "\r"
            case "\n": return nil
            case "\"", "\\", "$", "`", "'": return next
            default:
                throw error("'\\\(next)' is not an escape; write '\\\\' for a backslash", at: line)
            }
        }

        private mutating func bareValue() -> String {
            var value = String.UnicodeScalarView()
            while let next = peek, next != "\n" {
                if next == "#", value.last?.properties.isWhitespace ?? true {
                    skip { $0 != "\n" }
                    break
                }
                value.append(next)
                _ = take()
            }
            return String(value).trimmed()
        }

        private mutating func endLine(after key: String) throws {
            skip { $0 == " " || $0 == "\t" }
            if peek == "#" { skip { $0 != "\n" } }
            guard peek == nil || peek == "\n" else {
                throw error("there is more after the quoted value of \(key)", at: line)
            }
        }

        private var peek: Unicode.Scalar? {
            position < text.count ? text[position] : nil
        }

        private mutating func take() -> Unicode.Scalar? {
            guard let next = peek else { return nil }
            position += 1
            if next == "\n" { line += 1 }
            return next
        }

        private mutating func skip(while isSkipped: (Unicode.Scalar) -> Bool) {
            while let next = peek, isSkipped(next) { _ = take() }
        }

        private func error(_ message: String, at line: Int) -> UsageError {
            UsageError("\(file), line \(line): \(message)")
        }
    }
}
