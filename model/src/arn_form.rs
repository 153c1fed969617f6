//! From a resource's id to its ARN and back, where AWS's documentation leaves no doubt.
//!
//! Identification goes by ARN first, so a wrong ARN is worse than none: an ARN is built only where the id and
//! the place determine it wholly. How a type's ARN looks is in the
//! [service authorization reference](https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html),
//! which every line of the table follows; what its id is, in the
//! [resource types of AWS Config](https://docs.aws.amazon.com/config/latest/developerguide/resource-config-reference.html)
//! and in the primary identifiers of CloudFormation's schemas, on which they rest.

mod table;

use crate::arn::Arn;
use crate::identifiers::{AccountId, Region, ResourceId, ResourceType};
use table::{FORMS, Form, Naming, Place, Text};

/// Types whose id is the ARN of another resource: an activation, a policy or a schedule has the ARN of the
/// authority, the cluster, the bucket or the secret that it belongs to.
const NAMED_AFTER_ANOTHER: [&str; 6] = [
    "AWS::ACMPCA::CertificateAuthorityActivation",
    "AWS::MSK::BatchScramSecret",
    "AWS::MSK::ClusterPolicy",
    "AWS::S3Tables::TableBucketPolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
];

/// Joins the two halves of an id that names two things; such an id is no ARN, although it may begin as one.
const COMPOSITE: char = '|';

/// What is known of a resource that came without an ARN.
#[derive(Clone, Copy, Debug)]
pub struct Nameless<'a> {
    /// The partition of the whole organisation, such as `aws` or `aws-cn`.
    pub partition: &'a str,
    /// The account that reports the resource.
    pub account_id: &'a AccountId,
    /// The region that the resource itself names; `None` where it names none.
    pub region: Option<&'a Region>,
    /// Its type.
    pub resource_type: &'a ResourceType,
    /// Its id.
    pub resource_id: &'a ResourceId,
    /// Its name, from which some ARNs are made.
    pub resource_name: Option<&'a str>,
    /// IAM's path such as `/` or `/teams/fahrplan/`.
    pub path: Option<&'a str>,
    /// The account that owns it, where it says so: AWS shows shared subnets to those they are shared with, and
    /// their ARN names the owner.
    pub owner: Option<&'a str>,
}

/// Builds the ARN; `None` where anything about it would be a guess.
pub fn build(resource: &Nameless<'_>) -> Option<Arn> {
    let kind = resource.resource_type.as_str();
    let id = resource.resource_id.as_str();
    let mut forms = FORMS.iter().filter(|form| form.kind == kind).peekable();
    if id.starts_with("arn:") {
        let arn = resource.own_arn()?;
        return (forms.peek().is_none() || forms.any(|form| form.takes(&arn))).then_some(arn);
    }
    let form = forms.next()?;
    if form.shared && resource.owner != Some(resource.account_id.as_str()) {
        return None;
    }
    let name = form.name(resource)?;
    let (region, account) = form.place.parts(resource)?;
    format!("arn:{}:{}:{region}:{account}:{}{name}", resource.partition, form.service, form.before)
        .parse()
        .ok()
}

/// Gives the type and the id under which AWS Config knows the resource of an ARN; `None` where the ARN does
/// not determine them.
///
/// The id is good for a question. The answer that there is no such thing proves nothing (SEMANTICS 2.4).
pub fn identify(arn: &Arn) -> Option<(ResourceType, ResourceId)> {
    let mut found = FORMS.iter().filter_map(|form| Some((form.kind, form.id(arn)?)));
    let (kind, id) = found.next()?;
    // Two types whose ARNs have one form cannot be told apart.
    found.next().is_none().then(|| (ResourceType::from(kind), ResourceId::new(id)))
}

impl Nameless<'_> {
    /// Takes an id that is an ARN already, unless it speaks of another resource or place.
    fn own_arn(&self) -> Option<Arn> {
        let arn: Arn = self.resource_id.as_str().parse().ok()?;
        let parts = Parts::of(&arn)?;
        let elsewhere = |region: &Region| {
            region.as_str() != Region::GLOBAL && !parts.region.is_empty() && parts.region != region.as_str()
        };
        let foreign = parts.partition != self.partition
            || !(parts.account.is_empty() || parts.account == self.account_id.as_str())
            || self.region.is_some_and(elsewhere)
            || arn.as_str().contains(COMPOSITE)
            || NAMED_AFTER_ANOTHER.contains(&self.resource_type.as_str());
        (!foreign).then_some(arn)
    }
}

