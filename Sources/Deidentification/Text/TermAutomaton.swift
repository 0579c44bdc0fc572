/// Finds many terms in one pass over a text (Aho and Corasick).
///
/// The work is linear in the length of the text and the number of finds. A term is any sequence of characters; of equal ones
/// each is found.
struct TermAutomaton: Sendable {
    private var edges = EdgeTable()
    /// By node: the longest other beginning of a term that the text so far ends with.
    private var fallbacks: [Int32] = [0]
    /// By node: the nearest node on the way of fallbacks where a term ends; 0 when there is none.
    private var nextEnds: [Int32] = [0]
    /// By node: the first of the terms that end there, as an index of `links`; -1 when there is none.
    private var firstTerms: [Int32] = [-1]
    /// Terms with the same end, each with the index of the next one.
    private var links: [(term: Int32, next: Int32)] = []
    /// By term: its length.
    private var lengths: [Int] = []

    /// Takes terms; empty ones are never found.
    init(_ terms: [[UInt32]]) {
        var parents: [(parent: Int32, scalar: UInt32)] = [(0, 0)]
        var depths: [Int] = [0]
        for (term, scalars) in terms.enumerated() {
            lengths.append(scalars.count)
            guard !scalars.isEmpty else { continue }
            var node: Int32 = 0
            for scalar in scalars {
                if let next = edges[node, scalar] {
                    node = next
                    continue
                }
                let next = Int32(truncatingIfNeeded: parents.count)
                parents.append((node, scalar))
                depths.append(depths[Int(node)] + 1)
                firstTerms.append(-1)
                edges.insert(node, scalar, next)
                node = next
            }
            links.append((Int32(truncatingIfNeeded: term), firstTerms[Int(node)]))
            firstTerms[Int(node)] = Int32(truncatingIfNeeded: links.count - 1)
        }
        fallbacks = Array(repeating: 0, count: parents.count)
        nextEnds = fallbacks
        link(parents, depths)
    }

    /// Sets the fallbacks, of short beginnings first, because those of longer ones are made of them.
    private mutating func link(_ parents: [(parent: Int32, scalar: UInt32)], _ depths: [Int]) {
        var byDepth: [[Int]] = Array(repeating: [], count: (depths.max() ?? 0) + 1)
        for (node, depth) in depths.enumerated() { byDepth[depth].append(node) }
        for node in byDepth.dropFirst().joined() {
            let (parent, scalar) = parents[node]
            var fallback: Int32 = 0
            if parent != 0 {
                var candidate = fallbacks[Int(parent)]
                while candidate != 0, edges[candidate, scalar] == nil { candidate = fallbacks[Int(candidate)] }
                fallback = edges[candidate, scalar] ?? 0
            }
            fallbacks[node] = fallback
            nextEnds[node] = firstTerms[Int(fallback)] >= 0 ? fallback : nextEnds[Int(fallback)]
        }
    }

    /// The state in front of a text.
    static let start: Int32 = 0

    /// Takes the next character.
    ///
    /// - Parameter found: Called with each term that ends here, and its length.
    func advance(_ state: inout Int32, _ scalar: UInt32, _ found: (_ term: Int, _ length: Int) -> Void) {
        while true {
            if let next = edges[state, scalar] {
                state = next
                break
            }
            guard state != 0 else { return }
            state = fallbacks[Int(state)]
        }
        var node = firstTerms[Int(state)] >= 0 ? state : nextEnds[Int(state)]
        while node != 0 {
            var link = firstTerms[Int(node)]
            while link >= 0 {
                let (term, next) = links[Int(link)]
                found(Int(term), lengths[Int(term)])
                link = next
            }
            node = nextEnds[Int(node)]
        }
    }
}

/// The edges of a tree of characters: a hash table with open addressing, for there are many nodes with few edges each.
struct EdgeTable: Sendable {
    private var keys: [UInt64] = Array(repeating: 0, count: 64)
    private var nodes: [Int32] = Array(repeating: 0, count: 64)
    private var count = 0

    private static func key(_ node: Int32, _ scalar: UInt32) -> UInt64 {
        // Never 0, which marks a free place.
        UInt64(UInt32(bitPattern: node)) << 32 | UInt64(scalar) + 1
    }

    private func place(of key: UInt64) -> Int {
        let mask = keys.count - 1
        var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while keys[place] != 0, keys[place] != key { place = (place + 1) & mask }
        return place
    }

    /// The node that an edge leads to.
    subscript(node: Int32, scalar: UInt32) -> Int32? {
        let key = Self.key(node, scalar)
        let place = place(of: key)
        return keys[place] == key ? nodes[place] : nil
    }

    /// Adds an edge that is not there yet.
    mutating func insert(_ node: Int32, _ scalar: UInt32, _ next: Int32) {
        if count * 2 >= keys.count { grow() }
        let key = Self.key(node, scalar)
        let place = place(of: key)
        keys[place] = key
        nodes[place] = next
        count += 1
    }

    private mutating func grow() {
        let old = (keys, nodes)
        keys = Array(repeating: 0, count: old.0.count * 2)
        nodes = Array(repeating: 0, count: old.0.count * 2)
        for (key, node) in zip(old.0, old.1) where key != 0 {
            let place = place(of: key)
            keys[place] = key
            nodes[place] = node
        }
    }
}
