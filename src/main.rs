use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::from(vigie::cli::Exit::FAILED);
        }
    };
    match runtime.block_on(vigie::cli::main()) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => ExitCode::from(vigie::cli::fail(&error)),
    }
}
