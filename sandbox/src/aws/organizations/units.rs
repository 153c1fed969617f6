//! The tree of organisational units, and the tags of accounts.

use super::{invalid, required};
use crate::{
    aws::{Aws, answer::Answer, error::AwsError},
    estate::organisation::{ORGANIZATION, ROOT, UNITS, unit_id, unit_of_id},
};
use serde_json::{Value, json};

impl Aws {
    pub(super) fn units_for_parent(&self, input: &Value) -> Result<Answer, AwsError> {
        let id = required(input, "ParentId")?;
        let parent = parent(id)?;
        let management = &self.estate.accounts[0].id;
        let units = if self.estate.is_scripted() { &[][..] } else { &UNITS[..] };
        let children: Vec<Value> = units
            .iter()
            .enumerate()
            .filter(|(_, unit)| unit.parent == parent)
            .map(|(at, unit)| {
                let id = unit_id(at);
                json!({
                    "Id": id,
                    "Arn": format!("arn:aws:organizations::{management}:ou/{ORGANIZATION}/{id}"),
                    "Name": unit.name,
                })
            })
            .collect();
        self.organizations_page("OrganizationalUnits", &children, &format!("units {id}"), input)
    }

    pub(super) fn accounts_for_parent(&self, input: &Value) -> Result<Answer, AwsError> {
        let id = required(input, "ParentId")?;
        let parent = parent(id)?;
        let members = (0..self.estate.members()).filter(|member| self.estate.unit(*member) == parent);
        let accounts: Vec<Value> = members.map(|member| self.describe_account(member)).collect();
        self.organizations_page("Accounts", &accounts, &format!("accounts {id}"), input)
    }

    pub(super) fn parents(&self, input: &Value) -> Result<Answer, AwsError> {
        let id = required(input, "ChildId")?;
        let above = match (self.member(id), unit_of_id(id)) {
            (Some(member), _) => self.estate.unit(member),
            (None, Some(unit)) => UNITS[unit].parent,
            (None, None) => {
                return Err(AwsError::new(
                    "ChildNotFoundException",
                    "you specified a child that doesn't exist",
                ));
            }
        };
        let parent = above.map_or_else(
            || json!({"Id": ROOT, "Type": "ROOT"}),
            |unit| json!({"Id": unit_id(unit), "Type": "ORGANIZATIONAL_UNIT"}),
        );
        self.organizations_page("Parents", &[parent], &format!("parents {id}"), input)
    }

    /// Accounts have tags; the root and the units have none.
    pub(super) fn organizations_tags(&self, input: &Value) -> Result<Answer, AwsError> {
        let id = required(input, "ResourceId")?;
        let tags: Vec<Value> = match self.member(id) {
            Some(member) => {
                let tags = self.estate.account_tags(member).into_iter();
                tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect()
            }
            None if id == ROOT || unit_of_id(id).is_some() => Vec::new(),
            None => {
                return Err(AwsError::new(
                    "TargetNotFoundException",
                    "you specified a target that doesn't exist",
                ));
            }
        };
        if !input["MaxResults"].is_null() {
            return Err(invalid("ListTagsForResource takes no MaxResults"));
        }
        // One tag a page: whoever reads the first page alone sees a part only.
        self.tag_page(&tags, id, input)
    }

    fn tag_page(&self, tags: &[Value], id: &str, input: &Value) -> Result<Answer, AwsError> {
        let mut paged = input.clone();
        paged["MaxResults"] = json!(1);
        self.organizations_page("Tags", tags, &format!("tags {id}"), &paged)
    }
}

/// Reads the id of a parent; the root is none.
fn parent(id: &str) -> Result<Option<usize>, AwsError> {
    match (id == ROOT, unit_of_id(id)) {
        (true, _) => Ok(None),
        (false, Some(unit)) => Ok(Some(unit)),
        (false, None) => {
            Err(AwsError::new("ParentNotFoundException", "you specified a parent that doesn't exist"))
        }
    }
}