impl Form {
    /// Gives the part of the ARN that comes last.
    fn name(&self, resource: &Nameless<'_>) -> Option<String> {
        let id = resource.resource_id.as_str();
        let name = match self.naming {
            Naming::Id(prefix) => {
                id.strip_prefix(prefix).filter(|rest| Text::Plain.fits(rest)).map(|_| id)?
            }
            Naming::Name(text) => Some(id).filter(|id| text.fits(id))?,
            Naming::ResourceName => resource.resource_name.filter(|name| Text::Plain.fits(name))?,
            Naming::PathAndName => {
                let path = resource
                    .path
                    .filter(|path| path.starts_with('/') && path.ends_with('/') && Text::Nested.fits(path))?;
                let name = resource.resource_name.filter(|name| Text::Plain.fits(name))?;
                return Some(format!("{path}{name}"));
            }
            Naming::QueueUrl => {
                let base =
                    queue_url(resource.partition, resource.region?.as_str(), resource.account_id.as_str())?;
                id.strip_prefix(&base).filter(|name| Text::Plain.fits(name))?
            }
            // Only an ARN would do.
            Naming::Whole(_) => return None,
        };
        Some(name.to_owned())
    }

    /// Tells whether an ARN that a resource of the type has as its id may be that of such a resource.
    fn takes(&self, arn: &Arn) -> bool {
        self.rest(arn).is_some_and(|rest| !rest.is_empty())
    }

    /// Gives the id that a resource with the ARN has.
    fn id(&self, arn: &Arn) -> Option<String> {
        let rest = self.rest(arn)?;
        match self.naming {
            Naming::Id(prefix) => {
                rest.strip_prefix(prefix).filter(|end| Text::Plain.fits(end)).map(|_| rest.to_owned())
            }
            Naming::Name(text) => text.fits(rest).then(|| rest.to_owned()),
            Naming::Whole(text) => text.fits(rest).then(|| arn.to_string()),
            Naming::QueueUrl => {
                let parts = Parts::of(arn)?;
                let base = queue_url(parts.partition, parts.region, parts.account)?;
                Text::Plain.fits(rest).then(|| format!("{base}{rest}"))
            }
            // The id cannot be told from the name.
            Naming::ResourceName | Naming::PathAndName => None,
        }
    }

    /// Gives what follows the fixed beginning, where service and place fit.
    fn rest<'a>(&self, arn: &'a Arn) -> Option<&'a str> {
        let parts = Parts::of(arn)?;
        let place = match self.place {
            Place::Regional => !parts.region.is_empty() && !parts.account.is_empty(),
            Place::RegionOnly => !parts.region.is_empty() && parts.account.is_empty(),
            Place::AccountOnly => parts.region.is_empty() && !parts.account.is_empty(),
            Place::Nowhere => parts.region.is_empty() && parts.account.is_empty(),
        };
        (place && parts.service == self.service).then(|| parts.resource.strip_prefix(self.before))?
    }
}

impl Place {
    /// Gives what stands for the region and for the account.
    fn parts<'a>(self, resource: &Nameless<'a>) -> Option<(&'a str, &'a str)> {
        let plain = |region: &&Region| region.as_str() != Region::GLOBAL && Text::Plain.fits(region.as_str());
        let region = || resource.region.filter(plain).map(Region::as_str);
        let account = resource.account_id.as_str();
        Some(match self {
            Self::Regional => (region()?, account),
            Self::RegionOnly => (region()?, ""),
            Self::AccountOnly => ("", account),
            Self::Nowhere => ("", ""),
        })
    }
}

impl Text {
    /// Tells whether the text can stand in an ARN without changing what its other parts mean.
    fn fits(self, text: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-+=,@".contains(c);
        !text.is_empty() && text.chars().all(|c| plain(c) || (self == Self::Nested && c == '/'))
    }
}

/// The parts of an ARN.
struct Parts<'a> {
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Parts<'a> {
    fn of(arn: &'a Arn) -> Option<Self> {
        let mut parts = arn.as_str().splitn(6, ':').skip(1);
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

/// Gives what the URL of a queue begins with. Old regions have older hosts besides; such URLs are not read.
fn queue_url(partition: &str, region: &str, account: &str) -> Option<String> {
    let domain = match partition {
        "aws" | "aws-us-gov" => "amazonaws.com",
        "aws-cn" => "amazonaws.com.cn",
        _ => return None,
    };
    Some(format!("https://sqs.{region}.{domain}/{account}/"))
}

#[cfg(test)]
mod tests;
