//! The Resource Groups Tagging API: what carries tags, and a little of what is gone.

use super::{Aws, answer::Answer, error::AwsError, request::Call, sessions::Caller, token::Cursor};
use crate::estate::{Item, accounts::region_index, code::hash, kind::Kind};
use serde_json::{Value, json};

const MAX_PAGE: u64 = 100;
/// How many resources may be asked for by ARN.
const MAX_ARNS: usize = 100;
/// The region that the tags of global resources are read from.
const GLOBAL_FROM: &str = "us-east-1";

impl Aws {
    /// Answers an operation of the Tagging API.
    pub(crate) fn tagging(&self, caller: &Caller, call: &Call) -> Result<Answer, AwsError> {
        let region = region_index(&call.region).ok_or_else(|| {
            AwsError::new(
                "UnrecognizedClientException",
                "the security token included in the request is invalid",
            )
        })?;
        match call.operation.as_str() {
            "GetResources" => self.get_resources(caller.account, region, call.json()),
            other => Err(AwsError::new("UnknownOperationException", format!("no operation {other}"))),
        }
    }

    fn get_resources(&self, account: usize, region: usize, input: &Value) -> Result<Answer, AwsError> {
        let invalid = |message: String| AwsError::new("InvalidParameterException", message);
        if let Some(arns) = input["ResourceARNList"].as_array() {
            return self.resources_by_arn(account, region, input, arns);
        }
        let limit = match &input["ResourcesPerPage"] {
            Value::Null => MAX_PAGE,
            value => {
                let limit = value.as_u64().filter(|limit| (1..=MAX_PAGE).contains(limit));
                limit.ok_or_else(|| {
                    invalid(format!("ResourcesPerPage is {value}, 1 to {MAX_PAGE} are allowed"))
                })?
            }
        };
        let types: Vec<&str> =
            input["ResourceTypeFilters"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let kinds: Vec<Kind> =
            Kind::ALL.into_iter().filter(|kind| types.is_empty() || fits(&types, *kind)).collect();
        let filtered = kinds.iter().map(|kind| 1_u64 << kind.index()).sum();
        let listing = hash(&[account as u64, region as u64, limit, filtered, 330]);
        let cursor = match input["PaginationToken"].as_str().filter(|token| !token.is_empty()) {
            None => Cursor::default(),
            Some(token) => self.tokens.read(listing, token).ok_or_else(|| {
                AwsError::new("PaginationTokenExpiredException", "the pagination token is not valid any more")
            })?,
        };
        let size = self.tokens.page_size(listing, cursor.page, limit as usize);
        let (mut page, mut next) = (Vec::new(), None);
        for (position, item) in self.tagged(account, region, &kinds, cursor.position) {
            if page.len() == size {
                next = Some(Cursor { position, page: cursor.page + 1 });
                break;
            }
            page.push(self.tag_mapping(item));
        }
        let token = next.map_or_else(String::new, |next| self.tokens.write(listing, next));
        Ok(Answer::json(json!({"PaginationToken": token, "ResourceTagMappingList": page}).to_string()))
    }

    /// Those of the named resources that carry tags; there is but one page of them.
    fn resources_by_arn(
        &self,
        account: usize,
        region: usize,
        input: &Value,
        arns: &[Value],
    ) -> Result<Answer, AwsError> {
        let invalid = |message: String| AwsError::new("InvalidParameterException", message);
        let alone =
            ["TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken"];
        if let Some(other) = alone.into_iter().find(|other| !input[*other].is_null()) {
            return Err(invalid(format!("ResourceARNList and {other} cannot be given together")));
        }
        if !(1..=MAX_ARNS).contains(&arns.len()) {
            return Err(invalid(format!("{} ARNs are given, 1 to {MAX_ARNS} are allowed", arns.len())));
        }
        let arns: Vec<&str> = arns.iter().filter_map(Value::as_str).collect();
        if let Some(nonsense) = arns.iter().find(|arn| !arn.starts_with("arn:")) {
            return Err(invalid(format!("{nonsense} is not an ARN")));
        }
        let found: Vec<Value> = self
            .tagged(account, region, &Kind::ALL, 0)
            .filter(|(_, item)| arns.contains(&self.estate.full_arn(*item).as_str()))
            .map(|(_, item)| self.tag_mapping(item))
            .collect();
        Ok(Answer::json(json!({"PaginationToken": "", "ResourceTagMappingList": found}).to_string()))
    }

    /// Tagged live resources from a position on, and of each type one that is deleted: the API goes on naming
    /// such for a while.
    fn tagged<'a>(
        &'a self,
        account: usize,
        region: usize,
        kinds: &'a [Kind],
        from: u64,
    ) -> impl Iterator<Item = (u64, Item)> + 'a {
        let (first_kind, first_row) = ((from >> 32) as usize, from as u32);
        let global_here = crate::estate::accounts::REGIONS[region] == GLOBAL_FROM;
        kinds.iter().enumerate().skip(first_kind).flat_map(move |(at, kind)| {
            let home = if kind.global() { 0 } else { region };
            let holding = self.estate.holding(account, home, *kind);
            let first = if at == first_kind { first_row } else { 0 };
            let rows = if kind.global() && !global_here { 0 } else { holding.live + holding.gone.min(1) };
            (first..rows)
                .map(move |row| {
                    let number = if row < holding.live { row } else { row + holding.withdrawn };
                    let item = Item { account: account as u16, region: home as u8, kind: *kind, number };
                    ((at as u64) << 32 | u64::from(row), item)
                })
                .filter(|(_, item)| {
                    *kind != Kind::OnBoardComputer && !self.estate.tag_pairs(*item).is_empty()
                })
        })
    }

    fn tag_mapping(&self, item: Item) -> Value {
        let tags =
            self.estate.tag_pairs(item).into_iter().map(|(key, value)| json!({"Key": key, "Value": value}));
        json!({"ResourceARN": self.estate.full_arn(item), "Tags": Vec::from_iter(tags)})
    }
}

/// Whether a type fits filters such as `ec2` or `ec2:instance`, read off its AWS Config name.
fn fits(filters: &[&str], kind: Kind) -> bool {
    let name = kind.name().to_ascii_lowercase();
    let mut parts = name.split("::").skip(1);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    filters.iter().any(|filter| match filter.split_once(':') {
        None => *filter == service,
        Some((wanted, kind)) => wanted == service && kind.replace('-', "") == resource,
    })
}
