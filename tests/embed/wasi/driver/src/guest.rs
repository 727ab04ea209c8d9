//! `wasi:cli/run`.

struct Command;

impl wasip2::exports::cli::run::Guest for Command {
    fn run() -> Result<(), ()> {
        match crate::command::run() {
            0 => Ok(()),
            code => {
                wasip2::cli::exit::exit_with_code(code);
                Err(())
            }
        }
    }
}

wasip2::cli::command::export!(Command);
