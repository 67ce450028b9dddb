/// What comes of a runtime's health check, in words for people.
public enum HealthWords {
    /// Of a check that does not come while other endpoints answer: it asks MongoDB, and waits up to 30 s for it.
    public static let waits = "the rest of it answers, so in most cases MongoDB cannot be reached"

    /// `unhealthy for want of MongoDB: Health check failed: 10.0.0.9:27017: [Errno 111] Connection refused`
    /// - Parameter detail: what the runtime said of it, made fit for a line; nil where it said nothing.
    public static func unhealthy(_ detail: String?) -> String {
        guard let detail, !detail.isEmpty else { return "unhealthy" }
        return "unhealthy\(meansMongo(detail) ? " for want of MongoDB" : ""): \(detail)"
    }

    /// Whether it is MongoDB's driver that speaks and does not say so: its port, or how it describes the servers that it looks for.
    private static func meansMongo(_ detail: String) -> Bool {
        guard !["Mongo", "mongo"].contains(where: { detail.firstIndex(ofBytes: $0) != nil }) else { return false }
        return [":27017", "TopologyDescription"].contains { detail.firstIndex(ofBytes: $0) != nil }
    }
}
