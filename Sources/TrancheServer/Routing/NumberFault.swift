import FoundationEssentials
import Tranche

/// Finds the number of a body that its field cannot hold: the decoder does not say where it stands.
enum NumberFault {
    /// A number that is no whole number of 64 bits, or is written as one is not.
    private struct Place {
        let pointer: String
        let range: Range<Int>
    }

    /// The longest body that is looked into, in bytes.
    private static let longest = 64 << 10

    /// Says which number does not fit.
    ///
    /// - Parameters:
    ///   - body: The body, strict JSON that the decoder refuses without a place.
    ///   - type: What it was decoded as.
    /// - Returns: The refusal, 400; of several such numbers it names the last.
    static func refusal<Body: Decodable>(in body: [UInt8], as type: Body.Type) -> Refusal {
        guard let place = find(in: body, as: type) else {
            return Refusal(
                400,
                "invalid_field",
                "the body cannot be read; a number of it may not fit in its field",
                field: ""
            )
        }
        return Refusal(
            400,
            "invalid_field",
            "'\(place.pointer)' is not a whole number of 64 bits",
            field: place.pointer
        )
    }

    /// Finds it by halves: with a 0 in the place of all numbers up to it, the others fit.
    private static func find<Body: Decodable>(in body: [UInt8], as type: Body.Type) -> Place? {
        guard body.count <= longest else { return nil }
        var places: [Place] = []
        collect(body[...], "", &places)
        guard fits(body, without: places[...], as: type) else { return nil }
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if fits(body, without: places[..<middle], as: type) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low > 0 ? places[low - 1] : nil
    }

    private static func fits<Body: Decodable>(
        _ body: [UInt8],
        without places: ArraySlice<Place>,
        as type: Body.Type
    ) -> Bool {
        var body = body
        for place in places {
            for index in place.range { body[index] = UInt8(ascii: " ") }
            body[place.range.lowerBound] = UInt8(ascii: "0")
        }
        do {
            _ = try JSONDecoder().decode(type, from: Data(body))
            return true
        } catch DecodingError.dataCorrupted(let context) {
            return !context.codingPath.isEmpty
        } catch {
            // What else is wrong is no matter of numbers.
            return true
        }
    }

    private static func collect(
        _ text: ArraySlice<UInt8>,
        _ pointer: String,
        _ places: inout [Place]
    ) {
        let blank = UInt8(ascii: " ")
        guard let first = text.firstIndex(where: { $0 > blank }),
            let last = text.lastIndex(where: { $0 > blank })
        else { return }
        let value = text[first...last]
        switch value[first] {
        case UInt8(ascii: "{"):
            let members = value.withUnsafeBufferPointer { StrictJSON.look(at: $0).members }
            for member in members {
                let range = first + member.value.lowerBound..<first + member.value.upperBound
                collect(
                    value[range],
                    "\(pointer)/\(BodyMembers.escaped(member.name))",
                    &places
                )
            }
        case UInt8(ascii: "["):
            for (index, element) in BodyMembers.elements(of: value).enumerated() {
                collect(element, "\(pointer)/\(index)", &places)
            }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let number = String(decoding: value, as: UTF8.self)
            if Int64(number) == nil {
                places.append(Place(pointer: pointer, range: first..<last + 1))
            }
        default: return
        }
    }
}
