import Tranche
import TrancheConnectors

/// One YAML document.
///
/// Its values mean what YAML 1.2's core schema says. Anchors, aliases and merge keys (`<<: *base`
/// and `<<: [*one, *two]`) work as in compose files: a mapping's own keys win over merged ones, and
/// an earlier mapping of the list over a later one. Tags, several documents, keys that are no
/// texts, and a key that comes twice are refused.
///
/// A JSON file is read too, except where libyaml reads YAML 1.1: a character escaped as two
/// surrogates (`\uD83D\uDE00`), a key of more than 1024 characters, a line break between a key and
/// its colon, tabs before a value that stands outside of any bracket, and a raw delete character.
package struct YAMLDocument: Sendable {
    /// The name of the file, for messages.
    package let file: String
    /// The document's value.
    package let root: YAMLNode

    /// Parses bytes.
    ///
    /// - Parameters:
    ///   - bytes: The file in UTF-8, with or without a byte order mark.
    ///   - file: The file's name, for messages.
    ///   - limits: What the document may take.
    ///   - emptyHint: What to write into an empty file, as a part of the message.
    /// - Throws: ``YAMLError``.
    package init(
        _ bytes: [UInt8],
        file: String,
        limits: YAMLLimits = YAMLLimits(),
        emptyHint: String = "write at least one line such as 'name: value'"
    ) throws(YAMLError) {
        self.file = file
        do {
            try Driver.libyaml.open()
        } catch {
            throw YAMLError(error.message, file: file, at: YAMLMark(line: 1, column: 1))
        }
        let text = try YAMLBytes(file: file, limits: limits).check(bytes)
        guard let parser = YAMLParserHandle(copying: text) else {
            throw YAMLError(
                "there is no memory to parse the file",
                file: file,
                at: YAMLMark(line: 1, column: 1)
            )
        }
        var composer = YAMLComposer(
            parser: parser,
            text: text,
            file: file,
            limits: limits
        )
        guard let root = try composer.compose() else {
            throw YAMLError(
                "the file has no content; \(emptyHint)",
                file: file,
                at: YAMLMark(line: 1, column: 1)
            )
        }
        self.root = root
    }

    /// Parses the description of a pipeline as an inventory keeps it.
    ///
    /// What a file says in few bytes may be long there: aliases are replaced by what they name, and
    /// each link has what a list of them says once. Settings stand a level deeper.
    ///
    /// - Throws: ``YAMLError``.
    init(kept text: String) throws(YAMLError) {
        var limits = YAMLLimits()
        limits.expandedBytes *= 16
        limits.bytes = limits.expandedBytes
        limits.nodes *= 16
        limits.depth += 4
        try self.init(Array(text.utf8), file: "the applied pipeline", limits: limits)
    }

    /// Parses text.
    ///
    /// - Throws: ``YAMLError``.
    package init(text: String, file: String) throws(YAMLError) {
        try self.init(Array(text.utf8), file: file)
    }
}
