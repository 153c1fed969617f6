//! Organizations: who belongs to the organisation, and where in it.

mod units;

use super::{Aws, answer::Answer, error::AwsError, request::Call, sessions::Caller, token::Cursor};
use crate::estate::{
    accounts::Account,
    code::hash_text,
    organisation::{ORGANIZATION, ROOT},
};
use serde_json::{Value, json};

const MAX_PAGE: usize = 20;

impl Aws {
    /// Answers an operation of Organizations.
    pub(crate) fn organizations(&self, caller: &Caller, call: &Call) -> Result<Answer, AwsError> {
        if caller.account != 0 {
            let message = "you don't have permissions to access this resource";
            return Err(AwsError::new("AccessDeniedException", message));
        }
        let input = call.json();
        match call.operation.as_str() {
            "ListAccounts" => self.list_accounts(input),
            "DescribeAccount" => self.account_by_id(input),
            "DescribeOrganization" => Ok(self.describe_organization()),
            "ListRoots" => self.organizations_page("Roots", &[self.root()], "roots", input),
            "ListOrganizationalUnitsForParent" => self.units_for_parent(input),
            "ListAccountsForParent" => self.accounts_for_parent(input),
            "ListParents" => self.parents(input),
            "ListTagsForResource" => self.organizations_tags(input),
            other => Err(AwsError::new("UnknownOperationException", format!("no operation {other}"))),
        }
    }

    /// A page of a listing. Every third page is empty: a caller that takes an empty page for the end sees a part
    /// only.
    fn organizations_page(
        &self,
        name: &str,
        all: &[Value],
        listing: &str,
        input: &Value,
    ) -> Result<Answer, AwsError> {
        let limit = match &input["MaxResults"] {
            Value::Null => MAX_PAGE,
            value => {
                let limit = value.as_u64().filter(|limit| (1..=MAX_PAGE as u64).contains(limit));
                limit.ok_or_else(|| invalid("MaxResults must be 1 to 20"))? as usize
            }
        };
        let listing = hash_text(limit as u64, listing);
        let cursor = match input["NextToken"].as_str() {
            None => Cursor::default(),
            Some(token) => self
                .tokens
                .read(listing, token)
                .ok_or_else(|| invalid("NextToken is not one of this listing"))?,
        };
        let size = if cursor.page % 3 == 1 { 0 } else { limit };
        let from = (cursor.position as usize).min(all.len());
        let until = (from + size).min(all.len());
        let mut answer = json!({});
        answer[name] = json!(all[from..until]);
        if until < all.len() {
            let next = Cursor { position: until as u64, page: cursor.page + 1 };
            answer["NextToken"] = json!(self.tokens.write(listing, next));
        }
        Ok(Answer::json(answer.to_string()))
    }

    fn list_accounts(&self, input: &Value) -> Result<Answer, AwsError> {
        let all: Vec<Value> = (0..self.estate.members()).map(|at| self.describe_account(at)).collect();
        self.organizations_page("Accounts", &all, "accounts", input)
    }

    fn account_by_id(&self, input: &Value) -> Result<Answer, AwsError> {
        let member = self.member(required(input, "AccountId")?).ok_or_else(|| {
            AwsError::new("AccountNotFoundException", "you specified an account that doesn't exist")
        })?;
        Ok(Answer::json(json!({"Account": self.describe_account(member)}).to_string()))
    }

    /// An account of the organisation and its state, by its place: the suspended one comes last.
    fn organization_account(&self, member: usize) -> (&Account, &'static str) {
        let suspended = self.estate.suspended.as_ref().filter(|_| member >= self.estate.accounts.len());
        suspended.map_or_else(|| (&self.estate.accounts[member], "ACTIVE"), |account| (account, "SUSPENDED"))
    }

    /// The place of an account of the organisation by its id.
    fn member(&self, id: &str) -> Option<usize> {
        (0..self.estate.members()).find(|member| self.organization_account(*member).0.id == id)
    }

    fn describe_account(&self, member: usize) -> Value {
        let (account, state) = self.organization_account(member);
        let management = &self.estate.accounts[0].id;
        json!({
            "Id": account.id,
            "Arn": format!("arn:aws:organizations::{management}:account/{ORGANIZATION}/{}", account.id),
            "Email": account.email,
            "Name": account.name,
            "State": state,
            "Status": state,
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": self.estate.joined_at(member) as f64,
        })
    }

    fn describe_organization(&self) -> Answer {
        let management = &self.estate.accounts[0];
        let id = &management.id;
        Answer::json(
            json!({"Organization": {
                "Id": ORGANIZATION,
                "Arn": format!("arn:aws:organizations::{id}:organization/{ORGANIZATION}"),
                "FeatureSet": "ALL",
                "MasterAccountArn": format!("arn:aws:organizations::{id}:account/{ORGANIZATION}/{id}"),
                "MasterAccountId": id,
                "MasterAccountEmail": management.email,
            }})
            .to_string(),
        )
    }

    fn root(&self) -> Value {
        let management = &self.estate.accounts[0].id;
        json!({
            "Id": ROOT,
            "Arn": format!("arn:aws:organizations::{management}:root/{ORGANIZATION}/{ROOT}"),
            "Name": crate::estate::organisation::ROOT_NAME,
            "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        })
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidInputException", message)
}

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    input[name].as_str().ok_or_else(|| invalid(format!("{name} is missing")))
}
