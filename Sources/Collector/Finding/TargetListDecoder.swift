import Model

/// Reads a list of targets. It is our own when it comes from memory, and anybody's when it comes from a tape.
enum TargetListDecoder {
    /// Of a URL, in bytes.
    private static let longestURL = 2_048

    static func decode(_ body: Body) throws(MalformedBody) -> TargetList {
        var reader = try ObjectReader(body)
        let root = reader.root
        guard let listed = reader.array("replicas", in: root) else { throw MalformedBody("no list of replicas in it") }
        var replicas: [String] = []
        for item in listed {
            guard let url = item.string, !url.isEmpty, url.utf8.count <= longestURL else {
                throw MalformedBody("a replica that is no URL")
            }
            replicas.append(url)
        }
        var labels: [String: String] = [:]
        for member in reader.object("labels", in: root) ?? JSONObject() {
            guard let value = member.value.string else { throw MalformedBody("a label that is no text") }
            labels[member.key] = value
        }
        return TargetList(
            source: PlainText.bounded(reader.string("source", in: root) ?? ""), replicas: replicas, labels: labels,
            remark: reader.string("remark", in: root).map { PlainText.bounded($0) })
    }
}
