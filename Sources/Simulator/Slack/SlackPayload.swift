import JSONParsing
import Model

/// A post to an incoming webhook, judged as Slack judges it.
public struct SlackPayload: Sendable {
    /// What Slack answers.
    public enum Verdict: Sendable, Equatable {
        case ok
        /// Status 400 with this word as its body.
        case refused(String)
    }

    public let verdict: Verdict
    /// The payload as posted; null when it is not JSON.
    public let document: JSON
    /// What is wrong or unwise, each with its place (`blocks[2].text: 3101 characters, 3000 allowed`).
    public let remarks: [String]

    /// - Parameter body: the JSON document, as posted with `application/json`.
    public init(body: [UInt8]) {
        guard let document = try? JSON(parsing: body), document.object != nil else {
            (verdict, self.document, remarks) = (.refused("invalid_payload"), .null, ["not a JSON object"])
            return
        }
        self.document = document
        var review = SlackReview()
        review.check(document)
        verdict = review.refusal.map { .refused($0) } ?? .ok
        remarks = review.remarks
    }
}

/// The limits of Block Kit (api.slack.com/reference/block-kit/blocks), in characters.
private struct SlackReview {
    private(set) var refusal: String?
    private(set) var remarks: [String] = []
    private var blockIDs: Set<String> = []

    mutating func check(_ document: JSON) {
        let text = document["text"]?.string ?? ""
        let blocks = document["blocks"]?.array
        let attachments = document["attachments"]?.array
        guard !text.isEmpty || !(blocks ?? []).isEmpty || !(attachments ?? []).isEmpty else {
            return refuse("no_text", "neither text nor blocks")
        }
        if text.isEmpty { remarks.append("text: missing; notifications and screen readers have nothing to show") }
        if text.unicodeScalars.count > 40_000 { refuse("msg_too_long", "text: above 40000 characters") }
        if document["blocks"] != nil, blocks == nil { refuse("invalid_blocks", "blocks: not an array") }
        check(blocks ?? [], at: "blocks")
        for (index, attachment) in (attachments ?? []).enumerated() {
            check(attachment["blocks"]?.array ?? [], at: "attachments[\(index)].blocks")
        }
        if (attachments ?? []).count > 100 { refuse("too_many_attachments", "attachments: above 100") }
    }

    private mutating func refuse(_ word: String, _ remark: String) {
        if refusal == nil { refusal = word }
        remarks.append(remark)
    }

    private mutating func check(_ blocks: [JSON], at place: String) {
        if blocks.count > 50 { refuse("invalid_blocks", "\(place): \(blocks.count) blocks, 50 allowed") }
        for (index, block) in blocks.enumerated() { check(block, at: "\(place)[\(index)]") }
    }

    private mutating func check(_ block: JSON, at place: String) {
        if let id = block["block_id"]?.string {
            limit(id, 255, at: "\(place).block_id")
            if !blockIDs.insert(id).inserted { refuse("invalid_blocks", "\(place).block_id: stands twice") }
        }
        switch block["type"]?.string {
        case "header":
            text(block["text"], ["plain_text"], 150, at: "\(place).text")
        case "section":
            let fields = block["fields"]?.array ?? []
            if block["text"] != nil || fields.isEmpty {
                text(block["text"], ["mrkdwn", "plain_text"], 3_000, at: "\(place).text")
            }
            if fields.count > 10 { refuse("invalid_blocks", "\(place).fields: \(fields.count), 10 allowed") }
            for (index, field) in fields.enumerated() {
                text(field, ["mrkdwn", "plain_text"], 2_000, at: "\(place).fields[\(index)]")
            }
            if let accessory = block["accessory"] { element(accessory, at: "\(place).accessory") }
        case "context":
            elements(block, 1...10, at: place) { review, element, place in
                if element["type"] != "image" { review.text(element, ["mrkdwn", "plain_text"], 3_000, at: place) }
            }
        case "actions":
            elements(block, 1...25, at: place) { review, element, place in review.element(element, at: place) }
        case "image":
            limit(block["alt_text"]?.string, 2_000, at: "\(place).alt_text")
            limit(block["image_url"]?.string, 3_000, at: "\(place).image_url")
        case "divider", "rich_text", "video", "file": break
        case let type: refuse("invalid_blocks", "\(place).type: \(type ?? "missing")")
        }
    }

    private mutating func elements(
        _ block: JSON, _ range: ClosedRange<Int>, at place: String, _ each: (inout SlackReview, JSON, String) -> Void
    ) {
        let elements = block["elements"]?.array ?? []
        if !range.contains(elements.count) {
            refuse("invalid_blocks", "\(place).elements: \(elements.count), \(range.upperBound) allowed")
        }
        for (index, element) in elements.enumerated() { each(&self, element, "\(place).elements[\(index)]") }
    }

    private mutating func element(_ element: JSON, at place: String) {
        guard element["type"] == "button" else { return }
        text(element["text"], ["plain_text"], 75, at: "\(place).text")
        if let url = element["url"]?.string { limit(url, 3_000, at: "\(place).url") }
        if let value = element["value"]?.string { limit(value, 2_000, at: "\(place).value") }
    }

    private mutating func text(_ object: JSON?, _ types: [String], _ characters: Int, at place: String) {
        guard let object, let type = object["type"]?.string, types.contains(type) else {
            return refuse("invalid_blocks", "\(place): not a text object of \(types.joined(separator: " or "))")
        }
        limit(object["text"]?.string, characters, at: place)
    }

    private mutating func limit(_ text: String?, _ characters: Int, at place: String) {
        let count = text?.unicodeScalars.count ?? 0
        if count == 0 {
            refuse("invalid_blocks", "\(place): empty")
        } else if count > characters {
            refuse("invalid_blocks", "\(place): \(count) characters, \(characters) allowed")
        }
    }
}
