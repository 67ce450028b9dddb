import Model

/// Puts a page together, line by line.
struct ExpositionReader {
    private let dialect: MetricsPage.Dialect
    private(set) var page = MetricsPage()
    private var families: [String: Int] = [:]
    private var names: [String: Int32] = [:]
    /// The name of the last sample, as it stood in the page: samples of one name follow each other.
    private var last: (bytes: [UInt8], name: Int32)?
    /// OpenMetrics: the family that is being told, and those that are over.
    private var open = -1
    private var over: Set<Int> = []
    private var isOver = false

    init(_ dialect: MetricsPage.Dialect) {
        self.dialect = dialect
    }

    private var isStrict: Bool { dialect == .openMetrics }

    /// What the page lacks at its end; nil: nothing.
    var lacking: String? { isStrict && !isOver ? "the page ends without '# EOF': it may have been cut short" : nil }

    typealias Fault = ExpositionText.Fault

    mutating func read(_ line: ExpositionText) throws(Fault) {
        var line = line
        guard !isOver else { throw Fault("something stands behind '# EOF'") }
        if !isStrict { line.skipBlanks() }
        guard let first = line.current else {
            if isStrict { throw Fault("an empty line") }
            return
        }
        if first == UInt8(ascii: "#") { return try comment(&line) }
        try sample(&line)
    }

    // MARK: Comments

    private mutating func comment(_ line: inout ExpositionText) throws(Fault) {
        _ = line.take(UInt8(ascii: "#"))
        try gap(&line, "'#'")
        let word = String(decoding: line.word().prefix(8), as: UTF8.self)
        // `# TYPE` and no more is a remark.
        if !isStrict {
            line.skipBlanks()
            if line.isAtEnd { return }
        }
        switch word {
        case "HELP": try help(&line)
        case "TYPE": try type(&line)
        case "UNIT" where isStrict: try unit(&line)
        case "EOF" where isStrict:
            guard line.isAtEnd else { throw Fault("something stands behind '# EOF'") }
            isOver = true
        default:
            if isStrict { throw Fault("a comment that is neither HELP nor TYPE nor UNIT nor EOF") }
        }
    }

    /// The space between two words: any blanks in the text format, one space in OpenMetrics.
    private func gap(_ line: inout ExpositionText, _ behind: String) throws(Fault) {
        if isStrict {
            guard line.take(0x20) else { throw Fault("one space stands behind \(behind)") }
        } else {
            line.skipBlanks()
        }
    }

