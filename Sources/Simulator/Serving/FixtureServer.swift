import Ambient
import Glibc
import JSONParsing
import Model
import Server
import Synchronization

/// Replays a folder of recorded answers by method and path: status, headers (`date` included) and body as recorded.
///
/// `INDEX.json`, in the folder or in the one above, says which recording belongs to which request. Where several belong
/// to one, as in a series, each request is given the next, and the last one stays.
public final class FixtureServer: Sendable {
    /// Why a folder cannot be replayed.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let folder: String
        public let cause: String
        public var hint: String { "name a folder that has recordings and an INDEX.json in it or above it" }
        public var description: String { "replay \(folder): \(cause) (\(hint))" }
    }

    private struct Recording: Sendable {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: [UInt8]
    }

    private let server: HTTPServer
    private let box: Box

    private final class Box: Sendable {
        let recordings: [String: [Recording]]
        let served = Mutex<[String: Int]>([:])
        init(_ recordings: [String: [Recording]]) { self.recordings = recordings }
    }

    /// - Parameters:
    ///   - folder: for example `fixtures/runtime/busy`.
    ///   - only: names of recordings without their ending (`aggregate-nan-cost-500`) that are replayed; nil: all.
    public init(
        folder: String, only: Set<String>? = nil, listen host: String = "127.0.0.1", port: UInt16 = 0
    ) throws(Failure) {
        let box = Box(try Self.load(folder, only: only))
        self.box = box
        server = HTTPServer(listen: host, port: port) { Self.serve($0, box) }
    }

    public func start() throws(ServerError) { try server.start() }
    public func stop() { server.stop() }
    public var port: UInt16 { server.port }
    public var url: String { server.url }
    /// How often each request was answered, `GET /api/health`.
    public var served: [String: Int] { box.served.withLock { $0 } }

    private static func serve(_ request: ServerRequest, _ box: Box) -> ServerResponse {
        let key = "\(request.method) \(request.path)"
        guard let recordings = box.recordings[key], let last = recordings.last else {
            return .json(#"{"detail":"Not Found"}"#, status: 404)
        }
        let index = box.served.withLock { served in
            served[key, default: 0] += 1
            return (served[key] ?? 1) - 1
        }
        let recording = index < recordings.count ? recordings[index] : last
        return ServerResponse(status: recording.status, headers: recording.headers, body: recording.body)
    }

    // MARK: - Loading

    private static func load(_ folder: String, only: Set<String>?) throws(Failure) -> [String: [Recording]] {
        var folder = folder
        while folder.utf8.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        let name = String(folder.split(separator: "/").last ?? "")
        var recordings: [String: [Recording]] = [:]
        for (file, key) in try entries(folder, name: name) {
            let stem = String(file.prefix { $0 != "." })
            guard only?.contains(stem) ?? true, let body = read("\(folder)/\(file)"),
                let head = read("\(folder)/\(stem).headers")
            else { continue }
            let (status, headers) = parse(head: head)
            recordings[key, default: []].append(Recording(status: status, headers: headers, body: body))
        }
        guard !recordings.isEmpty else { throw Failure(folder: folder, cause: "no recording of a known request") }
        return recordings
    }

    /// Files of the folder with the request each belongs to, in the order of the index.
    private static func entries(_ folder: String, name: String) throws(Failure) -> [(file: String, key: String)] {
        guard let bytes = read("\(folder)/INDEX.json") ?? read("\(folder)/../INDEX.json") else {
            throw Failure(folder: folder, cause: "no INDEX.json")
        }
        guard let index = (try? JSON(parsing: bytes))?.array else {
            throw Failure(folder: folder, cause: "INDEX.json is not an array")
        }
        return index.compactMap { entry in
            guard let path = entry["file"]?.string, let method = entry["method"]?.string,
                let target = entry["path"]?.string
            else { return nil }
            let parts = path.split(separator: "/")
            guard parts.count == 1 || parts.dropLast().last.map({ $0.isSame(as: name) }) == true,
                let file = parts.last
            else { return nil }
            return (String(file), "\(method) \(target.prefix { $0 != "?" })")
        }
    }

    private static func parse(head: [UInt8]) -> (status: Int, headers: [(name: String, value: String)]) {
        var status = 200
        var headers: [(name: String, value: String)] = []
        for line in String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if line.hasPrefix("HTTP/") {
                status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 200
            } else if let colon = line.firstIndex(of: ":") {
                let name = line[..<colon].lowercased()
                // Length and connection are the server's own.
                guard name != "content-length", name != "connection", name != "transfer-encoding" else { continue }
                headers.append((name: name, value: String(line[line.index(after: colon)...].drop { $0 == " " })))
            }
        }
        return (status, headers)
    }

    private static func read(_ path: String) -> [UInt8]? {
        // A named pipe among them would be waited for, signals or not.
        guard let file = try? RegularFile.open(path) else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return count == 0 ? bytes : nil }
            bytes += chunk[..<count]
        }
    }
}
