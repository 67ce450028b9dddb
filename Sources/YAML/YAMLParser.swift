import CYAML

/// Limits of what is read from a file, beside `SourceText.longest`.
public struct YAMLLimits: Sendable {
    /// Collections within collections.
    public var depth = 32
    public var nodes = 100_000

    public init() {}
}

/// Reads one YAML document from bytes. A subset on purpose: no anchors, aliases or tags, one document, scalar keys,
/// each once. Everything else is a diagnostic at its place.
public struct YAMLParser {
    /// The document's value; nil when the text is not YAML (then the reporter says why). A repeated key is reported and
    /// its first value kept, so that the rest of the file can be judged too.
    public static func parse(_ reporter: Reporter, limits: YAMLLimits = YAMLLimits()) -> YAMLNode? {
        var bytes = reporter.source.bytes
        guard isReadable(bytes, reporter) else { return nil }
        var reading = Reading(reporter: reporter, limits: limits)
        defer { reading.parser.deallocate() }
        do {
            return try bytes.withUnsafeMutableBufferPointer { (buffer) throws(Unreadable) in
                try reading.document(UnsafeBufferPointer(buffer))
            }
        } catch {
            return nil
        }
    }

    /// Size, encoding and NUL, before the parser sees the bytes.
    private static func isReadable(_ bytes: [UInt8], _ reporter: Reporter) -> Bool {
        func refuse(_ code: String, _ message: String, at offset: Int, hint: String? = nil) -> Bool {
            reporter.report(code, message, at: reporter.source.mark(offset), hint: hint)
            return false
        }
        let size = reporter.source.size
        if size > SourceText.longest {
            // Whoever read the file stopped one byte behind the limit: how large it is was not asked.
            let has =
                size == SourceText.longest + 1
                ? "more than \(SourceText.longest) bytes; no more" : "\(size) bytes; at most \(SourceText.longest)"
            return refuse("too-large", "the file has \(has) are read", at: 0)
        }
        if let bad = UTF8Check.firstInvalid(bytes) {
            return refuse("encoding", "this is not UTF-8", at: bad, hint: "save the file as UTF-8 text")
        }
        if let null = bytes.firstIndex(of: 0) {
            return refuse("encoding", "a NUL byte", at: null, hint: "the file must be text")
        }
        return true
    }

    /// Thrown after the reporter knows why.
    struct Unreadable: Error {}
}

/// Finds the first byte that is not part of well-formed UTF-8.
enum UTF8Check {
    static func firstInvalid(_ bytes: [UInt8]) -> Int? {
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.parseScalar(from: &iterator) {
            case .valid(let scalar): offset += scalar.count
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }
}

/// One run of libyaml's event parser.
private struct Reading {
    let reporter: Reporter
    let limits: YAMLLimits
    /// On the heap: libyaml keeps a pointer to it in itself.
    let parser: UnsafeMutablePointer<yaml_parser_t>
    var nodes = 0

    init(reporter: Reporter, limits: YAMLLimits) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        self.reporter = reporter
        self.limits = limits
    }

    mutating func document(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLParser.Unreadable) -> YAMLNode {
        guard yaml_parser_initialize(parser) == 1 else {
            throw fail("memory", "no memory to parse", Mark(line: 1, column: 1))
        }
        defer { yaml_parser_delete(parser) }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)

