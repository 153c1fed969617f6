//! A client that knows no SDK, so that odd requests can be made.

use bestand_sandbox::{Faults, Sandbox, SandboxOptions};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tempfile::TempDir;

/// Rows of these states are not live.
pub(crate) const NOT_LIVE: [&str; 3] =
    ["ResourceNotRecorded", "ResourceDeleted", "ResourceDeletedNotRecorded"];

/// A sandbox with the directory that it lies in.
pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) directory: TempDir,
    client: reqwest::Client,
}

/// Whose call it is, and for which region.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) key: String,
    pub(crate) token: Option<String>,
    pub(crate) region: String,
}

impl Caller {
    pub(crate) fn base() -> Self {
        Self { key: "AKIABESTANDSANDBOX00".to_owned(), token: None, region: "eu-central-1".to_owned() }
    }

    pub(crate) fn at(&self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self.clone() }
    }

    fn authorization(&self) -> String {
        let Self { key, region, .. } = self;
        format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/any/aws4_request, SignedHeaders=host, Signature=0"
        )
    }
}

/// An answer: status and text.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The error code, of whichever protocol.
    pub(crate) fn code(&self) -> String {
        match serde_json::from_str::<Value>(&self.text) {
            Ok(value) => value["__type"].as_str().unwrap_or_default().to_owned(),
            Err(_) => self.element("Code").unwrap_or_default(),
        }
    }

    /// The text of an XML element, the first of its name.
    pub(crate) fn element(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    }
}

/// Starts a sandbox of so many accounts and resources.
pub(crate) async fn start(accounts: usize, resources: usize, faults: &str) -> Fixture {
    start_seeded(accounts, resources, 3, faults).await
}

pub(crate) async fn start_seeded(accounts: usize, resources: usize, seed: u64, faults: &str) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let faults: Faults = faults.parse().unwrap();
    let options =
        SandboxOptions { accounts, resources, seed, faults, ..SandboxOptions::new(directory.path()) };
    let sandbox = Sandbox::start(options).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    Fixture { sandbox, directory, client }
}

impl Fixture {
    pub(crate) fn accounts(&self) -> Vec<String> {
        let accounts = &self.sandbox.truth().accounts;
        accounts
            .iter()
            .filter(|account| account.state == "ACTIVE")
            .map(|account| account.id.clone())
            .collect()
    }

    pub(crate) async fn call_json(&self, caller: &Caller, target: &str, body: Value) -> Reply {
        let mut request = self
            .client
            .post(self.sandbox.aws_url())
            .header("x-amz-target", target)
            .header("authorization", caller.authorization())
            .body(body.to_string());
        if let Some(token) = &caller.token {
            request = request.header("x-amz-security-token", token);
        }
        read(request).await
    }

    /// A call of AWS Config.
    pub(crate) async fn config(&self, caller: &Caller, operation: &str, body: Value) -> Reply {
        self.call_json(caller, &format!("StarlingDoveService.{operation}"), body).await
    }

