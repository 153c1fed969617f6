//! One account's region, as it is called with a role session: each kind of call has a pace of its own there, so that
//! a throttled account does not starve the others.

use std::fmt;
use std::sync::Arc;

use aws_sdk_config::Client as ConfigClient;
use aws_sdk_ec2::Client as Ec2Client;
use aws_sdk_resourcegroupstagging::Client as TaggingClient;
use bestand_model::identifiers::Region;

use crate::call::{Pace, Patience, RoleLine};
use crate::credentials::{AwsContext, RoleSession};

/// Calls a second, at most. AWS publishes few of these quotas: the defaults are what AWS's own inventory tools keep to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// AWS Config but for what follows, per account and region.
    pub select_per_second: u32,
    /// `BatchGetResourceConfig`, per account and region.
    pub batch_get_per_second: u32,
    /// EC2's describe calls, per account and region.
    pub ec2_per_second: u32,
    /// The Tagging API, per account and region.
    pub tagging_per_second: u32,
    /// The aggregator, over all accounts.
    pub aggregator_per_second: u32,
    /// Organizations, over all accounts.
    pub organizations_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            select_per_second: 8,
            batch_get_per_second: 15,
            ec2_per_second: 10,
            tagging_per_second: 10,
            aggregator_per_second: 8,
            organizations_per_second: 1,
        }
    }
}

/// Clients and lines of one account's region.
#[derive(Clone)]
pub(crate) struct RegionClient {
    pub(crate) config: ConfigClient,
    pub(crate) ec2: Ec2Client,
    pub(crate) tagging: TaggingClient,
    /// AWS Config but for BatchGet.
    pub(crate) config_line: RoleLine,
    pub(crate) batch_get_line: RoleLine,
    pub(crate) ec2_line: RoleLine,
    pub(crate) tagging_line: RoleLine,
}

impl RegionClient {
    pub(crate) fn new(
        context: &AwsContext,
        session: &Arc<RoleSession>,
        region: &Region,
        limits: &Limits,
        patience: Patience,
    ) -> Self {
        let config = context.member(session, region, patience);
        // A second's calls may come at once.
        let line = |per_second| {
            let pace = Arc::new(Pace::new(per_second, per_second));
            RoleLine::new(Arc::clone(session), context.line(pace, Some(patience)))
        };
        Self {
            config: ConfigClient::new(&config),
            ec2: Ec2Client::new(&config),
            tagging: TaggingClient::new(&config),
            config_line: line(limits.select_per_second),
            batch_get_line: line(limits.batch_get_per_second),
            ec2_line: line(limits.ec2_per_second),
            tagging_line: line(limits.tagging_per_second),
        }
    }
}

impl fmt::Debug for RegionClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegionClient").finish_non_exhaustive()
    }
}
