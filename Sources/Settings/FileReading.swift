import Ambient
import Glibc
import Model
import YAML

/// Reads files whole.
public enum FileReading {
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let path: String
        public let reason: String

        public var description: String { "cannot read \(path): \(reason)" }
    }

    /// At most `limit` bytes of a file; what is beyond is left out.
    public static func bytes(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let descriptor: Int32
        do {
            descriptor = try RegularFile.open(path)
        } catch {
            throw Failure(path: path, reason: error.reason)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < limit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Failure(path: path, reason: String(cString: strerror(errno)))
            }
            bytes += chunk[..<min(count, limit - bytes.count)]
        }
        return bytes
    }

    /// The whole of a file that a person wrote. One with more bytes than `longest` is refused, with the size that it has.
    public static func source(_ path: String, longest: Int = SourceText.longest) throws(Failure) -> [UInt8] {
        let bytes = try bytes(path, limit: longest + 1)
        guard bytes.count > longest else { return bytes }
        var info = stat()
        let size = stat(path, &info) == 0 && Int(info.st_size) > longest ? "\(info.st_size)" : "more than \(longest)"
        throw Failure(path: path, reason: "it has \(size) bytes; at most \(longest) are read")
    }

    /// The files `*.yaml` and `*.yml` of a folder that are not hidden, with their bytes, sorted by the bytes of their
    /// names. One that is too large is refused, with its name and its size.
    public static func yamlFiles(in folder: String) throws(Failure) -> [SourceFile] {
        try files(in: folder, endings: [".yaml", ".yml"])
    }

    /// Names of regular files in a folder that `files(in:endings:)` does not take, hidden ones left out; sorted by bytes.
    /// Empty for a folder that cannot be read: whoever reads its files says so.
    public static func otherNames(in folder: String, endings: [String]) -> [String] {
        (names(in: folder) ?? []).filter { name in
            !endings.contains(where: { name.hasSuffix($0) }) && kind(folder + "/" + name) == S_IFREG
        }
    }

    /// Names of folders in a folder, hidden ones left out; sorted by bytes. Empty where it cannot be read.
    public static func folders(in folder: String) -> [String] {
        (names(in: folder) ?? []).filter { kind(folder + "/" + $0) == S_IFDIR }
    }

    /// The same for files whose names end in one of `endings`.
    public static func files(in folder: String, endings: [String]) throws(Failure) -> [SourceFile] {
        guard let names = names(in: folder) else { throw Failure(path: folder, reason: String(cString: strerror(errno))) }
        var files: [SourceFile] = []
        for name in names where endings.contains(where: { name.hasSuffix($0) }) {
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            files.append(SourceFile(path: path, bytes: try source(path)))
        }
        return files
    }

    /// What is in a folder and not hidden, sorted by bytes; nil, with `errno`, where it cannot be opened.
    private static func names(in folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.inByteOrder()
    }

    /// `S_IFREG` and its kin, behind links; 0 for what leads nowhere.
    private static func kind(_ path: String) -> mode_t {
        var info = stat()
        return stat(path, &info) == 0 ? info.st_mode & S_IFMT : 0
    }
}
