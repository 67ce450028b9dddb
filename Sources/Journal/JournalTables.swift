/// The tables of a journal, for what goes through all of them. A test compares them with the schema.
struct JournalTable {
    let name: String
    let columns: [(name: String, kind: SQLValue.Kind)]
    /// The columns that tell rows apart, in whose order they are read.
    let key: [String]

    /// Texts by default; `#` marks whole numbers, `%` bytes.
    private init(_ name: String, key: [String], _ columns: String) {
        self.name = name
        self.key = key
        self.columns = columns.split(separator: " ").map { column in
            switch column.first {
            case "#": (String(column.dropFirst()), .int)
            case "%": (String(column.dropFirst()), .bytes)
            default: (String(column), .text)
            }
        }
    }

    /// A row is named by a number that the table gives.
    var isNumbered: Bool { columns.first.map { $0.name == "id" && $0.kind == .int } ?? false }

    /// What names others stands before those.
    static let all = [
        JournalTable("meta", key: ["key"], "key value"),
        JournalTable("state", key: ["key"], "key %bytes #checksum"),
        JournalTable("sources", key: ["id"], "#id runtime replica"),
        JournalTable("chats", key: ["source", "key"], "#source %key %record #checksum"),
        JournalTable("minutes", key: ["runtime", "minute"], "runtime #minute %bytes #checksum"),
        JournalTable("hours", key: ["runtime", "hour"], "runtime #hour %bytes #checksum"),
        JournalTable(
            "incidents", key: ["id"],
            "id fingerprint rule subject_kind runtime %subject severity status #opened_ms #resolved_ms #updated_ms document #checksum"),
        JournalTable(
            "leases", key: ["id"],
            "id kind runtime %app %pack state #shadow #created_ms #expires_ms #ended_ms document #checksum"),
        JournalTable("placements", key: ["lease", "adapter"], "lease adapter #over #updated_ms document #checksum"),
        JournalTable(
            "outbox", key: ["id"],
            "#id incident channel event #created_ms #due_ms #attempts state document #checksum #carries_opening #merged_into last_error "
                + "#settled_ms reference news #failed_ms #blocked_ms #blocked_since_ms"),
        JournalTable("commands", key: ["id"], "#id #at_ms actor kind arguments #taken_ms result"),
        JournalTable(
            "advice_spending", key: ["id"],
            "#id #at_ms incident asked_by model #reserved_tokens #reserved_micro_usd #tokens #micro_usd outcome"),
        JournalTable("audit", key: ["seq"], "#seq #at_ms actor kind reason document %previous %digest"),
    ]

    /// Rows behind `last`, in the order of the key, at most so many. What belongs to the place and not to the journal is left out.
    func page(after last: [SQLValue], _ database: any Database) throws(JournalError) -> [[SQLValue]] {
        let names = key.joined(separator: ", ")
        let marks = key.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        var conditions = last.isEmpty ? [] : ["(\(names)) > (\(marks))"]
        if name == "meta" { conditions.append("key NOT IN (\(KeptSwitch.keys))") }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        return try database.rows(
            "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(name) \(condition) ORDER BY \(names) LIMIT 500", last
        ) { row throws(JournalError) in
            columns.indices.map { index in
                let (column, kind) = (Int32(index), columns[index].kind)
                if row.isNull(column) { return .null(kind) }
                return switch kind {
                case .int: .int(row.int(column))
                case .text: .text(row.text(column))
                case .bytes: .bytes(row.bytes(column))
                }
            }
        }
    }

    /// All rows, page by page; how many.
    func each(_ database: any Database, _ body: ([[SQLValue]]) throws(JournalError) -> Void) throws(JournalError) -> Int {
        var (last, count): ([SQLValue], Int) = ([], 0)
        while true {
            let page = try page(after: last, database)
            guard let end = page.last else { return count }
            try body(page)
            count += page.count
            last = columns.indices.filter { key.contains(columns[$0].name) }.map { end[$0] }
        }
    }
}
