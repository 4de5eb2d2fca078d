use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = anyhow::Error::new(error).context("cannot start");
            return ExitCode::from(vigie::cli::fail(&error));
        }
    };
    match runtime.block_on(vigie::cli::main()) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => ExitCode::from(vigie::cli::fail(&error)),
    }
}
