//! Every command by its name, and who carries it out. People's come first, in the order in which they are needed.
use super::orders::{self, Forced, Give, More, NO_NAMES, Resume, Said};
use super::person::{Person, in_azure};
use super::{break_glass, dead_letters, doctor, exit, out, plan, runs, serving, shells, site, site_init, sites, start};
use super::{status, wait};
use crate::run::verbs::Verb;
use clap::Subcommand;
use clap_complete::Shell;
use std::path::PathBuf;
use std::process::ExitCode;

/// A command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    #[command(flatten)]
    Asking(Asking),
    /// In an emergency: send all traffic to one colour, with Resource Manager alone (no bus, no functions, no cluster)
    BreakGlass(break_glass::BreakGlass),
    /// Write, check, publish, list, show, rename or take away sites
    #[command(subcommand)]
    Site(SiteCommand),
    /// Look over an installation: identity, roles, entities, settings, clock, sites
    Doctor(doctor::Doctor),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page
    #[command(hide = true)]
    Man,
    /// Run everything for real on this machine: a simulated Azure, the functions, a proxying gateway, users, one upgrade
    #[cfg(feature = "local")]
    Local(super::local::Local),
    /// Run a whole upgrade on the embedded simulated Azure, in virtual time
    #[cfg(feature = "local")]
    Simulate(super::simulate::Simulate),
    /// For machines: serve the Functions host (it starts this itself)
    Serve,
    /// For machines: start the Functions host in a container, and drain it before it stops
    Contain(crate::functions::container::Contain),
}

/// A command that needs the store, the bus or Resource Manager.
#[derive(Debug, Subcommand)]
pub(super) enum Asking {
    /// Show where traffic goes, what the run does, why it waits, until when, and what can be done
    #[command(
        after_help = "Examples:\n  bluegreen status shop\n  bluegreen status shop --watch\n  bluegreen status shop --json | jq .run.state"
    )]
    Status(status::Status),
    /// Show why a run is where it is, with its evidence and what led there
    Why {
        /// The site
        site: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    #[command(flatten)]
    Order(Ordering),
    /// Say what an upgrade would do, by the checks of production, without a run and without a write
    Plan(plan::Planned),
    /// Request an upgrade, and wait for its run or its refusal
    #[command(
        after_help = "Examples:\n  bluegreen start shop latest-patch --reason 'CVE-2026-1'\n  bluegreen start shop 1.34.6 --no-wait\n  bluegreen start shop --kind return"
    )]
    Start(start::Start),
    /// Wait until a run is so
    #[command(
        after_help = "Examples:\n  bluegreen wait shop --for gate --timeout 240\n  bluegreen wait shop && ./deploy.sh $(bluegreen serving shop)"
    )]
    Wait(wait::Wait),
    /// Show which colour serves, and its cluster: where pipelines deploy
    Serving(serving::Serving),
    /// List the runs of a site, the newest first
    History {
        /// The site
        site: String,
        /// A JSON list
        #[arg(long)]
        json: bool,
    },
    /// Show a run with its whole timeline
    Show {
        /// The run's id, or a site for its present run
        run: String,
    },
    /// Print a run as JSON for the post-mortem, without secrets
    Export {
        /// The run's id, or a site for its present run
        run: String,
    },
    /// Messages that could not be handled: list, show, send again, discard
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
}

/// A verb as a command.
#[derive(Debug, Subcommand)]
pub(super) enum Ordering {
    /// Bring all traffic back to the old cluster, then take the new one away
    RollBack(Forced),
    /// Turn back wherever the run is
    Abort(Forced),
    /// Stop advancing; the traffic is still watched, and goes back when it is breached
    Pause(Said),
    /// Go on after a pause or a hold
    Resume(Resume),
    /// Open the gate at which a run waits, after one more look
    Approve(Said),
    /// End the present watch or soak now
    Promote(Said),
    /// End a held run as it stands
    Finish(Forced),
    /// Give an order by its verb: as before, it asks nobody. Use the verbs themselves
    #[command(hide = true)]
    Order(Give),
}

/// What to do with sites.
#[derive(Debug, Subcommand)]
pub(super) enum SiteCommand {
    /// Write a first site file from a gateway or a cluster that is there, with what is to be decided marked
    Init(site_init::Init),
    /// Report every mistake of a site file, with its place
    Check {
        /// The site file
        file: PathBuf,
    },
    /// Print the JSON Schema of site files
    Schema,
    #[command(flatten)]
    Published(Published),
}

