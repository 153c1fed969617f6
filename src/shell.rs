//! What a shell and `man` know of the command, made from the definition of its command line.

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::error::Error;

/// Gives the completion script of a shell.
pub(crate) fn completions(shell: Shell, mut command: Command) -> Result<String, Error> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    text(script)
}

/// Gives the manual page of the command, or of one of its own, in roff.
///
/// # Errors
/// There is no such command.
pub(crate) fn man(mut command: Command, of: Option<&str>) -> Result<String, Error> {
    // Gives the commands their full names, such as `bestand-plan`.
    command.build();
    if let Some(of) = of {
        command = command.find_subcommand(of).cloned().ok_or_else(|| {
            Error::Usage(format!("there is no command `{of}`: `bestand --help` lists them"))
        })?;
    }
    let mut page = Vec::new();
    let unexpected = |error: std::io::Error| Error::Unexpected(error.to_string());
    Man::new(command).section("1").manual("bestand").render(&mut page).map_err(unexpected)?;
    text(page)
}

fn text(bytes: Vec<u8>) -> Result<String, Error> {
    let text = String::from_utf8(bytes).map_err(|error| Error::Unexpected(error.to_string()))?;
    Ok(text.trim_end().to_owned())
}
