/// What a view calls, as its rule tells.
///
/// The rule's text is a tree of nodes such as `{FUNCEXPR :funcid 1299 … :args <>}`; what belongs to
/// a name is escaped. Source: PostgreSQL 15, outfuncs.c.
struct PostgreSQLRuleCalls: Sendable, Hashable {
    /// The functions, those of operators too, that decide which rows there are.
    private(set) var deciding: Set<Int64> = []
    /// All functions.
    private(set) var all: Set<Int64> = []
    /// Whether there is a `CURRENT_TIMESTAMP`, `CURRENT_USER` or the like.
    private(set) var namesCircumstances = false
    /// Whether a text that decides which rows there are is read as a time, which may be `now`.
    private(set) var readsTimes = false

    /// The fields of a query that say which rows it has.
    private static let conditions: Set = [":quals", ":havingQual", ":limitCount", ":limitOffset"]
    /// The oids of date, time, timestamp, timestamptz and timetz.
    private static let times: Set = ["1082", "1083", "1114", "1184", "1266"]

    /// Makes it of no rule.
    init() {}

    /// Adds what a rule calls.
    ///
    /// - Parameter rule: As in `pg_rewrite.ev_action`.
    mutating func add(rule: String) {
        // Whether what is open belongs to a condition, and the names of the open nodes.
        var open: [(isCondition: Bool, name: String?)] = []
        var word: [UInt8] = []
        var label = ""
        var isEscaped = false
        for byte in rule.utf8 {
            if isEscaped {
                word.append(byte)
                isEscaped = false
                continue
            }
            switch byte {
            case UInt8(ascii: "\\"):
                isEscaped = true
            case UInt8(ascii: "{"), UInt8(ascii: "("):
                take(&word, &label, &open)
                let isCondition = open.last?.isCondition ?? false || Self.conditions.contains(label)
                open.append((isCondition, nil))
                label = ""
            case UInt8(ascii: "}"), UInt8(ascii: ")"):
                take(&word, &label, &open)
                _ = open.popLast()
                label = ""
            case UInt8(ascii: " "), UInt8(ascii: "\n"):
                take(&word, &label, &open)
            default:
                word.append(byte)
            }
        }
    }

    private mutating func take(
        _ bytes: inout [UInt8],
        _ label: inout String,
        _ open: inout [(isCondition: Bool, name: String?)]
    ) {
        guard !bytes.isEmpty else { return }
        let word = String(decoding: bytes, as: UTF8.self)
        bytes.removeAll(keepingCapacity: true)
        if word.hasPrefix(":") {
            label = word
            return
        }
        guard let node = open.last else { return }
        if node.name == nil {
            open[open.count - 1].name = word
            if word == "SQLVALUEFUNCTION" || word == "NEXTVALUEEXPR" { namesCircumstances = true }
        }
        switch label {
        case ":funcid", ":opfuncid", ":winfnoid", ":aggfnoid":
            guard let id = Int64(word), id > 0 else { return }
            all.insert(id)
            if node.isCondition { deciding.insert(id) }
        case ":resulttype":
            if node.name == "COERCEVIAIO", node.isCondition, Self.times.contains(word) {
                readsTimes = true
            }
        default: break
        }
    }
}
