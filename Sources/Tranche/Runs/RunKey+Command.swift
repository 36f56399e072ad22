extension RunKey {
    /// The options that name the run on the command line, such as `--job load --meta csv:in.csv`.
    ///
    /// Words are quoted where a shell would take them apart.
    public var commandOptions: String {
        let options = "--job \(Self.quoted(job)) --meta \(Self.quoted(givenMeta))"
        return run.isEmpty ? options : options + " --run \(Self.quoted(run))"
    }

    /// The source's name as `--meta` takes it: a table's that holds a colon needs a word before it.
    private var givenMeta: String {
        let schemes = [
            "csv", "jsonl", "gs", "s3", "mongodb", "mongodb+srv", "inventory", "input", "pages",
        ]
        guard let colon = metaTable.firstIndex(of: ":") else { return metaTable }
        return schemes.contains(String(metaTable[..<colon])) ? metaTable : "table:\(metaTable)"
    }

    /// A word as a shell takes it for one.
    package static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_-.:/+,@%=".utf8.contains(byte)
            }
        }
        return isPlain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }
}
