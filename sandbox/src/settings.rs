//! Settings for bestand that fit a sandbox.

use crate::{estate::organisation::LEFT_OUT_UNIT, faults::Fault, options::SandboxOptions, truth::Truth};
use std::path::Path;

/// The variable that holds the key for a central register that asks for one.
pub const REGISTER_KEY: &str = "BESTAND_SANDBOX_REGISTER_KEY";

/// The columns of the sandbox's source register.
pub(crate) const COLUMNS: &str = r#"[source_register.columns]
asset_id = "id"
arn = "arn"
resource_id = "resource_id"
account_id = "account"
region = "region"
resource_type = "type"
name = "name"
environment = "env"
owner = "owner"
cost_centre = "cost_centre"
data_classification = "data_class"
criticality = "criticality"
lifecycle = "status"
# A technical attribute that people keep as well: where it differs from AWS it is a finding.
"configuration.instanceType" = "instance_type"
# Extra attributes are carried along as they are.
room = "room"
vendor = "vendor"
"#;

/// Writes the settings: complete, commented, ready for `bestand run --settings`.
pub(crate) fn toml(options: &SandboxOptions, truth: &Truth, register_url: &str) -> String {
    let environment = quote(&options.environment);
    let (role, external_id) = (quote(&truth.role_name), quote(&truth.external_id));
    let source = quote(&database_url(&options.directory.join("itk.db")));
    let run_store = quote(&format!("file://{}", url_path(&options.directory.join("store"))));
    let register = quote(register_url);
    let auth = if options.register_credentials.is_empty() {
        r#"{ kind = "none" }"#.to_owned()
    } else {
        format!(r#"{{ kind = "api_key", key = {{ env = "{REGISTER_KEY}" }} }}"#)
    };
    // Every live resource and every row may be new, and a little more must not refuse the plan.
    let creates = truth.live_total + truth.records_total;
    let list: Vec<String> = truth
        .accounts
        .iter()
        .filter(|account| account.state == "ACTIVE")
        .map(|account| format!("#   {{ id = {}, name = {} }},", quote(&account.id), quote(&account.name)))
        .collect();
    let left_out = if options.faults.has(Fault::LeftOut) {
        let units = quote(LEFT_OUT_UNIT);
        format!(
            "# What is tried out there belongs into no register.\n\
             organizational_units = {{ exclude = [{units}] }}\n"
        )
    } else {
        String::new()
    };
    let accepted = accepted(truth);
    format!(
        r#"# Settings for the sandbox with seed {seed}: {accounts} accounts, {live} live resources, faults: {faults}.
# The AWS endpoint and its keys are not here: they come from the environment, as everywhere
# (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION).

# Must equal what the central register says of itself.
environment = {environment}

[aws]
# Where STS and Organizations are called.
region = "eu-central-1"

[accounts]
# The sandbox answers Organizations too. Without it: source = "list" and the list below.
source = "organizations"
# list = [
{list}
# ]
{left_out}# The role that every account of the sandbox trusts, and the external id that it asks for.
role = {{ name = {role}, external_id = {external_id} }}

[regions]
# Empty: every region that is enabled in the account.
include = []

[source_register]
# Written anew at each start of the sandbox, with planted differences.
url = {source}
table = "assets"
# Printers and on-board computers stand in the same table; they are no AWS resources.
aws_rows = "is_aws = 1"

{COLUMNS}
[central_register]
# Its file outlives the sandbox: a second run finds what the first published.
kind = "register_api"
url = {register}
auth = {auth}

[gate]
# The first publication creates everything there is: {live} live resources and {records} rows. In production
# this limit is what stops a run that suddenly finds thousands of assets.
max_create_count = {creates}

{accepted}[run_store]
url = {run_store}
"#,
        seed = truth.seed,
        accounts = options.accounts,
        live = truth.live_total,
        records = truth.records_total,
        faults = truth.faults,
        list = list.join("\n"),
    )
}

/// The gaps that are there without any fault: records of what nobody can look for. They stay gaps, but do not
/// make every run end with status 20.
fn accepted(truth: &Truth) -> String {
    let mut accepted = String::new();
    let planted = ["account_unknown", "type_never_seen"];
    for gap in truth.incomplete.iter().filter(|gap| planted.contains(&gap.reason)) {
        accepted.push_str(&format!(
            "[[coverage.accepted]]\naccount = {}\nreason = {}\n",
            quote(&gap.account_id),
            quote(gap.reason)
        ));
        let place = [("region", &gap.region), ("type", &gap.resource_type)];
        for (name, value) in place.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            accepted.push_str(&format!("{name} = {}\n", quote(value)));
        }
        accepted.push_str(
            "because = \"the sandbox plants a record of what nobody can see\"\nuntil = \"2099-01-01T00:00:00Z\"\n\n",
        );
    }
    accepted
}

/// A TOML basic string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

pub(crate) fn database_url(path: &Path) -> String {
    format!("sqlite://{}", url_path(path))
}

/// A path as it stands in an URL: what would end the path there is written in hexadecimal.
pub(crate) fn url_path(path: &Path) -> String {
    let mut text = String::new();
    for letter in path.to_string_lossy().chars() {
        match letter {
            '%' | '?' | '#' | ' ' => text.push_str(&format!("%{:02X}", u32::from(letter))),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_texts_are_quoted() {
        assert_eq!(quote("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
        assert_eq!(database_url(Path::new("/tmp/a b#c/itk.db")), "sqlite:///tmp/a%20b%23c/itk.db");
    }
}
