import Tranche

extension PipelineGraph {
    /// How a graph is printed.
    public enum Format: String, Sendable, CaseIterable {
        /// Lines for people.
        case text
        /// The language of Graphviz.
        case dot
        /// The language of Mermaid.
        case mermaid
    }

    /// The graph in a language.
    ///
    /// - Parameter format: The language.
    /// - Returns: Whole lines.
    public func text(_ format: Format) -> String {
        switch format {
        case .text: plain
        case .dot: dot
        case .mermaid: mermaid
        }
    }

    private var plain: String {
        var lines: [String] = []
        for input in inputs {
            lines.append(input)
            lines += branches(after: input, indented: "")
        }
        for user in users { lines += ["\(user.job) (a job)", "`-- \(user.process)"] }
        for other in others {
            lines += ["\(other.job) (a job over \(other.source))", "`-- \(other.work)"]
        }
        let reached = Set(jobs.map(\.link.process) + users.map(\.process))
        for process in processes where !reached.contains(process) {
            lines.append("\(process) (linked from nothing: never run)")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func branches(after name: String, indented indent: String) -> [String] {
        let next = links.filter { $0.source == name }
        return next.enumerated().flatMap { place, link in
            let isLast = place == next.count - 1
            let line = indent + (isLast ? "`-- " : "|-- ") + link.process + remarks(of: link)
            let deeper = indent + (isLast ? "    " : "|   ")
            let below = branches(after: link.process, indented: deeper)
            guard let after = link.then else { return [line] + below }
            let branch = below.isEmpty ? "`-- " : "|-- "
            return [line, "\(deeper)\(branch)\(link.process).then (\(after.name))"] + below
        }
    }

    private func remarks(of link: Link) -> String {
        var remarks: [String] = []
        if !link.operations.isEmpty {
            remarks.append(
                link.operations.sorted { $0.rawValue < $1.rawValue }.map(\.description)
                    .joined(separator: ", ")
            )
        }
        if let count = link.limit.count, count > 1 { remarks.append("up to \(count) at once") }
        return remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))"
    }

    private var dot: String {
        // Names have neither quotes nor backslashes.
        var lines = ["digraph pipeline {", "    rankdir=LR;"]
        lines += inputs.map { "    \"\($0)\" [shape=cds];" }
        lines += processes.map { "    \"\($0)\" [shape=box];" }
        lines += links.map { "    \"\($0.source)\" -> \"\($0.process)\"\(dotLabel(of: $0));" }
        for (place, user) in users.enumerated() {
            // A job's name may be that of a process, and hold anything.
            let label = dotText(user.job)
            lines.append("    \"job \(place)\" [label=\"\(label)\", shape=folder];")
            lines.append("    \"job \(place)\" -> \"\(user.process)\";")
        }
        for (place, other) in others.enumerated() {
            let vertices = ["source \(place)", "own job \(place)", "work \(place)"]
            let labels = [other.source, other.job, other.work]
            for (index, shape) in ["cylinder", "folder", "box"].enumerated() {
                let label = dotText(labels[index])
                lines.append("    \"\(vertices[index])\" [label=\"\(label)\", shape=\(shape)];")
            }
            let way = vertices.map { "\"\($0)\"" }.joined(separator: " -> ")
            lines.append("    \(way);")
        }
        for (link, vertex) in afters {
            lines.append("    \"\(vertex)\" [shape=note];")
            lines.append(
                "    \"\(link.process)\" -> \"\(vertex)\" [label=\"\(link.then?.name ?? "")\"];"
            )
        }
        return (lines + ["}"]).map { $0 + "\n" }.joined()
    }

    private func dotText(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    /// What follows links, as vertices; with the input where several links lead to a process.
    private var afters: [(link: Link, vertex: String)] {
        let followed = links.filter { $0.then != nil }
        return followed.map { link in
            let isOne = followed.count { $0.process == link.process } == 1
            return (link, isOne ? "\(link.process).then" : "\(link.name).then")
        }
    }

    private func dotLabel(of link: Link) -> String {
        let words = remarks(of: link).dropFirst(2).dropLast()
        return words.isEmpty ? "" : " [label=\"\(words)\"]"
    }

    private var mermaid: String {
        // A name may be a word of the language, such as `end`: vertices are numbered.
        let names = inputs + processes
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, "v\($0)") })
        var lines = ["flowchart LR"]
        lines += inputs.compactMap { name in numbers[name].map { "    \($0)([\"\(name)\"])" } }
        lines += processes.compactMap { name in numbers[name].map { "    \($0)[\"\(name)\"]" } }
        lines += links.compactMap { link in
            guard let source = numbers[link.source], let process = numbers[link.process] else {
                return nil
            }
            let words = remarks(of: link).dropFirst(2).dropLast()
            return "    \(source) -->\(words.isEmpty ? "" : "|\"\(words)\"|") \(process)"
        }
        for (place, user) in users.enumerated() {
            guard let process = numbers[user.process] else { continue }
            lines.append("    j\(place)[(\"\(mermaidText(user.job))\")]")
            lines.append("    j\(place) --> \(process)")
        }
        for (place, other) in others.enumerated() {
            lines.append("    s\(place)([\"\(mermaidText(other.source))\"])")
            lines.append("    o\(place)[(\"\(mermaidText(other.job))\")]")
            lines.append("    w\(place)[\"\(mermaidText(other.work))\"]")
            lines.append("    s\(place) --> o\(place) --> w\(place)")
        }
        for (place, (link, vertex)) in afters.enumerated() {
            guard let process = numbers[link.process] else { continue }
            lines.append("    t\(place)[/\"\(vertex)\"/]")
            lines.append("    \(process) -->|\"\(link.then?.name ?? "")\"| t\(place)")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func mermaidText(_ text: String) -> String {
        text.replacing("#", with: "#35;").replacing("\"", with: "#quot;")
    }
}
