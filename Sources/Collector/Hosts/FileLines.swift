/// The lines of a file of the kernel's, as words. Made for foreign bytes: nothing in them is trusted to be what it should.
struct FileLines {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The words of each line, in order. White space and `=` part them; a colon at a word's end is no part of it.
    var lines: some Sequence<[ArraySlice<UInt8>]> {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: true).lazy.map { line in
            line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x3D }.map { $0.last == 0x3A ? $0.dropLast() : $0 }
        }
    }

    /// The words behind the first one of the first line that begins with it; nil without such a line.
    func values(of name: String) -> [ArraySlice<UInt8>]? {
        lines.first { $0.first?.elementsEqual(name.utf8) ?? false }.map { Array($0.dropFirst()) }
    }

    /// The number behind a name.
    func count(of name: String) -> Int64? { values(of: name)?.first.flatMap(FileLines.count) }

    var firstLine: [ArraySlice<UInt8>] { lines.first { _ in true } ?? [] }

    /// What no counter of a kernel's comes near.
    static let most = Int64(1) << 60

    /// Digits as a number; nil for anything else, and beyond `most`.
    static func count(_ word: ArraySlice<UInt8>) -> Int64? {
        guard !word.isEmpty, word.count <= 19 else { return nil }
        var value: Int64 = 0
        for byte in word {
            guard (0x30...0x39).contains(byte) else { return nil }
            let (ten, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, beyond) = ten.addingReportingOverflow(Int64(byte - 0x30))
            guard !over, !beyond else { return nil }
            value = sum
        }
        return value <= most ? value : nil
    }

    /// A number with or without a fraction; nil for anything else, for negative ones and for what is beyond counting.
    static func amount(_ word: ArraySlice<UInt8>) -> Double? {
        guard !word.isEmpty, word.count <= 32, word.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }),
            let value = Double(String(decoding: word, as: UTF8.self)), value < 1e15
        else { return nil }
        return value
    }
}
