import ModelGraph
import Rewriting
import TestSupport
import Testing

@Suite("Parts of the calibration data")
struct CalibrationPartsTests {
    @Test("eight of ten texts fit, one chooses, one judges, and no text is in two parts", arguments: [20, 57, 200])
    func parts(_ count: Int) throws {
        let texts = randomSequences(count, seed: 4)
        let set = try CalibrationSet(texts)
        #expect(set.fit.count + set.choosing.count + set.judging.count == count)
        #expect(abs(set.fit.count - count * 8 / 10) <= 2 && set.choosing.count == (count + 9) / 10)
        #expect(set.judging.count == (count + 4) / 10 && !set.isJudgingGiven && set.repeated == 0)
        let fit = Set(set.fit), choosing = Set(set.choosing), judging = Set(set.judging)
        #expect(fit.isDisjoint(with: choosing) && fit.isDisjoint(with: judging) && choosing.isDisjoint(with: judging))
        // Always the same ones.
        let again = try CalibrationSet(texts)
        #expect(again.judging == set.judging && again.choosing == set.choosing)
    }

    @Test("a text that occurs again among those that fit or choose does not judge")
    func repeated() throws {
        let texts = randomSequences(30, seed: 4)
        // The sixth of ten judges: here a copy of the second, of the first, and a text of its own.
        var mixed = texts
        mixed[5] = texts[1]
        mixed[15] = texts[0]
        let set = try CalibrationSet(mixed)
        #expect(set.judging == [texts[25]] && set.repeated == 2)
        #expect(try CalibrationSet([ModelInput](repeating: texts[0], count: 30)).judging.isEmpty)
    }

    @Test("where other data judge, nothing is kept back")
    func given() throws {
        let texts = randomSequences(40, seed: 4), others = randomSequences(6, seed: 5)
        let set = try CalibrationSet(texts, judging: .given(others + [texts[3], ModelInput()]))
        #expect(set.fit.count == 36 && set.choosing.count == 4)
        #expect(set.judging == others + [texts[3]] && set.repeated == 1 && set.isJudgingGiven)
        // The texts are the same, whoever judges.
        let kept = try CalibrationSet(texts)
        #expect(set.digest == kept.digest && set.choosing == kept.choosing)
    }

    @Test("what judges is drawn on top of what fits and chooses")
    func drawing() {
        #expect(CalibrationSet.drawing(48_000, keepingBack: false) == 48_000)
        #expect(CalibrationSet.drawing(48_000, keepingBack: true) == 53_333)
        #expect(CalibrationSet.drawing(.max, keepingBack: true) == .max)
    }

    @Test("too few texts for three parts are refused")
    func few() {
        let error = #expect(throws: AnalysisError.self) { try CalibrationSet(randomSequences(19, seed: 1)) }
        #expect(error?.description.contains("some judge") == true)
    }
}
