//! From the words of the command line to its flags. For `run` and `plan`, a configuration file contributes words of its own.

use std::ffi::OsString;

use clap::{Command, CommandFactory as _, FromArgMatches as _};

use super::config_file::{self, ConfigFile};
use super::flags::Cli;
use crate::session::error::SessionError;

/// The command line cannot be used.
pub(super) enum ParseError {
    /// It is wrong, perhaps together with the configuration file. Also help and version.
    Words(clap::Error, Option<ConfigFile>),
    /// The configuration file cannot be used.
    File(SessionError),
}

/// The definition of the command line. Every option takes a negative number as its value, so that the message is about the
/// number.
pub(super) fn definition() -> Command {
    negative_numbers(Cli::command())
}

fn negative_numbers(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let takes_value = !arg.is_positional() && arg.get_action().takes_values();
        if takes_value { arg.allow_negative_numbers(true) } else { arg }
    });
    command.mut_subcommands(negative_numbers)
}

/// Parses words, of which the first is the program. Also returns the configuration file that was used.
pub(super) fn parse(words: Vec<OsString>) -> Result<(Cli, Option<ConfigFile>), ParseError> {
    let (command, mut words) = (definition(), words);
    let file = config_file::read(&command, &words).map_err(ParseError::File)?;
    if let Some(file) = &file {
        let at = file.position.min(words.len());
        words.splice(at..at, file.words.iter().map(OsString::from));
    }
    let parsed = command.try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => Ok((cli, file)),
        Err(error) => Err(ParseError::Words(error, file)),
    }
}
