import Glibc

/// A new, empty folder (mode 0700) that goes away with the value, whatever is in it then.
public final class TemporaryFolder: Sendable {
    /// Absolute, without symbolic links.
    public let path: String

    /// - Parameter parent: an existing folder; nil for the system's place for such things.
    public init(in parent: String? = nil) {
        let place = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((place + "/mozaiks-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil, let resolved = realpath(template, nil) else {
            fatalError("no temporary folder in \(place): \(String(cString: strerror(errno)))")
        }
        path = String(cString: resolved)
        free(resolved)
    }

    deinit { TemporaryFolder.remove(path) }

    /// The path of something in the folder.
    public func path(_ name: String) -> String { path + "/" + name }

    /// Creates or replaces a file in the folder; returns its path.
    @discardableResult
    public func write(_ bytes: some Collection<UInt8>, to name: String) -> String {
        let target = path(name)
        let file = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(file >= 0, "cannot write \(target)")
        defer { close(file) }
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            precondition(count > 0, "cannot write \(target)")
            rest = rest.dropFirst(count)
        }
        return target
    }

    /// The same with text.
    @discardableResult
    public func write(_ text: String, to name: String) -> String { write(text.utf8, to: name) }

    /// The contents of a file in the folder; nil when there is none.
    public func read(_ name: String) -> [UInt8]? {
        let file = open(path(name), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            precondition(count >= 0, "cannot read \(path(name))")
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// The names in the folder, sorted by bytes.
    public var names: [String] {
        TemporaryFolder.names(in: path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in names(in: path) { remove(path + "/" + name) }
        rmdir(path)
    }
}
