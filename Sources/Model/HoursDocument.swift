// How hours and zones stand in documents: with every change of the clocks, so that whoever reads them needs no zone files.

extension Hours {
    /// `{"days": [5], "from": 1320, "to": 420}`
    public var document: JSON {
        ["days": .array(days.map { .int(Int64($0)) }), "from": .int(Int64(from)), "to": .int(Int64(to))]
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        let days = try reader.member("days").map { day throws(DocumentError) in try day.count(limit: 6) }
        let from = try reader.member("from").count(limit: 1_439)
        let to = try reader.member("to").count(limit: 1_440)
        guard Set(days).count == days.count, days == days.sorted(), to > 0, from != to else {
            throw reader.error("are no hours")
        }
        self.init(days: days, from: from, to: to)
    }
}

extension Zone {
    /// `{"name": "Europe/Berlin", "first": 3208, "changes": [[-2422054408, 3600], …], "tail": {…}}`
    public var document: JSON {
        var object: JSONObject = [
            "name": .string(name), "first": .int(Int64(first)),
            "changes": .array(changes.map { [.int($0.at), .int(Int64($0.offset))] }),
        ]
        guard let tail else { return .object(object) }
        var after: JSONObject = ["offset": .int(Int64(tail.offset))]
        if let summer = tail.summer {
            after.append(
                "summer",
                [
                    "offset": .int(Int64(summer.offset)), "begins": summer.begins.document, "ends": summer.ends.document,
                ])
        }
        object.append("tail", .object(after))
        return .object(object)
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        var changes: [Change] = []
        for pair in try reader.member("changes").elements() {
            let numbers = try pair.elements()
            guard numbers.count == 2 else { throw pair.error("is no change of clocks") }
            let change = Change(at: try numbers[0].whole(), offset: try Zone.offset(numbers[1]))
            guard changes.last.map({ $0.at < change.at }) ?? true else { throw pair.error("is out of order") }
            changes.append(change)
        }
        var tail: Tail?
        if let after = try reader.optional("tail") {
            var summer: Summer?
            if let part = try after.optional("summer") {
                summer = Summer(
                    offset: try Zone.offset(part.member("offset")), begins: try YearlyMoment(part.member("begins")),
                    ends: try YearlyMoment(part.member("ends")))
            }
            tail = Tail(offset: try Zone.offset(after.member("offset")), summer: summer)
        }
        self.init(
            name: try reader.member("name").string(), first: try Zone.offset(reader.member("first")), changes: changes,
            tail: tail)
    }

    private static func offset(_ reader: DocumentReader) throws(DocumentError) -> Int {
        let seconds = try reader.whole()
        guard seconds.magnitude <= 26 * 3_600 else { throw reader.error("is further ahead than any clock") }
        return Int(seconds)
    }
}

extension Zone.YearlyMoment {
    var document: JSON {
        var object = JSONObject()
        switch day {
        case .weekday(let month, let week, let weekday):
            object.append("month", .int(Int64(month)))
            object.append("week", .int(Int64(week)))
            object.append("weekday", .int(Int64(weekday)))
        case .julian(let number): object.append("julian", .int(Int64(number)))
        case .ordinal(let number): object.append("ordinal", .int(Int64(number)))
        }
        object.append("seconds", .int(Int64(seconds)))
        return .object(object)
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        let seconds = try reader.member("seconds").whole()
        guard seconds.magnitude <= 8 * 86_400 else { throw reader.error("is no moment of a year") }
        let day: Day
        if let number = try reader.optional("julian") {
            day = .julian(max(1, try number.count(limit: 365)))
        } else if let number = try reader.optional("ordinal") {
            day = .ordinal(try number.count(limit: 365))
        } else {
            let (month, week) = (try reader.member("month").count(limit: 12), try reader.member("week").count(limit: 5))
            guard month > 0, week > 0 else { throw reader.error("is no moment of a year") }
            day = .weekday(month: month, week: week, weekday: try reader.member("weekday").count(limit: 6))
        }
        self.init(day: day, seconds: Int(seconds))
    }
}

extension DocumentReader {
    fileprivate func whole() throws(DocumentError) -> Int64 {
        guard let number = value.int else { throw error("is no whole number") }
        return number
    }
}
