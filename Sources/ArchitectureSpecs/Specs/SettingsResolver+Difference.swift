import Platform
import WeightFiles

extension SettingsResolver {
    /// Whether both parameters are stored as tensors of their own whose elements differ.
    ///
    /// Frameworks leave out one of two tensors that a model shares, or store both: only the elements tell whether they
    /// are shared.
    func holds(
        _ difference: ArchitectureSpec.Setting.Difference, for setting: ArchitectureSpec.Setting
    ) throws(Problem) -> Bool {
        guard let (first, _) = table.firstTensor(of: difference.first, in: tensors, readsCopies: false),
            let (second, _) = table.firstTensor(of: difference.second, in: tensors), first.name != second.name
        else { return false }
        do throws(FileError) {
            return try !first.read().hasElements(of: second.read())
        } catch {
            throw Problem(error.kind, "\(setting.name): \(error.problems.joined(separator: "; "))")
        }
    }
}
