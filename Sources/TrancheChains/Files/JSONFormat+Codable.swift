/// A format as an object of what differs from the default.
extension JSONFormat: Codable {
    private enum CodingKeys: String, CodingKey {
        case layout, nonFiniteNumbers, invalidText
    }

    /// Reads what ``encode(to:)`` wrote; what is absent is the default.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        layout = try values.decodeIfPresent(Layout.self, forKey: .layout) ?? layout
        nonFiniteNumbers =
            try values.decodeIfPresent(NonFiniteNumbers.self, forKey: .nonFiniteNumbers)
            ?? nonFiniteNumbers
        invalidText =
            try values.decodeIfPresent(CSVFormat.InvalidText.self, forKey: .invalidText)
            ?? invalidText
    }

    /// Writes what differs from the default.
    public func encode(to encoder: any Encoder) throws {
        let plain = JSONFormat()
        var values = encoder.container(keyedBy: CodingKeys.self)
        if layout != plain.layout { try values.encode(layout, forKey: .layout) }
        if nonFiniteNumbers != plain.nonFiniteNumbers {
            try values.encode(nonFiniteNumbers, forKey: .nonFiniteNumbers)
        }
        if invalidText != plain.invalidText { try values.encode(invalidText, forKey: .invalidText) }
    }
}
