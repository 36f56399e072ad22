/// The properties of characters that a pattern may name, as PCRE2 names them.
enum UnicodeProperty {
    /// General categories by their long names and other names.
    ///
    /// Source: Unicode 14, PropertyValueAliases.txt, gc.
    private static let categories = [
        "Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf", "Unassigned": "Cn",
        "Private_Use": "Co", "Surrogate": "Cs", "Letter": "L", "Cased_Letter": "L&", "LC": "L&",
        "Lowercase_Letter": "Ll", "Modifier_Letter": "Lm", "Other_Letter": "Lo",
        "Titlecase_Letter": "Lt", "Uppercase_Letter": "Lu", "Mark": "M", "Combining_Mark": "M",
        "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Nonspacing_Mark": "Mn", "Number": "N",
        "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No",
        "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc",
        "Dash_Punctuation": "Pd", "Close_Punctuation": "Pe", "Final_Punctuation": "Pf",
        "Initial_Punctuation": "Pi", "Other_Punctuation": "Po", "Open_Punctuation": "Ps",
        "Symbol": "S", "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Math_Symbol": "Sm",
        "Other_Symbol": "So", "Separator": "Z", "Line_Separator": "Zl",
        "Paragraph_Separator": "Zp", "Space_Separator": "Zs",
    ]

    /// Properties that a character has or has not.
    ///
    /// Source: ECMA 262, table "Binary Unicode property aliases", as far as PCRE2 10.40 has them.
    private static let binary: Set = [
        "ASCII", "ASCII_Hex_Digit", "AHex", "Alphabetic", "Alpha", "Any", "Bidi_Control", "Bidi_C",
        "Bidi_Mirrored", "Bidi_M", "Case_Ignorable", "CI", "Cased", "Changes_When_Casefolded",
        "CWCF",
        "Changes_When_Casemapped", "CWCM", "Changes_When_Lowercased", "CWL",
        "Changes_When_Titlecased", "CWT", "Changes_When_Uppercased", "CWU", "Dash",
        "Default_Ignorable_Code_Point", "DI", "Deprecated", "Dep", "Diacritic", "Dia", "Emoji",
        "Emoji_Component", "EComp", "Emoji_Modifier", "EMod", "Emoji_Modifier_Base", "EBase",
        "Emoji_Presentation", "EPres", "Extended_Pictographic", "ExtPict", "Extender", "Ext",
        "Grapheme_Base", "Gr_Base", "Grapheme_Extend", "Gr_Ext", "Hex_Digit", "Hex",
        "IDS_Binary_Operator", "IDSB", "IDS_Trinary_Operator", "IDST", "ID_Continue", "IDC",
        "ID_Start", "IDS", "Ideographic", "Ideo", "Join_Control", "Join_C",
        "Logical_Order_Exception", "LOE", "Lowercase", "Lower", "Math", "Noncharacter_Code_Point",
        "NChar", "Pattern_Syntax", "Pat_Syn", "Pattern_White_Space", "Pat_WS", "Quotation_Mark",
        "QMark", "Radical", "Regional_Indicator", "RI", "Sentence_Terminal", "STerm", "Soft_Dotted",
        "SD", "Terminal_Punctuation", "Term", "Unified_Ideograph", "UIdeo", "Uppercase", "Upper",
        "Variation_Selector", "VS", "White_Space", "space", "XID_Continue", "XIDC", "XID_Start",
        "XIDS",
    ]

    /// A property by the name that ECMA 262 gives it.
    ///
    /// - Parameter name: What stands in the braces, such as `L`, `Letter` or `Script=Greek`.
    /// - Returns: PCRE2's name; `nil` when there is none.
    static func named(_ name: String) -> String? {
        let parts = name.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        switch (parts.count, parts[0]) {
        case (1, _): return category(parts[0]) ?? (binary.contains(parts[0]) ? parts[0] : nil)
        case (2, "General_Category"), (2, "gc"): return category(parts[1])
        case (2, "Script"), (2, "sc"): return script(parts[1]).map { "sc:\($0)" }
        case (2, "Script_Extensions"), (2, "scx"): return script(parts[1]).map { "scx:\($0)" }
        default: return nil
        }
    }

    private static func category(_ name: String) -> String? {
        categories[name] ?? (categories.values.contains(name) && name != "L&" ? name : nil)
    }

    /// Whether it is a script PCRE2 says when it reads the pattern.
    private static func script(_ name: String) -> String? {
        guard let first = name.first, "A"..."Z" ~= first,
            name.utf8.allSatisfy({ $0 == 0x5F || ($0 | 0x20) &- 0x61 < 26 })
        else { return nil }
        return name
    }
}
