import Ambient
import Glibc
import Model
import Settings
import Synchronization

/// Replicas are listed in files, in the form in which Prometheus reads them. A file that changed is read anew; of one that is
/// broken, or half written, what it said before holds; where it never said anything, the other files are followed alone.
public final class FileTargets: TargetSource {
    /// The last segment of a path may hold `*`.
    private let paths: [String]
    public let refresh: TimeSpan
    /// By path: what it said last, and which file that was.
    private let read = Mutex<[String: Reading]>([:])
    private let call = BlockingCall<Result<TargetList, TargetFault>>()

    /// Of a network's file system that hangs.
    private static let patience = TimeSpan.seconds(5)

    private struct Reading {
        var version: FileVersion?
        var groups: TargetGroups?
        /// Why it could not be read; nil where it could.
        var fault: String?
    }

    public init(paths: [String], refresh: TimeSpan = .seconds(30)) {
        self.paths = paths
        self.refresh = refresh
    }

    public var name: String { "file_sd \(paths.joined(separator: ", "))" }

    public func find() async throws(TargetFault) -> TargetList {
        switch await call.run(patience: FileTargets.patience, { self.look() }) {
        case .answer(let result): return try result.get()
        case .timedOut, .stillBusy: throw TargetFault(.timeout, "the files cannot be read: their file system does not answer")
        case .noThread: throw TargetFault(.other, "this machine has no thread left to read with")
        }
    }

    private func look() -> Result<TargetList, TargetFault> {
        read.withLock { read in
            var all = TargetGroups()
            var (faults, isWhole) = ([String](), true)
            var kept: [String: Reading] = [:]
            for path in paths.flatMap(FileTargets.files) {
                let reading = FileTargets.read(path, before: read[path])
                kept[path] = reading
                if let fault = reading.fault { faults.append("\(path): \(fault)") }
                if let groups = reading.groups { all.add(groups) } else { isWhole = false }
            }
            // What a file said that no pattern leads to any more is forgotten.
            read = kept
            let remark = faults.isEmpty ? nil : faults.joined(separator: "; ")
            // One that never could be read says nothing of those that can; where these name nobody, nobody known is not nobody.
            guard isWhole || !all.replicas.isEmpty else { return .failure(TargetFault(.malformed, remark ?? "")) }
            return .success(TargetList(source: name, replicas: all.replicas, labels: all.labels, remark: remark))
        }
    }

    /// The files of a pattern, by their bytes; a path without a star is itself, whether there is such a file or not.
    static func files(_ path: String) -> [String] {
        guard path.utf8.contains(UInt8(ascii: "*")) else { return [path] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(path, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }.inByteOrder()
    }

    private static func read(_ path: String, before: Reading?) -> Reading {
        // Before its bytes: a change meanwhile is seen the next time.
        let version = FileVersion(path)
        if let before, version != nil, version == before.version { return before }
        var reading = Reading(version: version, groups: before?.groups)
        do {
            let bytes = try FileReading.source(path)
            let isJSON = path.lowercased().hasSuffix(".json")
            reading.groups = isJSON ? try TargetGroups(json: bytes) : try TargetGroups(yaml: bytes, file: path)
        } catch let flaw as TargetGroups.Flaw {
            reading.fault = flaw.reason
        } catch let failure as FileReading.Failure {
            reading.fault = failure.reason
        } catch {
            reading.fault = "it cannot be read"
        }
        if reading.fault != nil, reading.groups != nil { reading.fault? += "; what it said before holds" }
        return reading
    }
}
