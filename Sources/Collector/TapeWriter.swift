import CSimdJSON
import Glibc
import Model

/// Writes tapes (JSON Lines). Each line goes out in one piece, so that a crash leaves at most the last one incomplete.
public struct TapeWriter: ~Copyable {
    private let output: TapeOutput
    private let validity = JSONValidity()

    /// Begins a tape in a new file. An existing one is not overwritten.
    public init(path: String, header: TapeHeader, state: JSON? = nil) throws(TapeError) {
        let output = try TapeOutput(file: TapeFile(writing: path))
        try output.put(TapeWriter.bytes(of: header, state: state))
        self.output = output
    }

    /// Begins a tape on an open descriptor, which stays open.
    public init(descriptor: Int32, name: String, header: TapeHeader, state: JSON? = nil) throws(TapeError) {
        let output = TapeOutput(file: TapeFile(descriptor, name: name))
        try output.put(TapeWriter.bytes(of: header, state: state))
        self.output = output
    }

    public func write(_ line: TapeLine) throws(TapeError) {
        try output.put(TapeWriter.bytes(of: line, validity))
    }

    // MARK: Lines as bytes

    /// The first line, and the second one where there is a state; with their line ends.
    public static func bytes(of header: TapeHeader, state: JSON? = nil) -> [UInt8] {
        var bytes = header.json.serializedBytes()
        bytes.append(UInt8(ascii: "\n"))
        if let state {
            (["state": state] as JSON).write(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// A line with its line end.
    public static func bytes(of line: TapeLine) -> [UInt8] { bytes(of: line, JSONValidity()) }

    static func bytes(of line: TapeLine, _ validity: JSONValidity) -> [UInt8] {
        switch line {
        case .tick(let at, let runtime, let count):
            let tick: JSON = ["at": .string(at.description), "runtime": .string(runtime), "tick": .int(count)]
            return tick.serializedBytes() + "\n".utf8
        case .exchange(let observation):
            return bytes(of: observation, validity)
        case .event(let at, let event):
            var line: JSONObject = ["at": .string(at.description), "event": .string(event.name)]
            switch event {
            case .command(let kind, let actor, let arguments):
                line.append("kind", .string(kind))
                line.append("actor", .string(actor))
                line.append("arguments", .string(arguments))
            case .killSwitch(let isOn): line.append("on", .bool(isOn))
            case .settings(let document): line.append("settings", document)
            }
            return JSON.object(line).serializedBytes() + "\n".utf8
        }
    }

    /// From this size on a body's length stands before it, so that a reader need not look for its end.
    static let announcedSize = 4_096

    private static func bytes(of observation: Observation, _ validity: JSONValidity) -> [UInt8] {
        var line: JSONObject = [
            "at": .string(observation.at.description), "runtime": .string(observation.runtime),
            "replica": .string(observation.replica), "path": .string(observation.endpoint.path),
        ]
        switch observation.outcome {
        case .failure(let failure, let detail):
            line.append("error", .string(failure.rawValue))
            if !detail.isEmpty { line.append("detail", .string(detail)) }
            line.append("elapsed_ms", .figure(observation.elapsedMilliseconds))
            return JSON.object(line).serializedBytes() + "\n".utf8
        case .answer(let answer):
            line.append("status", .int(Int64(answer.status)))
            line.append("elapsed_ms", .figure(observation.elapsedMilliseconds))
            if let date = answer.date { line.append("date", .string(date.httpDate)) }
            return answer.body.storage.withBytes { body in finish(line, answer, UnsafeRawBufferPointer(body), validity)
            }
        }
    }

    private static func finish(
        _ line: JSONObject, _ answer: Observation.Answer, _ body: UnsafeRawBufferPointer, _ validity: JSONValidity
    ) -> [UInt8] {
        var line = line
        let kind: TapeContent =
            if validity.isJSON(body) { .body } else if String(validating: body, as: UTF8.self) != nil { .text } else {
                .base64
            }
        if answer.contentType != kind.impliedType { line.append("content_type", .optional(answer.contentType)) }
        if let location = answer.location { line.append("location", .string(location)) }
        if let encoding = answer.remarks.encoding { line.append("content_encoding", .string(encoding)) }
        if let lacking = answer.remarks.lacking { line.append("login_lacking", .string(lacking)) }
        if let login = answer.remarks.login { line.append("wants_login", .string(login)) }
        if let proxy = answer.remarks.proxy { line.append("through_proxy", .string(proxy)) }
        switch kind {
        case .body:
            if body.count >= announcedSize { line.append("bytes", .int(Int64(body.count))) }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(body.count + 512)
            JSON.object(line).write(to: &bytes)
            bytes.removeLast()
            bytes += #","body":"#.utf8
            let start = bytes.count
            bytes.append(contentsOf: body)
            // A document may hold line ends between its values, and only there: a string cannot.
            if memchr(body.baseAddress!, 0x0A, body.count) != nil || memchr(body.baseAddress!, 0x0D, body.count) != nil {
                for index in start..<bytes.count where bytes[index] == 0x0A || bytes[index] == 0x0D {
                    bytes[index] = 0x20
                }
            }
            bytes += "}\n".utf8
            return bytes
        case .text:
            line.append("text", .string(String(decoding: body, as: UTF8.self)))
            return JSON.object(line).serializedBytes() + "\n".utf8
        case .base64:
            line.append("base64", .string(Base64.encode(body)))
            return JSON.object(line).serializedBytes() + "\n".utf8
        }
    }
}

/// How a tape holds the bytes of an answer.
enum TapeContent {
    case body, text, base64

    /// The content type that the form stands for; another one is written out (null for none).
    var impliedType: String? {
        switch self {
        case .body: "application/json"
        case .text: "text/plain; charset=utf-8"
        case .base64: "application/octet-stream"
        }
    }
}

/// Tells JSON from what is not, keeping its memory from one body to the next.
final class JSONValidity {
    private let scanner = csimdjson_scanner_create()

    deinit { csimdjson_scanner_destroy(scanner) }

    /// Behind the bytes lies a body's padding.
    func isJSON(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let scanner, let base = bytes.baseAddress, !bytes.isEmpty else { return false }
        return csimdjson_is_json(scanner, base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
}

/// Where a tape goes.
private struct TapeOutput {
    let file: TapeFile

    func put(_ bytes: [UInt8]) throws(TapeError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw TapeError(writing: file.name, errno)
            }
            rest = rest.dropFirst(count)
        }
    }
}
