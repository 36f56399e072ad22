import Tranche

extension SchemaEvaluator {
    /// Whether a value meets what a schema says of types, of its own values, and of scalars.
    func meetsScalars(_ box: SchemaBox, _ value: JSONValue) throws(Undecided) -> Bool {
        guard box.node.asksScalars else { return true }
        var isMet = true
        if let types = box.node.types, types.isDisjoint(with: value.types) {
            complain("must be \(types.words)", value)
            // What else is asked is asked of values of other types.
            return false
        }
        if !box.node.choices.isEmpty {
            let canonical = value.canonical
            for choice in box.node.choices where !choice.canonical.contains(canonical) {
                complain(choice.complaint, value)
                isMet = false
            }
        }
        if !isMet, !collects { return false }
        switch value {
        case .number(let number):
            isMet = meetsNumbers(box, number, value) && isMet
        case .text(let text):
            isMet =
                try text.withUnsafeBufferPointer { bytes throws(Undecided) in
                    try meetsTexts(box, bytes)
                } && isMet
        default: break
        }
        return isMet
    }

    private func meetsNumbers(
        _ box: SchemaBox,
        _ number: ExactNumber,
        _ value: JSONValue
    ) -> Bool {
        var isMet = true
        if box.node.minimum?.admitsAbove(number) == false
            || box.node.maximum?.admitsBelow(number) == false
        {
            complain(box.node.range, value)
            isMet = false
        }
        if let divisor = box.node.multipleOf, !number.isMultiple(of: divisor) {
            complain("must be a multiple of \(divisor)", value)
            isMet = false
        }
        return isMet
    }

    /// Whether a text meets what a schema says of texts.
    ///
    /// - Throws: ``Undecided``.
    func meetsTexts(
        _ box: SchemaBox,
        _ text: UnsafeBufferPointer<UInt8>
    ) throws(Undecided) -> Bool {
        var isMet = true
        let (least, most) = (box.node.minLength, box.node.maxLength)
        // Bytes decide most cases: a character has one to four.
        if text.count > most || (text.count + 3) / 4 < least {
            let length = text.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
            if length < least || length > most {
                complain(box.node.lengths, words(text))
                isMet = false
            }
        }
        if let pattern = box.node.pattern, isMet || collects,
            try !pattern.matches(text, room)
        {
            complain("does not match \(pattern.text)", words(text))
            isMet = false
        }
        if let format = box.node.format, isMet || collects,
            !format.matches(text, isLenient: isLenientHere)
        {
            complain(format.complaint, words(text))
            isMet = false
        }
        return isMet
    }

    private func words(_ text: UnsafeBufferPointer<UInt8>) -> JSONValue? {
        collects ? .text(Array(text)) : nil
    }
}

extension SchemaChoice {
    /// What a value must be, in words.
    var complaint: String {
        let words = words(separator: ", ") { $0.string ?? $0.description }
        return switch values.count {
        case 0: "can be nothing: the schema's \"enum\" is empty"
        case 1: "must be \(words)"
        default: "must be one of \(words)"
        }
    }

    /// How many values are told, and how many characters of each.
    private static let most = 20
    private static let longest = 100

    /// The first values, and how many there are in all where these are more.
    ///
    /// - Parameters:
    ///   - separator: What stands between two.
    ///   - word: Gives a value in words, of which the beginning stands for what is long.
    /// - Returns: The words.
    func words(separator: String, _ word: (JSONValue) -> String) -> String {
        let first = values.prefix(Self.most).map { value -> String in
            let word = word(value)
            let short = word.prefix(Self.longest)
            return short.endIndex < word.endIndex ? "\(short)…" : word
        }
        let all = first.joined(separator: separator)
        if first.count == values.count { return all }
        return all + "\(separator)… (\(HumanText.number(values.count)) in all)"
    }
}

extension SchemaNode {
    /// What a number must be, in words.
    var range: String {
        var parts: [String] = []
        if let minimum {
            parts.append("\(minimum.isExclusive ? "above" : "at least") \(minimum.value)")
        }
        if let maximum {
            parts.append("\(maximum.isExclusive ? "below" : "at most") \(maximum.value)")
        }
        return "must be \(parts.joined(separator: " and "))"
    }

    /// How long a text must be, in words.
    var lengths: String {
        maxLength < .max
            ? "must have \(minLength) to \(maxLength) characters"
            : "must have at least \(minLength) characters"
    }
}
