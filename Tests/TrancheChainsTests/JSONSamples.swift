import Foundation
import TrancheTestKit

@testable import TrancheChains

/// Makes texts of JSON objects in any layout.
struct JSONSamples {
    struct Sample {
        var text = ""
        var objects: [String] = []
        /// Where the records begin.
        var starts: [Int64] = []
        var layout = JSONFormat.Layout.lines
    }

    var generator: SplitMix64

    init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
    }

    /// What an object means, by Foundation's reader.
    static func model(_ text: String) throws -> NSDictionary {
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
        return object as? NSDictionary ?? [:]
    }

    mutating func sample() -> Sample {
        var sample = Sample()
        let way = Int.random(in: 0..<4, using: &generator)
        sample.layout = way == 0 ? .lines : way == 1 ? .recognized : .values
        let breaks = way != 0
        if way == 2 { sample.text += blanks(true) + "[" + blanks(true) }
        for number in 0..<Int.random(in: 1...12, using: &generator) {
            if number > 0 {
                switch way {
                case 0: sample.text += gap()
                case 2: sample.text += blanks(true) + "," + blanks(true)
                default: sample.text += blanks(true)
                }
            }
            let object = object(depth: 3, breaks: breaks, isTop: true)
            sample.starts.append(Int64(sample.text.utf8.count))
            if way == 1 { sample.text += "\u{1E}" + blanks(true) }
            sample.text += object
            sample.objects.append(object)
        }
        if way == 2 { sample.text += blanks(true) + "]" }
        if way != 0 || Bool.random(using: &generator) { sample.text += "\n" }
        return sample
    }

    mutating func value(depth: Int, breaks: Bool) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &generator) {
        case 0: return String(Int64.random(in: .min ... .max, using: &generator))
        case 1: return String(Int.random(in: -20...20, using: &generator))
        case 2: return "\(Double.random(in: -1e6...1e6, using: &generator))"
        case 3:
            return ["true", "false", "null", "-0.5", "1.5e10", "12E-3"][Int(generator.next() % 6)]
        case 4, 5, 6: return string()
        case 7: return object(depth: depth - 1, breaks: breaks)
        default:
            let count = Int.random(in: 0...3, using: &generator)
            let values = (0..<count).map { _ in
                blanks(breaks) + value(depth: depth - 1, breaks: breaks) + blanks(breaks)
            }
            return "[" + values.joined(separator: ",") + blanks(breaks && count == 0) + "]"
        }
    }

    private mutating func object(depth: Int, breaks: Bool, isTop: Bool = false) -> String {
        var names = ["id", "a", "name", "a longer name", "\\u00e4", "ü", "q\\\"q", ""]
        if Int.random(in: 0..<3, using: &generator) == 0 { names.shuffle(using: &generator) }
        let count = isTop ? 3 : Int.random(in: 0...4, using: &generator)
        let members = names.prefix(count).map { name in
            let value = value(depth: depth, breaks: breaks)
            return blanks(breaks) + "\"\(name)\"" + blanks(breaks) + ":" + blanks(breaks) + value
                + blanks(breaks)
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    private mutating func string() -> String {
        let pieces = [
            "a", "some text of a length", " ", "ä", "😀", "\\\"", "\\\\", "\\/", "\\n", "\\u0041",
            "\\ud83d\\ude00", "{", "}", "[", "]", ",", ":", "\\u00e9", "\\t", "NaN",
        ]
        let count = Int.random(in: 0...6, using: &generator)
        return "\"" + (0..<count).map { _ in pieces[Int(generator.next() % 20)] }.joined() + "\""
    }

    private mutating func blanks(_ breaks: Bool) -> String {
        let blanks = ["", "", "", " ", "\t", breaks ? "\n" : " ", breaks ? "\r\n  " : "\r"]
        return blanks[Int(generator.next() % 7)]
    }

    /// What stands between lines.
    private mutating func gap() -> String {
        ["\n", "\n", "\r\n", "\n\n", "\n \t\r\n", " \n"][Int(generator.next() % 6)]
    }
}
