import FuzzKit
import Glibc
import Testing

/// What fuzzers found, and what reaches furthest into the readers: once through each in every run of the tests. `make fuzz` looks for more.
@Suite struct CorpusTests {
    private static let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Fuzz/corpus"

    @Test("each input of the corpus is read, and what its reader promises holds", arguments: FuzzedReader.allCases)
    func replayed(reader: FuzzedReader) throws {
        let inputs = Self.names(Self.folder + "/" + reader.rawValue)
        #expect(!inputs.isEmpty)
        for name in inputs {
            let bytes = try #require(Self.bytes("\(Self.folder)/\(reader.rawValue)/\(name)"))
            #expect(reader.read(bytes) == nil, "\(name)")
        }
    }

    @Test("no folder of the corpus is of a reader that is gone")
    func folders() {
        #expect(Set(Self.names(Self.folder)) == Set(FuzzedReader.allCases.map(\.rawValue)))
    }

    private static func names(_ folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}