    /// A call of AWS Config that must succeed.
    pub(crate) async fn config_ok(&self, caller: &Caller, operation: &str, body: Value) -> Value {
        let reply = self.config(caller, operation, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// A call of STS or EC2, by the version.
    pub(crate) async fn call_form(&self, caller: &Caller, version: &str, fields: &[(&str, &str)]) -> Reply {
        let mut form = form(fields);
        form.push_str(&format!("&Version={version}"));
        let mut request = self
            .client
            .post(self.sandbox.aws_url())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", caller.authorization())
            .body(form);
        if let Some(token) = &caller.token {
            request = request.header("x-amz-security-token", token);
        }
        read(request).await
    }

    pub(crate) async fn sts(&self, caller: &Caller, fields: &[(&str, &str)]) -> Reply {
        self.call_form(caller, "2011-06-15", fields).await
    }

    pub(crate) async fn ec2(&self, caller: &Caller, fields: &[(&str, &str)]) -> Reply {
        self.call_form(caller, "2016-11-15", fields).await
    }

    /// A request without any signature.
    pub(crate) async fn bare(&self, target: Option<&str>, body: &str) -> Reply {
        let mut request = self.client.post(self.sandbox.aws_url()).body(body.to_owned());
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        read(request).await
    }

    /// Assumes the role of an account, with more fields if wanted.
    pub(crate) async fn assume_reply(&self, account: &str, more: &[(&str, &str)]) -> Reply {
        let arn = format!("arn:aws:iam::{account}:role/{}", self.sandbox.truth().role_name);
        let mut fields: BTreeMap<&str, &str> = BTreeMap::from([
            ("Action", "AssumeRole"),
            ("RoleArn", arn.as_str()),
            ("RoleSessionName", "test"),
            ("ExternalId", self.sandbox.truth().external_id.as_str()),
        ]);
        fields.extend(more.iter().copied());
        self.sts(&Caller::base(), &fields.into_iter().collect::<Vec<_>>()).await
    }

    /// Assumes the role of an account.
    pub(crate) async fn assume(&self, account: &str) -> Caller {
        let reply = self.assume_reply(account, &[]).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        Caller {
            key: reply.element("AccessKeyId").unwrap(),
            token: reply.element("SessionToken"),
            region: "eu-central-1".to_owned(),
        }
    }

    /// All rows of an expression, page by page.
    pub(crate) async fn select(&self, caller: &Caller, expression: &str) -> Vec<Value> {
        let (mut rows, mut body) = (Vec::new(), json!({"Expression": expression, "Limit": 100}));
        loop {
            let answer = self.config_ok(caller, "SelectResourceConfig", body.clone()).await;
            let page = answer["Results"].as_array().unwrap();
            rows.extend(page.iter().map(|row| serde_json::from_str::<Value>(row.as_str().unwrap()).unwrap()));
            match answer.get("NextToken") {
                Some(token) => body["NextToken"] = token.clone(),
                None => return rows,
            }
        }
    }

    /// How many live rows there are per type.
    pub(crate) async fn live_rows(&self, caller: &Caller) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for row in self.select(caller, "SELECT resourceType, configurationItemStatus").await {
            if !NOT_LIVE.contains(&row["configurationItemStatus"].as_str().unwrap()) {
                *counts.entry(row["resourceType"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        counts
    }

    /// What `GetDiscoveredResourceCounts` says per type.
    pub(crate) async fn counts(&self, caller: &Caller) -> BTreeMap<String, u64> {
        let (mut counts, mut body) = (BTreeMap::new(), json!({"limit": 9}));
        loop {
            let answer = self.config_ok(caller, "GetDiscoveredResourceCounts", body.clone()).await;
            for line in answer["resourceCounts"].as_array().unwrap() {
                counts.insert(
                    line["resourceType"].as_str().unwrap().to_owned(),
                    line["count"].as_u64().unwrap(),
                );
            }
            match answer.get("nextToken") {
                Some(token) => body["nextToken"] = token.clone(),
                None => return counts,
            }
        }
    }

    /// Counts without the types that advanced queries do not serve.
    pub(crate) fn selected(&self, counts: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
        let mut counts = counts.clone();
        counts.retain(|kind, _| !self.sandbox.truth().not_selected.contains(kind));
        counts
    }

    /// What the truth says that AWS Config serves per type.
    pub(crate) fn served(&self, account: &str, region: &str) -> BTreeMap<String, u64> {
        let served = self.sandbox.truth().served.iter();
        served
            .filter(|count| count.account_id == account && count.region == region)
            .map(|count| (count.resource_type.clone(), u64::from(count.count)))
            .collect()
    }

    /// The accounts (and regions) that the truth gives a reason for.
    pub(crate) fn hits(&self, reason: &str) -> Vec<(String, Option<String>)> {
        let gaps = self.sandbox.truth().incomplete.iter();
        gaps.filter(|gap| gap.reason == reason && gap.region.as_deref() != Some("global"))
            .map(|gap| (gap.account_id.clone(), gap.region.clone()))
            .collect()
    }

    /// The one account (and region) that the truth gives a reason for.
    pub(crate) fn hit(&self, reason: &str) -> (String, Option<String>) {
        let mut hits = self.hits(reason);
        assert_eq!(hits.len(), 1, "{reason}: {hits:?}");
        hits.remove(0)
    }

    /// A caller in the account and region that a fault hits.
    pub(crate) async fn at_hit(&self, reason: &str) -> (String, Caller) {
        let (account, region) = self.hit(reason);
        let caller = self.assume(&account).await.at(&region.unwrap());
        (account, caller)
    }

    /// All entries of a listing that pages by `NextToken`, and how many pages were empty.
    pub(crate) async fn paged(
        &self,
        caller: &Caller,
        target: &str,
        body: Value,
        member: &str,
    ) -> (Vec<Value>, usize) {
        let (mut entries, mut empty, mut body) = (Vec::new(), 0, body);
        loop {
            let reply = self.call_json(caller, target, body.clone()).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            let answer = reply.json();
            let page = answer[member].as_array().unwrap();
            empty += usize::from(page.is_empty());
            entries.extend(page.iter().cloned());
            match answer.get("NextToken") {
                Some(token) => body["NextToken"] = token.clone(),
                None => return (entries, empty),
            }
        }
    }
}

async fn read(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    Reply { status: response.status().as_u16(), text: response.text().await.unwrap() }
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
