/// Which stretches of a condition's text show values, and which are terms of their own.
struct ConditionLayout {
    private var insertions: [(range: Range<Int>, piece: CompiledCondition.Piece)] = []
    private var terms: [(instruction: Int, range: Range<Int>)] = []

    mutating func insert(_ piece: CompiledCondition.Piece, _ range: Range<Int>) {
        insertions.append((range, piece))
    }

    mutating func term(_ instruction: Int, _ range: Range<Int>) {
        terms.append((instruction, range))
    }

    /// A stretch of the text with what thresholds in it are, and their names.
    func withThresholds(_ range: Range<Int>, of text: String) -> (text: String, names: [String]) {
        let bytes = Array(text.utf8)
        var (shown, names, at) = ("", [String](), range.lowerBound)
        for insertion in insertions.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            guard case .threshold(let name, let value) = insertion.piece else { continue }
            shown += String(decoding: bytes[at..<insertion.range.upperBound], as: UTF8.self) + " (\(value))"
            names.append(name)
            at = insertion.range.upperBound
        }
        return (ConditionLayout.folded(shown + String(decoding: bytes[at..<range.upperBound], as: UTF8.self)), names)
    }

    /// The text cut at every insertion and term.
    func pieces(of text: String) -> ([CompiledCondition.Piece], [CompiledCondition.Term]) {
        let bytes = Array(text.utf8)
        var cuts: Set<Int> = [0, bytes.count]
        for range in insertions.map(\.range) + terms.map(\.range) {
            cuts.formUnion([range.lowerBound, range.upperBound])
        }
        let ranges = insertions.map(\.range)
        // Inside an insertion nothing is cut: it is shown whole.
        let bounds = cuts.sorted().filter { cut in !ranges.contains { $0.lowerBound < cut && cut < $0.upperBound } }
        var pieces: [CompiledCondition.Piece] = []
        var starts: [Int] = []
        for (start, end) in zip(bounds, bounds.dropFirst()) {
            starts.append(start)
            if let place = ranges.firstIndex(of: start..<end) {
                pieces.append(insertions[place].piece)
            } else {
                pieces.append(
                    .text(ConditionLayout.folded(String(decoding: bytes[start..<end], as: UTF8.self), trim: false)))
            }
        }
        if case .text(let first)? = pieces.first, first.hasPrefix(" ") { pieces[0] = .text(String(first.dropFirst())) }
        if case .text(let last)? = pieces.last, last.hasSuffix(" ") {
            pieces[pieces.count - 1] = .text(String(last.dropLast()))
        }
        let placed = terms.sorted { $0.range.lowerBound < $1.range.lowerBound }.map { term in
            let from = starts.firstIndex { $0 >= term.range.lowerBound } ?? 0
            let to = starts.firstIndex { $0 >= term.range.upperBound } ?? starts.count
            return CompiledCondition.Term(instruction: term.instruction, pieces: from..<to, range: term.range)
        }
        return (pieces, placed)
    }

    /// Runs of white space as one space.
    static func folded(_ text: String, trim: Bool = true) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            let isSpace = byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
            if !isSpace { out.append(byte) } else if out.last != 0x20 { out.append(0x20) }
        }
        if trim {
            while out.last == 0x20 { out.removeLast() }
            if out.first == 0x20 { out.removeFirst() }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