        var root: YAMLNode?
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            switch event.type {
            case YAML_STREAM_END_EVENT:
                guard let root else { throw fail("empty", "the file is empty", Mark(line: 1, column: 1)) }
                return root
            case YAML_DOCUMENT_START_EVENT:
                if root != nil {
                    throw fail(
                        "many-documents", "a second document begins here", mark(event.start_mark),
                        hint: "a file holds one document; remove the line '---'")
                }
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT: break
            default: root = try node(event, depth: 0)
            }
        }
    }

    private mutating func node(_ event: yaml_event_t, depth: Int) throws(YAMLParser.Unreadable) -> YAMLNode {
        nodes += 1
        if nodes > limits.nodes { throw fail("too-large", "more than \(limits.nodes) values", mark(event.start_mark)) }
        if depth > limits.depth {
            throw fail("too-deep", "nested deeper than \(limits.depth) levels", mark(event.start_mark))
        }
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try refuse(anchor: scalar.anchor, tag: scalar.tag, event)
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let start = mark(event.start_mark)
            return YAMLNode(
                content: .scalar(text, style(scalar.style)), start: start, end: max(start, mark(event.end_mark)))
        case YAML_SEQUENCE_START_EVENT:
            try refuse(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag, event)
            return try sequence(from: mark(event.start_mark), depth: depth)
        case YAML_MAPPING_START_EVENT:
            try refuse(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag, event)
            return try mapping(from: mark(event.start_mark), depth: depth)
        default:
            throw fail("alias", "aliases ('*name') are not read", mark(event.start_mark), hint: "write the value out")
        }
    }

    private mutating func sequence(from start: Mark, depth: Int) throws(YAMLParser.Unreadable) -> YAMLNode {
        var items: [YAMLNode] = []
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            if event.type == YAML_SEQUENCE_END_EVENT {
                return YAMLNode(content: .sequence(items), start: start, end: mark(event.end_mark))
            }
            items.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func mapping(from start: Mark, depth: Int) throws(YAMLParser.Unreadable) -> YAMLNode {
        var entries: [YAMLNode.Entry] = []
        // Bytes, not String: Swift calls strings equal that differ in their bytes.
        var seen: [[UInt8]: Mark] = [:]
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            if event.type == YAML_MAPPING_END_EVENT {
                return YAMLNode(content: .mapping(entries), start: start, end: mark(event.end_mark))
            }
            let key = try node(event, depth: depth + 1)
            var valueEvent = try next()
            defer { yaml_event_delete(&valueEvent) }
            let value = try node(valueEvent, depth: depth + 1)
            guard let name = key.text else {
                reporter.report("key", "a key must be a single value, not \(key.kind)", at: key.start)
                continue
            }
            if let first = seen[Array(name.utf8)] {
                reporter.report(
                    "duplicate-key", "'\(name)' stands here a second time", at: key, hint: "first on line \(first.line)"
                )
                continue
            }
            seen[Array(name.utf8)] = key.start
            entries.append(YAMLNode.Entry(key: key, value: value))
        }
    }

    private mutating func next() throws(YAMLParser.Unreadable) -> yaml_event_t {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        return event
    }

    private func syntaxError() -> YAMLParser.Unreadable {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "this is not YAML"
        let context = parser.pointee.context.map { " " + String(cString: $0) } ?? ""
        var place = mark(parser.pointee.problem_mark)
        if parser.pointee.error == YAML_READER_ERROR {
            // The reader knows the byte only. Its offset counts bytes.
            place = reporter.source.mark(min(parser.pointee.problem_offset, reporter.source.bytes.count))
        } else if reporter.source.line(place.line) == nil {
            // Behind the last line: show its end.
            place = reporter.source.mark(reporter.source.bytes.count)
        }
        return fail("yaml", problem + context, place, hint: hint(problem, place))
    }

    /// The usual slip behind a message of libyaml.
    private func hint(_ problem: String, _ place: Mark) -> String? {
        if problem.hasSuffix("cannot start any token"), reporter.source.line(place.line)?.utf8.contains(9) == true {
            return "YAML is indented with spaces, not tabs"
        }
        if problem.hasPrefix("did not find expected ',' or") {
            return "within { } and [ ], quote a text that holds one of , [ ] { }"
        }
        if problem.hasPrefix("mapping values are not allowed") { return "quote a text that holds ': '" }
        return nil
    }

    private func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, _ event: yaml_event_t
    ) throws(YAMLParser.Unreadable) {
        if anchor != nil {
            throw fail("anchor", "anchors ('&name') are not read", mark(event.start_mark), hint: "write the value out")
        }
        if tag != nil {
            throw fail("tag", "tags ('!name') are not read", mark(event.start_mark), hint: "remove the tag")
        }
    }

    private func fail(_ code: String, _ message: String, _ place: Mark, hint: String? = nil) -> YAMLParser.Unreadable {
        reporter.report(code, message, at: place, hint: hint)
        return YAMLParser.Unreadable()
    }

    private func mark(_ mark: yaml_mark_t) -> Mark { Mark(line: mark.line + 1, column: mark.column + 1) }

    private func style(_ style: yaml_scalar_style_t) -> YAMLNode.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }
}
