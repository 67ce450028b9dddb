import FuzzKit
import Glibc

/// What libFuzzer calls: the reader that the environment names, or the one that the first byte picks.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let reader = Chosen.reader ?? Chosen.pick(&bytes) else { return -1 }
    if let broken = reader.read(bytes) {
        fatalError("\(reader.rawValue): \(broken)")
    }
    return 0
}

private enum Chosen {
    static let reader = getenv("FUZZED_READER").flatMap { FuzzedReader(rawValue: String(cString: $0)) }

    static func pick(_ bytes: inout [UInt8]) -> FuzzedReader? {
        guard let first = bytes.first else { return nil }
        bytes.removeFirst()
        return FuzzedReader.allCases[Int(first) % FuzzedReader.allCases.count]
    }
}
