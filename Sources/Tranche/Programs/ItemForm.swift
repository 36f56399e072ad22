/// What a program is given of an item on its standard input.
package enum ItemForm: Sendable, Hashable {
    /// A JSON object, with some columns of its row where there are any.
    case json(RowColumns?)
    /// The payload as text.
    case payloads

    /// The columns of the row.
    var columns: RowColumns? {
        if case .json(let columns) = self { columns } else { nil }
    }
}

/// Items whose payloads cannot be given as plain text, and why.
package struct UnfitItems: Error {
    private var reasons: [Int64: String] = [:]
    /// The items' uids, where these are not integers.
    private var uids: [Int64: String] = [:]
    /// How many items were looked at.
    private var count = 0

    /// How a payload is given.
    package enum Use: Sendable {
        case line, argument
    }

    /// None yet.
    package init() {}

    /// Whether all items are fit.
    package var isEmpty: Bool { reasons.isEmpty }

    /// Reads the payload of an item as text.
    ///
    /// - Parameters:
    ///   - item: The item.
    ///   - use: How the text is given.
    ///   - most: Most bytes that it may have.
    /// - Returns: The text; `nil` where it is unfit, which is noted.
    package mutating func text(of item: Item, as use: Use, most: Int = .max) -> String? {
        count += 1
        defer { if let uid = item.uid, reasons[item.id] != nil { uids[item.id] = uid } }
        guard let text = item.item.text else {
            reasons[item.id] = "has no payload: it is null"
            return nil
        }
        if use == .line, text.utf8.contains(UInt8(ascii: "\n")) {
            reasons[item.id] = "has a line break, and is more than one line"
        } else if use == .argument, text.utf8.contains(0) {
            reasons[item.id] = "has a NUL, which no argument can hold"
        } else if text.utf8.count > most {
            reasons[item.id] =
                "has \(text.utf8.count) bytes; an argument has at most \(most) on this system"
        } else {
            return text
        }
        return nil
    }

    /// Which item is unfit, why, and how many more are; `nil` where all are fit.
    package var words: String? {
        guard let first = reasons.min(by: { $0.key < $1.key }) else { return nil }
        let more = reasons.count > 1 ? ", and \(reasons.count - 1) more are unfit" : ""
        return "item \(uids[first.key] ?? String(first.key)) \(first.value)\(more)"
    }

    /// The failure of the batch.
    ///
    /// - Parameter batch: The batch.
    /// - Returns: The failure: the batch falls into the unfit items and the rest. Where none is
    ///   fit, that says nothing about the items, and the batch stays whole.
    /// - Throws: What reading the items throws.
    package func verdict(for batch: Batch) async throws -> BatchVerdict {
        guard let words else { return .released() }
        var failure = BatchFailure(words)
        if reasons.count < count {
            failure.parts = try await batch.parts(bad: reasons.mapValues { Optional($0) })
        }
        return .failed(failure)
    }
}
