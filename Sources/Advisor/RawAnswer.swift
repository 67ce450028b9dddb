import JSONParsing
import Model

/// A model's answer with the right members of the right types. Its texts are not checked yet.
struct RawAnswer: Hashable, Sendable {
    var summary: String
    var likelyCause: String
    /// Nil: the model says that none fits.
    var playbook: String?
    var steps: [String]
    /// 0...1
    var confidence: Double

    static let members = ["summary", "likely_cause", "playbook", "suggested_steps", "confidence"]
    /// The longest content that is looked at, in bytes.
    static let contentLimit = 16 * 1_024

    /// Reads the content of an answer: one JSON object, alone or in one code fence, behind what a model thinks (up to its
    /// `</think>`, whether the beginning is there or not) and a line before the fence at most; without a byte order mark and a
    /// token of the model's for the end. Anything else around it is a fault.
    static func read(_ content: String) -> Result<RawAnswer, Faults> {
        guard content.utf8.count <= contentLimit else {
            return fail(Fault(.notAnAnswer, "", "the answer is longer than \(contentLimit) bytes"))
        }
        let body = unwrapped(content)
        guard !body.isEmpty else { return fail(Fault(.notAnAnswer, "", "the answer is empty")) }
        let document: JSONParser.Document
        do {
            let parser = JSONParser(limits: JSONParser.Limits(bytes: contentLimit, depth: 8))
            var bytes = Array(body.utf8)
            document = try bytes.withUnsafeMutableBytes { try parser.parse(UnsafeRawBufferPointer($0)) }
        } catch {
            return fail(
                Fault(
                    .notAnAnswer, "",
                    "the answer is not one JSON object and nothing else (\(error as? JSONError ?? JSONError(.syntax, at: 0)))"))
        }
        guard let object = document.value.object else {
            return fail(Fault(.notAnAnswer, "", "the answer is JSON, but not an object"))
        }
        var faults: [Fault] = []
        if document.duplicateKeys > 0 { faults.append(Fault(.shape, "", "a member stands twice")) }
        if document.loneSurrogates > 0 { faults.append(Fault(.character, "", "a broken character (lone surrogate)")) }
        for key in object.keys where !members.contains(key) {
            faults.append(Fault(.shape, "", "unknown member \(Fault.quoted(key))"))
        }
        let answer = read(object, &faults)
        guard faults.isEmpty, let answer else { return .failure(Faults(all: faults)) }
        return .success(answer)
    }

    private static func read(_ object: JSONObject, _ faults: inout [Fault]) -> RawAnswer? {
        func text(_ key: String) -> String? {
            guard let value = object[key] else {
                faults.append(Fault(.shape, key, "is missing"))
                return nil
            }
            if value.string == nil { faults.append(Fault(.shape, key, "must be a text")) }
            return value.string
        }
        let summary = text("summary")
        let cause = text("likely_cause")
        var playbook: String?
        switch object["playbook"] {
        case .string(let id)?: playbook = id
        case .null?: playbook = nil
        case nil: faults.append(Fault(.shape, "playbook", "is missing"))
        default: faults.append(Fault(.shape, "playbook", "must be a text or null"))
        }
        let steps = object["suggested_steps"]?.array
        if steps == nil { faults.append(Fault(.shape, "suggested_steps", "must be a list of texts")) }
        let texts = steps?.enumerated().compactMap { index, step -> String? in
            if step.string == nil { faults.append(Fault(.shape, "suggested_steps[\(index)]", "must be a text")) }
            return step.string
        }
        let confidence = object["confidence"]?.double
        if confidence.map({ !(0...1).contains($0) }) ?? true {
            faults.append(Fault(.shape, "confidence", "must be a number from 0 to 1"))
        }
        guard let summary, let cause, let texts, let confidence else { return nil }
        return RawAnswer(
            summary: summary, likelyCause: cause, playbook: playbook, steps: texts, confidence: confidence)
    }

    /// The content without what models and servers put around it.
    private static func unwrapped(_ content: String) -> Substring {
        var body = trimmed(content[...])
        // Only before the answer: inside its texts it is for the checks to find. One block may follow another.
        var isFirst = true
        while !body.hasPrefix("{"), isFirst || opensThought(body), let rest = afterThought(body) {
            body = trimmed(rest)
            isFirst = false
        }
        for end in ["<|im_end|>", "<|eot_id|>", "<|end|>", "<|endoftext|>", "</s>", "<end_of_turn>"] where body.hasSuffix(end) {
            body = trimmed(body.dropLast(end.count))
        }
        // A word or two before the fence, but no second one, and nothing behind it.
        if !body.hasPrefix("{"), body.hasSuffix("```"), let start = body.firstIndex(ofBytes: "```"),
            body[..<start].utf8.count <= 200, !body[..<start].utf8.contains(UInt8(ascii: "{"))
        {
            let inner = body[body.utf8.index(start, offsetBy: 3)...].dropLast(3)
            let rest = trimmed(inner.drop { $0.isASCII && $0.isLetter })
            if rest.hasPrefix("{") { body = rest }
        }
        return body
    }

    private static let thoughts = ["think", "thinking", "thought", "reasoning"]

    /// What stands behind the first end of a thought, in whatever case it is written.
    private static func afterThought(_ body: Substring) -> Substring? {
        let lower = lowered(body)
        let ends = thoughts.compactMap { name -> Int? in
            lower.firstIndex(ofBytes: "</\(name)>").map { lower.utf8.distance(from: lower.startIndex, to: $0) + name.utf8.count + 3 }
        }
        return ends.min().map { body[body.utf8.index(body.startIndex, offsetBy: $0)...] }
    }

    private static func opensThought(_ body: Substring) -> Bool {
        let lower = lowered(body)
        return thoughts.contains { lower.hasPrefix("<\($0)>") }
    }

    /// Byte for byte as long as the text: only ASCII changes its case.
    private static func lowered(_ text: Substring) -> String {
        String(decoding: text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }

    /// Without blanks around it, and without one byte order mark before it.
    private static func trimmed(_ text: Substring) -> Substring {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let start = text.utf8.firstIndex { !isBlank($0) } ?? text.endIndex
        let isMarked = text[start...].utf8.starts(with: mark)
        let utf8 = text[(isMarked ? text.utf8.index(start, offsetBy: 3) : start)...].utf8
        guard let first = utf8.firstIndex(where: { !isBlank($0) }), let last = utf8.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return text[first...last]
    }

    private static func fail(_ fault: Fault) -> Result<RawAnswer, Faults> { .failure(Faults(all: [fault])) }
}

/// Everything wrong with one answer.
struct Faults: Error, Hashable, Sendable {
    let all: [Fault]
}
