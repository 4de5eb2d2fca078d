use std::process::ExitCode;

fn main() -> ExitCode {
    match vigie::cli::main() {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => ExitCode::from(vigie::cli::fail(&error)),
    }
}