    /// The name in a comment, in quotes where it is no plain one.
    private func described(_ line: inout ExpositionText) throws(Fault) -> String {
        if isStrict { try gap(&line, "the word") }
        if line.current == UInt8(ascii: "\"") { return try line.quoted("a name") }
        guard let name = line.name(colons: true), line.isAtEnd || line.current.map(ExpositionText.isBlank) == true else {
            throw Fault("no name of a family")
        }
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func help(_ line: inout ExpositionText) throws(Fault) {
        let name = try described(&line)
        if isStrict { try gap(&line, "the name") }
        // Nobody reads it here.
        if isStrict { _ = try ExpositionText.text(nil, or: line.rest(), "the help") }
        try begin(family(name))
    }

    private static let kinds: [String: MetricsPage.Kind] = [
        "counter": .counter, "gauge": .gauge, "histogram": .histogram, "gaugehistogram": .gaugeHistogram,
        "gauge_histogram": .gaugeHistogram,
        "summary": .summary,
        "info": .info, "stateset": .stateSet, "unknown": .unknown, "untyped": .unknown,
    ]

    private mutating func type(_ line: inout ExpositionText) throws(Fault) {
        let name = try described(&line)
        try gap(&line, "the name")
        let word = line.word()
        if !isStrict { line.skipBlanks() }
        guard line.isAtEnd, let kind = ExpositionReader.kinds[String(decoding: word.prefix(20), as: UTF8.self)] else {
            throw Fault("no type of a family")
        }
        let index = try family(name)
        try begin(index)
        // Of two that differ the first counts, as for Prometheus' server; OpenMetrics forbids the second.
        if isStrict, page.families[index].kind != .unknown { throw Fault("a second TYPE of one family") }
        if page.families[index].kind == .unknown { page.families[index].kind = kind }
    }

    private mutating func unit(_ line: inout ExpositionText) throws(Fault) {
        let name = try described(&line)
        try gap(&line, "the name")
        let unit = try ExpositionText.text(nil, or: line.word(), "the unit")
        guard line.isAtEnd else { throw Fault("something stands behind the unit") }
        guard unit.isEmpty || name.hasSuffix("_" + unit) else { throw Fault("a family's name ends with its unit") }
        let index = try family(name)
        try begin(index)
        let kind = page.families[index].kind
        guard unit.isEmpty || kind != .info && kind != .stateSet else { throw Fault("a family of this type has no unit") }
        page.families[index].unit = unit
    }

    private mutating func family(_ name: String) throws(Fault) -> Int {
        if let known = families[name] { return known }
        guard page.families.count < Exposition.mostFamilies else { throw Fault("more than \(Exposition.mostFamilies) families") }
        page.families.append(MetricsPage.Family(name: name))
        families[name] = page.families.count - 1
        return page.families.count - 1
    }

    /// OpenMetrics tells a family in one piece.
    private mutating func begin(_ family: Int) throws(Fault) {
        guard isStrict, family != open else { return }
        if open >= 0 { over.insert(open) }
        guard !over.contains(family) else { throw Fault("a family that comes in two parts") }
        open = family
    }

    // MARK: Samples

    private mutating func sample(_ line: inout ExpositionText) throws(Fault) {
        guard page.samples.count < Exposition.mostSamples else { throw Fault("more than \(Exposition.mostSamples) samples") }
        let first = Int32(page.labels.count)
        var name: Int32?
        if line.current != UInt8(ascii: "{") {
            guard let bytes = line.name(colons: true) else { throw Fault("no name of a metric") }
            name = try self.name(bytes)
        }
        if !isStrict { line.skipBlanks() }
        if line.current == UInt8(ascii: "{") {
            if let quoted = try labels(&line, mayName: name == nil) { name = try self.name(Array(quoted.utf8)) }
            if isStrict { try gap(&line, "the labels") } else { line.skipBlanks() }
        } else if isStrict {
            try gap(&line, "the name")
        }
        guard let name else { throw Fault("no name of a metric") }
        let value = try line.number("the value")
        var timestamp: Timestamp?
        if isStrict {
            try begin(page.names[Int(name)].family)
            if !line.isAtEnd {
                try gap(&line, "the value")
                if line.current != UInt8(ascii: "#") {
                    timestamp = try line.timestamp(dialect)
                    if !line.isAtEnd { try gap(&line, "the timestamp") }
                }
                if !line.isAtEnd { try exemplar(&line) }
            }
        } else {
            line.skipBlanks()
            if !line.isAtEnd { timestamp = try line.timestamp(dialect) }
            line.skipBlanks()
        }
        guard line.isAtEnd else { throw Fault("something stands behind the value") }
        page.samples.append(
            MetricsPage.Sample(name: name, labels: first..<Int32(page.labels.count), value: value, timestamp: timestamp))
    }

    /// `{code="200",method="get"}`; among them the name in quotes, where it stands nowhere else.
    private mutating func labels(_ line: inout ExpositionText, mayName: Bool) throws(Fault) -> String? {
        _ = line.take(UInt8(ascii: "{"))
        let first = page.labels.count
        var named: String?
        var wantsMore = false
        while true {
            if !isStrict { line.skipBlanks() }
            if line.take(UInt8(ascii: "}")) {
                if isStrict, wantsMore { throw Fault("a comma without a label behind it") }
                break
            }
            // `{,}`: Prometheus' own readers let one comma stand alone.
            if !isStrict, page.labels.count == first, named == nil, !wantsMore, line.take(UInt8(ascii: ",")) {
                wantsMore = true
                continue
            }
            if let name = try label(&line, mayName: mayName && named == nil, from: first) { named = name }
            if !isStrict { line.skipBlanks() }
            wantsMore = line.take(UInt8(ascii: ","))
            guard wantsMore || line.current == UInt8(ascii: "}") else { throw Fault("labels are parted by commas and end with '}'") }
        }
        return named
    }

    /// One label; or a name in quotes that stands for itself.
    private mutating func label(_ line: inout ExpositionText, mayName: Bool, from first: Int) throws(Fault) -> String? {
        let name: String
        if line.current == UInt8(ascii: "\"") {
            name = try line.quoted("a label's name")
            if !isStrict { line.skipBlanks() }
            if mayName, line.current != UInt8(ascii: "=") { return name }
        } else {
            guard let bytes = line.name(colons: false) else { throw Fault("no name of a label") }
            name = String(decoding: bytes, as: UTF8.self)
        }
        if !isStrict { line.skipBlanks() }
        guard line.take(UInt8(ascii: "=")) else { throw Fault("a label has a value behind '='") }
        if !isStrict { line.skipBlanks() }
        let value = try line.quoted("a label's value")
        guard page.labels.count - first < Exposition.mostLabels else { throw Fault("more than \(Exposition.mostLabels) labels") }
        guard !page.labels[first...].contains(where: { $0.name.isSame(as: name) }) else { throw Fault("a label that stands twice") }
        page.labels.append(MetricsPage.Label(name, value))
        return nil
    }

    /// `# {trace_id="…"} 0.67 1520879607.789`: read, so that what is behind it is found, and dropped.
    private mutating func exemplar(_ line: inout ExpositionText) throws(Fault) {
        guard line.take(UInt8(ascii: "#")), line.take(0x20), line.current == UInt8(ascii: "{") else {
            throw Fault("something stands behind the value")
        }
        let count = page.labels.count
        _ = try labels(&line, mayName: false)
        page.labels.removeSubrange(count...)
        try gap(&line, "an exemplar's labels")
        _ = try line.number("an exemplar's value")
        guard !line.isAtEnd else { return }
        try gap(&line, "an exemplar's value")
        _ = try line.timestamp(dialect)
    }

    // MARK: Names

    private mutating func name(_ bytes: some Collection<UInt8>) throws(Fault) -> Int32 {
        if let last, last.bytes.elementsEqual(bytes) { return last.name }
        let text = String(decoding: bytes, as: UTF8.self)
        let index: Int32
        if let known = names[text] {
            index = known
        } else {
            index = Int32(page.names.count)
            page.names.append(MetricsPage.Name(text: text, family: try familyOfSamples(text)))
            names[text] = index
        }
        last = (Array(bytes), index)
        return index
    }

    /// What samples of a family have behind its name.
    private static let suffixes: [(suffix: String, kinds: Set<MetricsPage.Kind>)] = [
        ("_total", [.counter]), ("_bucket", [.histogram, .gaugeHistogram]), ("_count", [.histogram, .summary]),
        ("_sum", [.histogram, .summary]), ("_created", [.counter, .histogram, .summary]), ("_gcount", [.gaugeHistogram]),
        ("_gsum", [.gaugeHistogram]), ("_info", [.info]),
    ]

    private mutating func familyOfSamples(_ name: String) throws(Fault) -> Int {
        if let known = families[name] {
            let kind = page.families[known].kind
            if isStrict, kind == .counter || kind == .histogram || kind == .gaugeHistogram || kind == .info {
                throw Fault("samples of a family of this type have more than its name")
            }
            return known
        }
        for (suffix, kinds) in ExpositionReader.suffixes where name.hasSuffix(suffix) {
            if let known = families[String(name.dropLast(suffix.utf8.count))], kinds.contains(page.families[known].kind) { return known }
        }
        return try family(name)
    }
}
