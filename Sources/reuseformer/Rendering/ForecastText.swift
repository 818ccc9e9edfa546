import Analysis
import Reporting

/// What some work will take, for the terminal.
enum ForecastText {
    static func describe(_ forecast: Forecast, output: String) -> String {
        let stretches = forecast.stretches.map { "\($0.name) \(Progress.duration($0.seconds))" }
        let mebibytes = Int((forecast.memory / 1_048_576).rounded(.up))
        return """
            time    about \(Progress.duration(forecast.seconds)) on this machine as busy as it is now\
            \(stretches.isEmpty ? "" : ": \(stretches.joined(separator: ", "))")
            memory  about \(Format.count(mebibytes)) MiB at most, the model included
            disk    about \(Format.count(Int((forecast.disk / 1000).rounded(.up)))) kB: \(output)
            Nothing was done and nothing written (--dry-run).
            """
    }
}
