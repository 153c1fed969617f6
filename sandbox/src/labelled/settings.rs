//! Settings for the runs of a scenario.

use crate::{
    aws::{ROLE_NAME, external_id},
    settings::{database_url, quote, url_path},
};
use std::path::Path;

use super::{
    cases::{BY_TAG, MAPPED, REQUIRED_OF},
    world::World,
};

/// Writes them: as in production, but for limits that small estates and days of seconds cannot keep.
pub(super) fn toml(world: &World, directory: &Path, register_url: &str) -> String {
    let seed = world.seed;
    let (role, external_id) = (quote(ROLE_NAME), quote(&external_id(seed)));
    let (accounts, rules) = (accounts(world), rules(world));
    let source = quote(&database_url(&directory.join("itk.db")));
    let run_store = quote(&format!("file://{}", url_path(&directory.join("store"))));
    let register = quote(register_url);
    format!(
        r#"# Settings of a labelled estate, seed {seed}.
environment = "staging"

[accounts]
{accounts}
role = {{ name = {role}, external_id = {external_id} }}

[collection]
# Nobody throttles here.
limits = {{ select_per_second = 1000, batch_get_per_second = 1000, ec2_per_second = 1000, tagging_per_second = 1000, organizations_per_second = 1000 }}

[source_register]
url = {source}
table = "assets"
aws_rows = "is_aws = 1"
# A few rows are many here.
min_source_share = 0.1

[source_register.columns]
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
lifecycle = "status"
"configuration.instanceType" = "instance_type"
room = "room"
vendor = "vendor"

[central_register]
kind = "register_api"
url = {register}
auth = {{ kind = "none" }}

[gate]
# What the gate refuses is proven elsewhere: here nothing may hide behind it.
max_retire_share = 1.0
min_complete_share = 0.0

[run_store]
url = {run_store}
{rules}"#
    )
}

/// Only Organizations tells that an account has ended; where none does, a list says the same.
fn accounts(world: &World) -> String {
    if world.end_day().is_some() {
        return "source = \"organizations\"".to_owned();
    }
    let list: Vec<String> =
        world.accounts.iter().map(|account| format!("{{ id = {} }}", quote(&account.id))).collect();
    format!("source = \"list\"\nlist = [{}]", list.join(", "))
}

/// The rules that cases rest on. A section comes with its first case.
fn rules(world: &World) -> String {
    let mut rules = String::new();
    let mut section = |case: &str, text: String| {
        if world.choice.plants(case) {
            rules.push('\n');
            rules.push_str(&text);
        }
    };
    section(
        "by_tag",
        format!(
            "[[identification]]\nname = \"inventory-id\"\ntypes = [\"{}\"]\n\
             match = [{{ record = \"asset_id | fold_case\", item = \"tag:inventory-id | trim | fold_case\" }}]\n",
            BY_TAG.name()
        ),
    );
    section(
        "required_tag",
        format!(
            "[[required]]\nname = \"cost-centre\"\ntag = \"cost-centre\"\ntypes = [\"{}\"]\n\
             pattern = \"^[0-9]{{4}}$\"\n",
            REQUIRED_OF.name()
        ),
    );
    section(
        "unmapped_value",
        format!(
            "[[authority]]\nattribute = \"environment\"\ntypes = [\"{}\"]\n\
             sources = [{{ from = \"source_register\", map = {{ prod = \"production\" }} }}]\n",
            MAPPED.name()
        ),
    );
    for (attribute, policy) in [("cost_centre", "keep"), ("data_classification", "report")] {
        section(
            "edited_and_left",
            format!(
                "[[authority]]\nattribute = \"{attribute}\"\nsources = [{{ from = \"source_register\" }}]\n\
                 external = \"{policy}\"\n"
            ),
        );
    }
    section(
        "expired_exception",
        "[[exceptions]]\nkind = \"unregistered\"\nname = \"lasttest-*\"\nbecause = \"OPS-7, load test\"\n\
         owner = \"m.muster\"\nuntil = \"2026-01-31T00:00:00Z\"\n"
            .to_owned(),
    );
    rules
}
