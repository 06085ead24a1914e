//! The command line: what `jeton` does besides serving.
//!
//! A file for each noun. What they share: `api` asks the service over HTTP, `edit` reads changes, `print` writes tables.

mod api;
mod client;
mod edit;
mod issuer;
mod keys;
mod member;
mod org;
mod print;
mod revoke;
mod seed;
mod token;

use std::path::Path;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;

use self::api::{Api, Remote};
use crate::options::Options;

/// Jeton, a token service, in one process: OAuth 2, the Agilicus Tokens API, Authlete's token API and a directory of orgs,
/// members and clients, on an embedded store.
///
/// Without a command it serves. The first start makes a data folder with the store, a signing key, the org 1, its administrator
/// and a token for it, and prints two commands to try. Later starts use all of it again. The other commands ask a running service,
/// here or on AWS.
#[derive(Debug, Parser)]
#[command(name = "jeton", version, after_help = EXAMPLES, subcommand_help_heading = "Commands")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  jeton                                        Serve on http://127.0.0.1:3000
  jeton --seed seed.json --log json            Serve, with the orgs, members and clients of a file
  jeton token mint --audience urn:example:api --scope urn:example:read
  jeton token list --sub ann --json
  jeton member set ann 'scopes=[\"urn:example:read\"]' --create
  jeton --help, jeton token --help, jeton token mint --help

Exit codes:
  0  It is done
  1  The service refused it or can't be reached, or the server can't start
  2  The command line is wrong";

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server, which is what happens without a command, too
    Serve(Box<Options>),

    /// Mint, list, show, revoke, introspect and decode tokens
    #[command(after_help = token::EXAMPLES)]
    Token(Noun<token::Command>),

    /// List, show, set and delete orgs
    #[command(after_help = org::EXAMPLES)]
    Org(Noun<org::Command>),

    /// List, show, set and delete members of an org
    #[command(after_help = member::EXAMPLES)]
    Member(Noun<member::Command>),

    /// List, show, set and delete OAuth clients, and their secrets
    #[command(after_help = client::EXAMPLES)]
    Client(Noun<client::Command>),

    /// Test the tokens of platforms, and print what to set for them
    #[command(after_help = issuer::EXAMPLES)]
    Issuer(Noun<issuer::Command>),

    /// Revoke everything that a member, an end user, a client or a session has
    #[command(after_help = revoke::EXAMPLES)]
    Revoke {
        #[command(flatten)]
        revocation: revoke::Revocation,
        #[command(flatten)]
        remote: Remote,
    },

    /// List the keys that verify tokens, and rotate them
    Keys(Noun<keys::Command>),

    /// Print a token of the administrator for a day, while no server runs on the data folder
    ///
    /// An administrator that was deleted or disabled, or has lost urn:jeton:admin, gets its office back.
    AdminToken(Box<Options>),

    /// Check a seed file as a first start would, without a server and without changing anything
    CheckSeed(seed::CheckSeed),

    /// Print a script that completes commands and options in a shell
    Completions {
        /// Shell that the script is for
        shell: Shell,
    },
}

/// The commands of a noun, with the service that they ask.
#[derive(Debug, Args)]
pub(crate) struct Noun<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    remote: Remote,
}

/// Why a command has not done what it was told to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// The service refused, or could not be asked.
    Refused(String),
}

impl Cli {
    /// Reads the arguments of the program, or ends it with what is wrong with them.
    pub(crate) fn parse_arguments() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        if let Some(why) = misplaced(&command, &matches) {
            command.error(ErrorKind::ArgumentConflict, why).exit();
        }
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// Says which option of the server stands before a command, where it would change nothing.
fn misplaced(command: &clap::Command, matches: &ArgMatches) -> Option<String> {
    let (name, _) = matches.subcommand()?;
    let given = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut options = command.get_arguments().filter(|option| !option.is_global_set());
    let option = options.find(|option| given(option.get_id().as_str()))?.get_long()?;
    Some(format!("--{option} is an option of the server: it may stand behind `serve` and `admin-token`, but not before `{name}`"))
}

/// Does what a command says that needs no store of its own.
pub(crate) async fn run(command: Command, data_dir: &Path) -> Result<(), Failure> {
    match command {
        Command::Token(Noun { command, remote }) => token::run(command, &Api::new(remote, data_dir)?).await,
        Command::Org(Noun { command, remote }) => org::run(command, &Api::new(remote, data_dir)?).await,
        Command::Member(Noun { command, remote }) => member::run(command, &Api::new(remote, data_dir)?).await,
        Command::Issuer(Noun { command: issuer::Command::Preset(platform), .. }) => {
            issuer::print_preset(&platform);
            Ok(())
        }
        Command::Issuer(Noun { command, remote }) => issuer::run(command, &Api::new(remote, data_dir)?).await,
        Command::Client(Noun { command, remote }) => client::run(command, &Api::new(remote, data_dir)?).await,
        Command::Keys(Noun { command, remote }) => keys::run(command, &Api::new(remote, data_dir)?).await,
        Command::Revoke { revocation, remote } => revoke::run(revocation, &Api::new(remote, data_dir)?).await,
        Command::CheckSeed(file) => seed::check(&file).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "jeton", &mut script);
            print::out(&String::from_utf8_lossy(&script));
            Ok(())
        }
        Command::Serve(_) | Command::AdminToken(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_the_server_are_refused_before_a_command_that_does_not_heed_them() {
        let why = |arguments: &[&str]| {
            let mut command = Cli::command();
            let matches = command.try_get_matches_from_mut(arguments).unwrap();
            misplaced(&command, &matches)
        };
        assert!(why(&["jeton", "--log", "json", "token", "list"]).unwrap().starts_with("--log "));
        assert!(why(&["jeton", "--listen", "127.0.0.1:0", "serve"]).is_some());
        for good in [
            &["jeton", "--log", "json"][..],
            &["jeton", "serve", "--log", "json"],
            &["jeton", "--data-dir", "x", "token", "list"],
            &["jeton", "token", "list", "--data-dir", "x"],
        ] {
            assert_eq!(why(good), None, "{good:?}");
        }
    }

    #[test]
    fn the_data_folder_may_stand_anywhere() {
        for arguments in [["jeton", "--data-dir", "x", "serve"], ["jeton", "serve", "--data-dir", "x"]] {
            let Some(Command::Serve(options)) = Cli::try_parse_from(arguments).unwrap().command else { panic!("{arguments:?}") };
            assert_eq!(options.data_dir, Path::new("x"));
        }
        let cli = Cli::try_parse_from(["jeton", "keys", "list", "--data-dir", "x"]).unwrap();
        assert_eq!(cli.options.data_dir, Path::new("x"));
    }
}
