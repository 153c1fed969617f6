//! Organizations: who belongs to the organisation.

use super::{Aws, answer::Answer, error::AwsError, request::Call, sessions::Caller, token::Cursor};
use crate::estate::{accounts::Account, code::hash};
use serde_json::{Value, json};

const MAX_PAGE: usize = 20;
const ORGANIZATION: &str = "o-regiobus0001";
/// 2022-03-01, when every account joined.
const JOINED: f64 = 1_646_092_800.0;

impl Aws {
    /// Answers an operation of Organizations.
    pub(crate) fn organizations(&self, caller: &Caller, call: &Call) -> Result<Answer, AwsError> {
        if caller.account != 0 {
            let message = "you don't have permissions to access this resource";
            return Err(AwsError::new("AccessDeniedException", message));
        }
        match call.operation.as_str() {
            "ListAccounts" => self.list_accounts(call.json()),
            "DescribeOrganization" => Ok(self.describe_organization()),
            other => Err(AwsError::new("UnknownOperationException", format!("no operation {other}"))),
        }
    }

    fn list_accounts(&self, input: &Value) -> Result<Answer, AwsError> {
        let limit = match &input["MaxResults"] {
            Value::Null => MAX_PAGE,
            value => {
                let limit = value.as_u64().filter(|limit| (1..=MAX_PAGE as u64).contains(limit));
                limit.ok_or_else(|| AwsError::new("InvalidInputException", "MaxResults must be 1 to 20"))?
                    as usize
            }
        };
        let listing = hash(&[limit as u64, 200]);
        let cursor = match input["NextToken"].as_str() {
            None => Cursor::default(),
            Some(token) => self.tokens.read(listing, token).ok_or_else(|| {
                AwsError::new("InvalidInputException", "NextToken is not one of this listing")
            })?,
        };
        let active = self.estate.accounts.iter().map(|account| (account, "ACTIVE"));
        let suspended = self.estate.suspended.iter().map(|account| (account, "SUSPENDED"));
        let all: Vec<_> = active.chain(suspended).collect();
        // Every third page is empty: a caller that takes an empty page for the end sees a part only.
        let size = if cursor.page % 3 == 1 { 0 } else { limit };
        let from = (cursor.position as usize).min(all.len());
        let until = (from + size).min(all.len());
        let mut answer = json!({"Accounts": Vec::from_iter(
            all[from..until].iter().map(|(account, state)| self.describe_account(account, state)),
        )});
        if until < all.len() {
            let next = Cursor { position: until as u64, page: cursor.page + 1 };
            answer["NextToken"] = json!(self.tokens.write(listing, next));
        }
        Ok(Answer::json(answer.to_string()))
    }

    fn describe_account(&self, account: &Account, state: &str) -> Value {
        let management = &self.estate.accounts[0].id;
        json!({
            "Id": account.id,
            "Arn": format!("arn:aws:organizations::{management}:account/{ORGANIZATION}/{}", account.id),
            "Email": account.email,
            "Name": account.name,
            "State": state,
            "Status": state,
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": JOINED,
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
}
