/// A value that can stand in for one that cannot be read, while the rest of a document is looked through for more
/// mistakes. Nobody gets to see it.
package protocol Placeholding {
    /// The value.
    static var placeholder: Self { get }
}

extension Bool: Placeholding { package static var placeholder: Bool { false } }
extension String: Placeholding { package static var placeholder: String { "" } }
extension Array: Placeholding { package static var placeholder: [Element] { [] } }
extension IndexList: Placeholding { package static var placeholder: IndexList { IndexList([]) } }

/// What stands in for a value of a type; `nil` for types that have nothing of the kind.
func placeholder<Value>(for type: Value.Type) -> Value? {
    func first<Cases: CaseIterable>(_ type: Cases.Type) -> Any? { type.allCases.first }
    func zero<Number: ExpressibleByIntegerLiteral>(_ type: Number.Type) -> Any { 0 as Number }
    let found: Any? =
        switch type {
        case let type as any Placeholding.Type: type.placeholder as Any
        case let type as any ExpressibleByIntegerLiteral.Type: zero(type)
        case let type as any CaseIterable.Type: first(type)
        default: nil
        }
    return found as? Value
}

/// A list that is read element by element, those left out that cannot be read.
protocol ElementwiseReadable {
    static func read(_ field: JSONField, _ record: ReadingRecord) -> Self?
}

extension Array: ElementwiseReadable where Element: Decodable {
    static func read(_ field: JSONField, _ record: ReadingRecord) -> [Element]? {
        guard let fields = field.arrayValue else { return nil }
        var result: [Element] = []
        for field in fields where !record.isFull {
            if let element = try? field.read(Element.self, record) { result.append(element) }
        }
        return result
    }
}
