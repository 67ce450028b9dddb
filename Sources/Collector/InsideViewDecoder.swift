import Model

/// Reads `/ops/runtime` when it answered 200.
enum InsideViewDecoder {
    /// As many as the extension lists, and some.
    private static let mostApps = 4_096

    static func decode(_ body: Body) throws(MalformedBody) -> InsideView {
        var reader = try ObjectReader(body)
        let root = reader.root
        // Another application may have a page of that name.
        guard reader.int("format", in: root) == 1, root["extension"]?.string != nil else {
            throw MalformedBody("not a page of the runtime extension")
        }
        var view = InsideView()
        if root["runs_tracked"]?.bool == true, root["complete"]?.bool == true {
            // A chat that is run twice at once is two runs: it costs what two cost.
            view.runs = (reader.int("tasks", in: root) ?? reader.int("runs", in: root)).map(bounded)
        }
        var seen: Set<AppID> = []
        for item in reader.array("apps", in: root) ?? [] {
            guard view.apps.count < mostApps, let row = item.object, let id = row["app_id"]?.string,
                id.utf8.count <= InsideView.longestID, let runs = row["runs"]?.int, seen.insert(AppID(id)).inserted
            else {
                // Also an app whose runs are null, as on builds that do not show them.
                view.isShortened = true
                continue
            }
            let coming = row["coming"]?.int ?? 0
            view.apps.append(.init(app: AppID(id), runs: bounded(row["tasks"]?.int ?? runs), coming: bounded(coming)))
        }
        if (reader.int("apps_omitted", in: root) ?? 0) > 0 { view.isShortened = true }
        if let loop = reader.object("loop", in: root), loop["lag_max_s"]?.isNull == false {
            view.loopLag = reader.double("lag_max_s", in: loop).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        }
        view.malformedFields = reader.malformedFields
        return view
    }

    private static func bounded(_ count: Int64) -> Int64 { min(max(count, 0), Int64(Int32.max)) }
}
