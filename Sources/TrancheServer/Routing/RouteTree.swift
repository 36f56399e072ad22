/// Routes by their paths' parts: a request is compared with those alone that it may be for.
struct RouteTree: Sendable {
    /// What stands behind the parts that lead here.
    private struct Node: Sendable {
        var words: [String: Int] = [:]
        var parameter: Int?
        /// The routes that end here, in the order in which they are told.
        var routes: [Int] = []
    }

    private let routes: [Route]
    /// The first is where all begin.
    private let nodes: [Node]

    init(_ routes: [Route]) {
        var nodes = [Node()]
        for (number, route) in routes.enumerated() {
            var place = 0
            for segment in route.segments {
                let isParameter = segment.hasPrefix("{")
                let known = isParameter ? nodes[place].parameter : nodes[place].words[segment]
                let next = known ?? nodes.count
                if next == nodes.count { nodes.append(Node()) }
                if isParameter {
                    nodes[place].parameter = next
                } else {
                    nodes[place].words[segment] = next
                }
                place = next
            }
            nodes[place].routes.append(number)
        }
        (self.routes, self.nodes) = (routes, nodes)
    }

    /// The route of a method and a path.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - parts: The path's parts.
    /// - Returns: The first route of them; `nil` where there is none.
    func route(_ method: String, _ parts: ArraySlice<String>) -> Route? {
        numbers(of: parts).lazy.map { routes[$0] }.first { $0.method == method }
    }

    /// The methods of the routes of a path; empty where there is none.
    func methods(of parts: ArraySlice<String>) -> [String] {
        numbers(of: parts).map { routes[$0].method }
    }

    /// The routes that a path is of, in the order in which they are told.
    private func numbers(of parts: ArraySlice<String>) -> [Int] {
        var places = [0]
        for part in parts {
            var next: [Int] = []
            for place in places {
                if let word = nodes[place].words[part] { next.append(word) }
                if let parameter = nodes[place].parameter { next.append(parameter) }
            }
            if next.isEmpty { return [] }
            places = next
        }
        let found = places.flatMap { nodes[$0].routes }
        return places.count > 1 ? found.sorted() : found
    }
}

extension Route {
    /// The parameters in a path that is of this route, by name.
    func parameters(in parts: ArraySlice<String>) -> [String: String] {
        var found: [String: String] = [:]
        for (place, name) in parameters where place < parts.count {
            found[name] = parts[parts.startIndex + place]
        }
        return found
    }
}
