import CYAML

/// libyaml's parser with the bytes it reads.
struct YAMLParserHandle: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// libyaml reads from here until the parser is deleted.
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    /// Starts to parse bytes, which have to be UTF-8 without a byte order mark.
    ///
    /// It is `nil` when there is no memory.
    init?(copying source: some Collection<UInt8>) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            // It has freed what it had taken.
            parser.deallocate()
            return nil
        }
        self.parser = parser
        bytes = .allocate(capacity: max(1, source.count))
        _ = bytes.initialize(from: source)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, source.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// The next event; it is `nil` when there is a fault, which ``fault`` tells.
    ///
    /// What libyaml holds for the event is copied and freed before this returns.
    func next() -> YAMLEvent? {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { return nil }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(copying: event)
    }

    /// Why the last call of ``next()`` had none.
    var fault: YAMLParserFault {
        let state = parser.pointee
        return YAMLParserFault(
            isMemory: state.error == YAML_MEMORY_ERROR,
            problem: state.problem.map { String(cString: $0) } ?? "",
            mark: YAMLMark(state.problem_mark),
            context: state.context.map { String(cString: $0) } ?? "",
            contextMark: YAMLMark(state.context_mark)
        )
    }
}

/// A fault in libyaml's words.
struct YAMLParserFault {
    let isMemory: Bool
    let problem: String
    let mark: YAMLMark
    let context: String
    let contextMark: YAMLMark
}

extension YAMLMark {
    /// libyaml counts from 0.
    init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }
}
