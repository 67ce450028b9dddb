import Glibc
import Model

/// The recorded answers of a real runtime.
///
/// Looked for, file by file, below `MOZAIKS_FIXTURES`, below `shared/fixtures/runtime` beside the repository, and in
/// the copies in `Tests/Fixtures/runtime` that every clone has.
public enum Fixtures {
    public struct Missing: Error, CustomStringConvertible {
        public let path: String
        public var description: String { "no recorded answer \(path) below \(Fixtures.roots.joined(separator: ", "))" }
    }

    /// Where recordings may be, the preferred place first.
    public static let roots: [String] = [shared, copies].compactMap { $0 }

    /// The copies inside the repository.
    public static let copies = repository + "/Tests/Fixtures/runtime"

    /// The recordings beside the repository, or where `MOZAIKS_FIXTURES` says; nil when there are none.
    public static let shared: String? = {
        if let named = getenv("MOZAIKS_FIXTURES") { return String(cString: named) }
        var folder = repository[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            let candidate = folder + "/shared/fixtures/runtime"
            if access(String(candidate), R_OK) == 0 { return String(candidate) }
        }
        return nil
    }()

    /// The folder that this clone is in.
    public static let repository: String = {
        // …/Tests/TestKit/Fixtures.swift
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    /// The bytes of a recording such as `busy/aggregate.json`.
    public static func bytes(_ path: String) throws -> [UInt8] {
        for root in roots {
            if let bytes = read(root + "/" + path) { return bytes }
        }
        throw Missing(path: path)
    }

    public static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }

    /// The whole answer: status and headers from `NAME.headers`, the body from `NAME.json` or `NAME.txt`.
    public static func answer(_ name: String) throws -> Observation.Answer {
        let head = try headers(name)
        let body = try (try? bytes(name + ".json")) ?? bytes(name + ".txt")
        return .init(
            status: head.status, date: head.fields["date"].flatMap { Timestamp(httpDate: $0) },
            contentType: head.fields["content-type"], body: Body(body))
    }

    /// Status line and header fields (lower-case names) of a recording.
    public static func headers(_ name: String) throws -> (status: Int, fields: [String: String]) {
        var fields: [String: String] = [:]
        var status = 0
        for line in try text(name + ".headers").split(whereSeparator: \.isNewline) {
            if line.hasPrefix("HTTP/") {
                status = Int(line.split(separator: " ")[1]) ?? 0
            } else if let colon = line.firstIndex(of: ":") {
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                fields[line[..<colon].lowercased()] = String(value)
            }
        }
        return (status, fields)
    }

    /// Names of the files in a folder below a root, sorted by bytes.
    public static func files(in folder: String, of root: String) -> [String] {
        guard let directory = opendir(root + "/" + folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The contents of a file, nil when it cannot be read.
    public static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return ferror(file) == 0 ? bytes : nil }
            bytes += chunk[..<count]
        }
    }
}