/// What to do with published sites.
#[derive(Debug, Subcommand)]
pub(super) enum Published {
    /// Store a site file with its manifests, and reserve its gateway
    Publish {
        /// The site file
        file: PathBuf,
    },
    /// List the published sites, their gateways and runs
    List,
    /// Print a published site
    Show {
        /// The site
        site: String,
    },
    /// Take a published site away, and give its gateway's reservation back
    Unpublish {
        /// The site
        site: String,
        /// Resource id of the gateway whose reservation is given back, where the site itself is gone already
        #[arg(long, value_name = "ID")]
        gateway: Option<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Give a published site another name, with its gateway's reservation
    Rename {
        /// The site
        site: String,
        /// Its new name
        to: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// What stands at the end of the whole help.
pub(super) fn long_help() -> String {
    let settings = "Settings (docs/operate.md has them all):\n  AzureWebJobsStorage__blobServiceUri\n  \
                    ServiceBusConnection__fullyQualifiedNamespace\n  AZURE_CLOUD\nThe account is that of `az login`.\n";
    format!("{}\n{settings}", exit::in_help())
}

impl Command {
    /// Carries it out.
    pub(super) fn carry_out(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Asking(command) => command.carry_out(),
            Self::Serve => crate::functions::serve::serve(),
            Self::Contain(contain) => crate::functions::container::contain(&contain),
            Self::Doctor(arguments) => doctor::doctor(arguments),
            Self::BreakGlass(arguments) => break_glass::run(&arguments),
            Self::Completions { shell } => shells::completions(shell),
            Self::Man => shells::man(),
            Self::Site(command) => command.carry_out(),
            #[cfg(feature = "local")]
            Self::Local(local) => super::local::local(local),
            #[cfg(feature = "local")]
            Self::Simulate(simulate) => super::simulate::simulate(&simulate),
        }
    }
}

impl Asking {
    fn carry_out(self) -> anyhow::Result<ExitCode> {
        let names_somebody = match &self {
            Self::Start(start) => start.by.is_some(),
            Self::Order(order) => order.said().by.is_some(),
            _ => false,
        };
        if names_somebody {
            out::complain(&format!("bluegreen: {NO_NAMES}\n"));
            return Ok(exit::Exit::Usage.into());
        }
        in_azure(|person| async move { self.ask(&person).await })
    }

    async fn ask(self, person: &Person) -> anyhow::Result<ExitCode> {
        let app = &person.app;
        match self {
            Self::Status(wanted) => person.beside(status::status(app, &wanted)).await,
            Self::Why { site, json } => person.beside(runs::why(app, &site, json)).await,
            Self::History { site, json } => runs::history(app, &site, json).await,
            Self::Show { run } => runs::show(app, &run).await,
            Self::Export { run } => runs::export(app, &run).await,
            Self::Wait(wanted) => wait::wait(app, &wanted).await,
            Self::Serving(wanted) => person.beside(serving::serving(app, &wanted)).await,
            Self::Plan(wanted) => plan::planned(app, &person.signed_in().await?, wanted).await,
            Self::Start(wanted) => start::start(app, &person.signed_in().await?, wanted).await,
            Self::DeadLetters(command) => dead_letters::dead_letters(app, &person.signed_in().await?, command).await,
            Self::Order(order) => {
                let account = person.signed_in().await?;
                let (verb, said, more) = order.parts();
                orders::give(app, &account, verb, said, more).await
            }
        }
    }
}

impl Ordering {
    const fn said(&self) -> &Said {
        match self {
            Self::RollBack(Forced { said, .. })
            | Self::Abort(Forced { said, .. })
            | Self::Finish(Forced { said, .. }) => said,
            Self::Pause(said) | Self::Approve(said) | Self::Promote(said) => said,
            Self::Resume(Resume { said, .. }) | Self::Order(Give { said, .. }) => said,
        }
    }

    fn parts(self) -> (Verb, Said, More) {
        let forced = |force| More { force, ..More::default() };
        match self {
            Self::RollBack(Forced { said, force }) => (Verb::RollBack, said, forced(force)),
            Self::Abort(Forced { said, force }) => (Verb::Abort, said, forced(force)),
            Self::Finish(Forced { said, force }) => (Verb::Finish, said, forced(force)),
            Self::Pause(said) => (Verb::Pause, said, More::default()),
            Self::Approve(said) => (Verb::Approve, said, More::default()),
            Self::Promote(said) => (Verb::Promote, said, More::default()),
            Self::Resume(Resume { said, direction, with_site }) => {
                (Verb::Resume, said, More { force: false, direction, with_site })
            }
            // As before, it asks nobody.
            Self::Order(Give { said, verb, more }) => (verb, Said { yes: true, ..said }, more),
        }
    }
}

impl SiteCommand {
    fn carry_out(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Init(init) => site_init::init(&init),
            Self::Check { file } => site::check_file(&file),
            Self::Schema => site::schema(),
            Self::Published(command) => in_azure(|person| command.carry_out(person)),
        }
    }
}

impl Published {
    async fn carry_out(self, person: Person) -> anyhow::Result<ExitCode> {
        let app = &person.app;
        match self {
            Self::Publish { file } => site::publish(app, &file).await,
            Self::List => sites::list(app).await,
            Self::Show { site } => sites::show(app, &site).await,
            Self::Unpublish { site, gateway, yes } => sites::unpublish(app, &site, gateway.as_deref(), yes).await,
            Self::Rename { site, to, yes } => sites::rename(app, &site, &to, yes).await,
        }
    }
}
