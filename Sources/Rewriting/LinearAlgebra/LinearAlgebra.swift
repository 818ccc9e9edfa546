import COpenBLAS

/// OpenBLAS as it is used here: one thread a call, so that the order of summation never depends on `--threads`.
package enum LinearAlgebra {
    /// Loads the library. Call before the first product; cheap to repeat.
    ///
    /// - Throws: `linearAlgebra` where it is not installed, or there is no memory for it.
    package static func prepare() throws(AnalysisError) {
        if let failure = blas_load() { throw .linearAlgebra(reason: String(cString: failure)) }
    }
}
