import Tranche

/// Rows of cells in aligned columns.
struct Table {
    private let columns: [Column]
    private var rows: [[Cell]] = []

    /// A column's heading and side.
    struct Column: Sendable {
        var title: String
        var isNumber = false

        static func text(_ title: String) -> Column { Column(title: title) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    /// A cell's text and colour.
    struct Cell: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        var text: String
        var colour: Colour?

        init(_ text: String, _ colour: Colour? = nil) {
            self.text = text
            self.colour = colour
        }

        init(stringLiteral value: String) {
            self.init(value)
        }
    }

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// How many rows there are.
    var count: Int { rows.count }

    /// Adds a row; what would break the line, or move the cursor, is shown escaped.
    mutating func add(_ cells: [Cell]) {
        rows.append(
            cells.map { cell in
                var cell = cell
                cell.text = HumanText.oneLine(cell.text)
                return cell
            }
        )
    }

    /// The table as text, with a line break at its end.
    func text(_ style: Style) -> String {
        let widths = columns.indices.map { index in
            ([Cell(columns[index].title)] + rows.map { $0[index] })
                .map { TextWidth.columns(of: $0.text) }.max() ?? 0
        }
        let titles = columns.map { Cell($0.title, .dim) }
        return ([titles] + rows).map { line($0, widths, style) + "\n" }.joined()
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ style: Style) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let own = TextWidth.columns(of: cell.text)
            let space = String(repeating: " ", count: widths[index] - own)
            let painted = style.paint(cell.text, cell.colour)
            let isLast = index == cells.count - 1
            text += columns[index].isNumber ? space + painted : painted + (isLast ? "" : space)
            if !isLast { text += "  " }
        }
        return text
    }
}

/// A colour of a terminal.
enum Colour: Int, Sendable {
    case red = 31
    case green = 32
    case yellow = 33
    case blue = 34
    case dim = 2
}

/// Whether and how text is coloured, and drawn over what was there.
struct Style: Sendable {
    var isColoured: Bool
    /// Whether the cursor can be moved, and a line drawn anew.
    let canDraw: Bool

    /// Draws on a terminal, unless `TERM` says that it can do nothing, and colours there unless
    /// `NO_COLOR` is set to anything.
    init(_ writer: any Writer, environment: [String: String]) {
        let isPlain = environment["TERM"].map { ["", "dumb"].contains($0) } ?? false
        canDraw = writer.isTerminal && !isPlain
        isColoured = canDraw && (environment["NO_COLOR"] ?? "").isEmpty
    }

    func paint(_ text: String, _ colour: Colour?) -> String {
        guard isColoured, let colour, !text.isEmpty else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }
}
