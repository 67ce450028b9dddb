import CSimdJSON
import HTTP
import JSONParsing
import Model

/// From one line of a tape to what it holds. Knows where the line stands, for its errors.
struct TapeLineParser {
    let file: String
    let number: Int

    private func error(_ what: String) -> TapeError { TapeError(file: file, line: number, what) }

    /// `body` is the part of the line in whose place `bytes` has `null`.
    private func document(
        _ bytes: UnsafeRawBufferPointer, _ parser: borrowing JSONParser, without body: Range<Int>? = nil
    ) throws(TapeError) -> JSONObject {
        let value: JSON
        do {
            value = try parser.parse(bytes).value
        } catch let problem {
            var offset = problem.offset
            if let body, offset > body.lowerBound { offset += body.count - 4 }
            throw error(JSONError(problem.reason, at: offset).description)
        }
        guard let object = value.object else { throw error("not a JSON object") }
        return object
    }

    // MARK: The beginning

    func header(_ line: UnsafeRawBufferPointer, _ parser: borrowing JSONParser) throws(TapeError) -> TapeHeader {
        let object = try document(line, parser)
        guard let schema = object["schema"]?.string else { throw error("no schema: not a tape") }
        guard schema == TapeHeader.schema else {
            throw error("schema \(PlainText.bounded(schema, limit: 60)), expected \(TapeHeader.schema)")
        }
        guard let interval = object["interval_ms"]?.int, (1...TimeSpan.hours(24).milliseconds).contains(interval) else {
            throw error("interval_ms is to be a number of milliseconds above 0, at most a day")
        }
        guard let named = object["runtimes"]?.object else { throw error("runtimes is to be an object") }
        var runtimes: [WatchedRuntime] = []
        for member in named {
            guard let list = member.value["replicas"]?.array else {
                throw error("a runtime without its list of replicas")
            }
            var replicas: [String] = []
            for replica in list {
                guard let url = replica.string else { throw error("a replica is to be a URL") }
                replicas.append(url)
            }
            var kind = WatchedKind.runtime
            if let named = member.value["kind"] {
                guard let known = named.string.flatMap(WatchedKind.init(rawValue:)) else {
                    let known = WatchedKind.allCases.map(\.rawValue).joined(separator: ", ")
                    throw error("kind is to be one of \(known); a newer version may know more")
                }
                kind = known
            }
            var carries: [String] = []
            for name in member.value["carries"]?.array ?? [] {
                guard let name = name.string else { throw error("what a host carries is to be names of runtimes") }
                carries.append(name)
            }
            runtimes.append(.init(name: member.key, kind: kind, replicas: replicas, carries: carries))
        }
        return TapeHeader(interval: TimeSpan(milliseconds: interval), runtimes: runtimes)
    }

