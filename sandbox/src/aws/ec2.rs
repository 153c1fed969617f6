//! EC2: regions, and the resources that AWS Config's answers are checked against.

mod describe;
mod page;

use super::{
    Aws,
    answer::{Answer, REQUEST_ID},
    error::AwsError,
    request::Call,
    sessions::Caller,
    xml::Xml,
};
use crate::estate::accounts::{NOT_OPTED_IN, REGIONS, region_index};

const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

impl Aws {
    /// Answers an operation of EC2.
    pub(crate) fn ec2(&self, caller: &Caller, call: &Call) -> Result<Answer, AwsError> {
        let region = region_index(&call.region).ok_or_else(|| {
            AwsError::with_status(
                401,
                "AuthFailure",
                "AWS was not able to validate the provided access credentials",
            )
        })?;
        let account = caller.account;
        match call.operation.as_str() {
            "DescribeRegions" => describe_regions(call),
            "DescribeInstances" => self.describe_instances(account, region, call),
            "DescribeVolumes" => self.describe_volumes(account, region, call),
            "DescribeVpcs" => self.describe_vpcs(account, region, call),
            "DescribeSecurityGroups" => self.describe_security_groups(account, region, call),
            "DescribeNetworkInterfaces" => self.describe_network_interfaces(account, region, call),
            other => Err(AwsError::new(
                "InvalidAction",
                format!("the action {other} is not valid for this web service"),
            )),
        }
    }
}

/// Wraps what `body` writes into the answer of an operation.
fn answer(operation: &str, body: impl FnOnce(&mut Xml)) -> Answer {
    let mut xml = Xml::default();
    let name = format!("{operation}Response");
    xml.open_with(&name, "xmlns", NAMESPACE).leaf("requestId", REQUEST_ID);
    body(&mut xml);
    xml.close(&name);
    Answer::xml(xml.finish())
}

fn describe_regions(call: &Call) -> Result<Answer, AwsError> {
    let all = call.parameter("AllRegions") == Some("true");
    let asked = call.parameters("RegionName");
    let filters = page::filters(call, &["region-name", "opt-in-status"])?;
    let enabled = REGIONS.into_iter().map(|name| (name, "opt-in-not-required"));
    let others = NOT_OPTED_IN.into_iter().map(|name| (name, "not-opted-in"));
    let known: Vec<_> = enabled.chain(others.filter(|_| all)).collect();
    if let Some(unknown) = asked.iter().find(|asked| !known.iter().any(|(name, _)| name == *asked)) {
        return Err(AwsError::new("InvalidParameterValue", format!("Invalid region provided: {unknown}")));
    }
    Ok(answer("DescribeRegions", |xml| {
        xml.within("regionInfo", |xml| {
            for (name, status) in known {
                let wanted = asked.is_empty() || asked.contains(&name);
                if wanted && filters.allow("region-name", name) && filters.allow("opt-in-status", status) {
                    xml.within("item", |xml| {
                        xml.leaf("regionName", name)
                            .leaf("regionEndpoint", &format!("ec2.{name}.amazonaws.com"));
                        xml.leaf("optInStatus", status);
                    });
                }
            }
        });
    }))
}
