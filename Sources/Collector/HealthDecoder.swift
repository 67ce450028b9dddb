import Model

/// Reads `/api/health` when it answered 200.
enum HealthDecoder {
    static func decode(_ body: Body) throws(MalformedBody) -> Health {
        var reader = try ObjectReader(body)
        let root = reader.root
        // Without it nothing was said about health, and neither yes nor no may be put in its place.
        guard let status = reader.string("status", in: root) else { throw MalformedBody("no status in it") }
        var health = Health(isHealthy: status == "healthy", status: PlainText.bounded(status, limit: 60))
        if !health.isHealthy { health.detail = reader.root["detail"]?.string.map { PlainText.bounded($0) } }
        health.mongoPingMilliseconds = reader.double("mongodb_ping_ms", in: root)
        if let connections = reader.object("active_connections", in: root) {
            health.websocketConnections = reader.int("websocket_connections", in: connections)
        }
        health.malformedFields = reader.malformedFields
        return health
    }
}
