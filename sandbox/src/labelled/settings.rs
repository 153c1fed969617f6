//! Settings for the runs of a scenario.

use crate::{
    aws::{ROLE_NAME, external_id},
    settings::{database_url, quote, url_path},
};
use std::path::Path;

use super::world::World;

/// Writes them: as in production, but for limits that small estates and days of seconds cannot keep.
pub(super) fn toml(world: &World, directory: &Path, register_url: &str) -> String {
    let seed = world.seed;
    let (role, external_id) = (quote(ROLE_NAME), quote(&external_id(seed)));
    let accounts = accounts(world);
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
"#
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
