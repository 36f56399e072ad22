import Foundation
import Tranche

/// A JSON value whose objects keep the order of their keys, which is part of the contract.
enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    /// A JSON text, as it was stored.
    case raw(String)
    case array([JSON])
    case object([(String, JSON)])

    /// The value as compact text.
    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += Self.text(of: value)
        case .string(let value): Self.write(value, to: &text)
        // Line breaks stand only between tokens: documents stay on one line.
        case .raw(let value): text += value.replacing(#/[\r\n]+/#, with: " ")
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, (key, value)) in members.enumerated() {
                if index > 0 { text += "," }
                Self.write(key, to: &text)
                text += ":"
                value.write(to: &text)
            }
            text += "}"
        }
    }

    /// A number, without a fraction where it has none; what JSON cannot say is null.
    private static func text(of value: Double) -> String {
        guard value.isFinite else { return "null" }
        guard value == value.rounded(), value.magnitude < 9e18 else { return String(value) }
        return String(Int64(value))
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
        // Whole stretches at once: an item may have megabytes.
        let bytes = value.utf8
        var start = bytes.startIndex
        var place = start
        while place < bytes.endIndex {
            let next = bytes.index(after: place)
            if let escape = escape(of: bytes[place]) {
                text += value[start..<place]
                text += escape
                start = next
            }
            place = next
        }
        text += start == bytes.startIndex ? value[...] : value[start...]
        text += "\""
    }

    /// How a byte is written in a text; `nil` where it is as it is.
    private static func escape(of byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "\""): return "\\\""
        case UInt8(ascii: "\\"): return "\\\\"
        case 0x0A: return "\\n"
        case 0x0D: return "\\r"
        case 0x09: return "\\t"
        case ..<0x20:
            let digits = String(byte, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: return nil
        }
    }
}

// MARK: - Making values

extension JSON {
    init(_ value: String?) {
        self = value.map { .string($0) } ?? .null
    }

    init(_ value: Int64?) {
        self = value.map { .integer($0) } ?? .null
    }

    init(_ value: Int) {
        self = .integer(Int64(value))
    }

    init(_ value: Double?) {
        self = value.map { .number($0) } ?? .null
    }

    /// A time in UTC, such as `2026-11-21T09:30:00.000Z`.
    init(_ value: Date?) {
        self = value.map { .string($0.utcText) } ?? .null
    }

    init(_ value: Value) {
        self =
            switch value {
            case .null: .null
            case .boolean(let value): .bool(value)
            case .integer(let value): .integer(value)
            case .real(let value): value.isFinite ? .number(value) : JSON(Value.real(value).text)
            case .text(let value): .string(value)
            case .blob: JSON(value.text)
            }
    }

    init(_ item: Item) {
        self = .object([
            ("id", .integer(item.id)), ("item", JSON(item.item)), ("weight", .number(item.weight)),
        ])
    }
}