    /// The state that a second line may hold; nil for any other line.
    func state(_ line: UnsafeRawBufferPointer, _ parser: borrowing JSONParser) throws(TapeError) -> JSON? {
        // Only a line that begins like one is read as one: exchanges may be large.
        guard line.starts(with: #"{"state":"#.utf8) || line.starts(with: #"{ "state":"#.utf8) else { return nil }
        return try document(line, parser)["state"]
    }

    // MARK: Exchanges and ticks

    /// From this size on a body stays where it was read; smaller ones are copied, so that one kept for long does not keep
    /// its neighbours.
    private static let copiedSize = 1 << 16

    func line(
        _ source: TapeLineSource.Line, of header: TapeHeader, _ parser: borrowing JSONParser
    ) throws(TapeError) -> TapeLine {
        let line = source.bytes
        guard let range = bodyRange(in: line) else {
            return try exchangeOrTick(try document(line, parser), nil, header)
        }
        // The rest of the line is small; the body stays bytes, for the decoder.
        var envelope = Array(line[..<range.lowerBound])
        envelope += "null".utf8
        envelope += line[range.upperBound...]
        let result = envelope.withUnsafeBytes { bytes in
            Result { () throws(TapeError) in try document(bytes, parser, without: range) }
        }
        let bytes = UnsafeRawBufferPointer(rebasing: line[range])
        let body =
            bytes.count < TapeLineParser.copiedSize
            ? Body(bytes.bindMemory(to: UInt8.self)) : Body(TapeBody(bytes, in: source.memory))
        return try exchangeOrTick(try result.get(), body, header)
    }

    private func exchangeOrTick(_ object: JSONObject, _ body: Body?, _ header: TapeHeader) throws(TapeError) -> TapeLine {
        guard let at = object["at"]?.string.flatMap({ Timestamp(rfc3339: $0) }) else {
            throw error("at is to be a moment in RFC 3339")
        }
        if let name = object["event"] { return .event(at: at, try event(name, object)) }
        guard let runtime = object["runtime"]?.string else { throw error("no runtime") }
        guard header.runtimes.contains(where: { $0.name.isSame(as: runtime) }) else {
            throw error("runtime \(PlainText.bounded(runtime, limit: 60)) is not in the first line")
        }
        if let tick = object["tick"] {
            guard let count = tick.int else { throw error("tick is to be a whole number") }
            return .tick(at: at, runtime: runtime, count: count)
        }
        guard let replica = object["replica"]?.string else { throw error("no replica") }
        guard let path = object["path"]?.string else { throw error("neither a path nor a tick") }
        guard let endpoint = Endpoint(path: path) else {
            throw error("path \(PlainText.bounded(path, limit: 60)) is none that is polled")
        }
        guard let elapsed = object["elapsed_ms"]?.double, elapsed >= 0 else {
            throw error("elapsed_ms is to be a number of milliseconds")
        }
        return .exchange(
            Observation(
                at: at, runtime: runtime, replica: replica, endpoint: endpoint, elapsedMilliseconds: elapsed,
                outcome: try outcome(object, body)))
    }

    private func event(_ name: JSON, _ object: JSONObject) throws(TapeError) -> TapeEvent {
        switch name.string {
        case "command":
            guard let kind = object["kind"]?.string, let actor = object["actor"]?.string,
                let arguments = object["arguments"]?.string
            else { throw error("a command has a kind, an actor and arguments, all texts") }
            return .command(kind: kind, actor: actor, arguments: arguments)
        case "kill_switch":
            guard let isOn = object["on"]?.bool else { throw error("on is to be true or false") }
            return .killSwitch(isOn: isOn)
        case "settings":
            guard let settings = object["settings"], settings.object != nil else {
                throw error("settings are to be an object")
            }
            return .settings(settings)
        default: throw error("event is to be command, kill_switch or settings; a newer version may know more")
        }
    }

    private func outcome(_ object: JSONObject, _ body: Body?) throws(TapeError) -> Observation.Outcome {
        if let failure = object["error"] {
            guard let failure = failure.string.flatMap(TransportFailure.init(rawValue:)) else {
                let known = TransportFailure.allCases.map(\.rawValue).joined(separator: ", ")
                throw error("error is to be one of \(known)")
            }
            guard object["status"] == nil, body == nil else { throw error("an error and an answer at once") }
            return .failure(failure, detail: object["detail"]?.string ?? "")
        }
        guard let status = object["status"]?.int, (100...599).contains(status) else {
            throw error("neither a status from 100 to 599 nor an error")
        }
        let (content, kind) = try content(object, body)
        var contentType = kind.impliedType
        if let type = object["content_type"] {
            guard type.isNull || type.string != nil else { throw error("content_type is to be a string or null") }
            contentType = type.string
        }
        let location = object["location"]
        if let location, location.string == nil { throw error("location is to be a string") }
        var remarks = ResponseBody.Remarks()
        if let encoding = object["content_encoding"] {
            guard let named = encoding.string else { throw error("content_encoding is to be a string") }
            remarks.encoding = ResponseBody.Remarks.word(named)
        }
        if let login = object["wants_login"] {
            guard let named = login.string else { throw error("wants_login is to be a string") }
            remarks.login = named
        }
        if let lacking = object["login_lacking"] {
            guard let why = lacking.string else { throw error("login_lacking is to be a string") }
            remarks.lacking = why
        }
        if let proxy = object["through_proxy"] {
            guard let place = proxy.string else { throw error("through_proxy is to be a string") }
            remarks.proxy = place
        }
        if let date = object["date"], date.string == nil { throw error("date is to be the header's text") }
        return .answer(
            .init(
                status: Int(status), date: object["date"]?.string.flatMap { Timestamp(httpDate: $0) },
                contentType: contentType, location: location?.string, body: content.noting(remarks)))
    }

    private func content(_ object: JSONObject, _ body: Body?) throws(TapeError) -> (Body, TapeContent) {
        let text = object["text"]
        let base64 = object["base64"]
        switch (body, text, base64) {
        case (let body?, nil, nil): return (body, .body)
        case (nil, let text?, nil):
            guard let text = text.string else { throw error("text is to be a string") }
            return (Body(text.utf8), .text)
        case (nil, nil, let base64?):
            guard let bytes = base64.string.flatMap(Base64.decode) else { throw error("base64 that does not decode") }
            return (Body(bytes), .base64)
        default: throw error("an answer has one of body, text and base64")
        }
    }

    // MARK: The body's bytes

    /// Where the value of the line's own `body` lies; nil when there is none, or when the line is not written as ours
    /// are, and is better read whole.
    private func bodyRange(in line: UnsafeRawBufferPointer) -> Range<Int>? {
        guard let base = line.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        func skipSpaces(_ index: Int) -> Int {
            var index = index
            while index < line.count, [0x20, 0x09, 0x0D].contains(line[index]) { index += 1 }
            return index
        }
        var announced: Int?
        var index = skipSpaces(0)
        guard index < line.count, line[index] == UInt8(ascii: "{") else { return nil }
        while true {
            index = skipSpaces(index + 1)
            guard index < line.count, line[index] == UInt8(ascii: "\"") else { return nil }
            let key = UnsafeRawBufferPointer(rebasing: line[index..<csimdjson_value_end(base, line.count, index)])
            index = skipSpaces(index + key.count)
            guard index < line.count, line[index] == UInt8(ascii: ":") else { return nil }
            index += 1
            if let announced, key.elementsEqual(#""body""#.utf8), announced == line.count - 1 - index,
                line[line.count - 1] == UInt8(ascii: "}")
            {
                return index..<line.count - 1
            }
            index = skipSpaces(index)
            guard index < line.count else { return nil }
            if key.elementsEqual(#""body""#.utf8) {
                return index..<csimdjson_value_end(base, line.count, index)
            }
            let end = csimdjson_value_end(base, line.count, index)
            if key.elementsEqual(#""bytes""#.utf8) {
                announced = Int(String(decoding: line[index..<end], as: UTF8.self))
            }
            index = skipSpaces(end)
            guard index < line.count, line[index] == UInt8(ascii: ",") else { return nil }
        }
    }
}
