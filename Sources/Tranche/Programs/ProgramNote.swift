/// What a program leaves for the next attempt in its last line, such as `{"note": {"page": 7}}`.
struct ProgramNote: Decodable {
    /// The note: a text as it is, anything else as JSON; `nil` for none.
    let text: String?

    private enum CodingKeys: String, CodingKey { case note }

    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: CodingKeys.self)
        guard line.contains(.note), try !line.decodeNil(forKey: .note) else {
            text = nil
            return
        }
        // A note that is not a text is kept as the JSON that it is.
        if let text = try? line.decode(String.self, forKey: .note) {
            self.text = AttemptOutput.kept(note: text)
        } else {
            text = AttemptOutput.kept(note: try line.decode(RawJSON.self, forKey: .note).text)
        }
    }
}
