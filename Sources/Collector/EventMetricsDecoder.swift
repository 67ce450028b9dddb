import Model

/// Reads `/api/events/metrics` when it answered 200.
enum EventMetricsDecoder {
    static func decode(_ body: Body) throws(MalformedBody) -> EventMetrics {
        var reader = try ObjectReader(body)
        guard let data = reader.object("data", in: reader.root) else { throw MalformedBody("no data in it") }
        // An answer without any of its figures is none, though it says success.
        guard data["created"] != nil || data["custom_events_by_type"] != nil || data["events_processed"] != nil else {
            throw MalformedBody("no figures in its data")
        }
        var metrics = EventMetrics()
        if let created = reader.string("created", in: data) {
            metrics.created = PlainText.bounded(created, limit: 60)
            metrics.createdAt = Timestamp(rfc3339: created)
        }
        if data["timestamp"] != nil, let now = reader.string("timestamp", in: data) {
            metrics.now = Timestamp(rfc3339: now)
        }
        if let events = reader.object("custom_events_by_type", in: data) {
            metrics.usageDelta = events["chat.usage_delta"] == nil ? 0 : reader.int("chat.usage_delta", in: events)
        } else if data["custom_events_by_type"] == nil {
            // The map comes into being with the first event.
            metrics.usageDelta = 0
        }
        metrics.malformedFields = reader.malformedFields
        return metrics
    }
}
