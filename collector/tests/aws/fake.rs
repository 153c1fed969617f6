//! AWS with canned answers on loopback: each operation in each region has a queue, whose last answer stays.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bestand_collector::collector::{
    CollectedAccount, Collector, CollectorSettings, Interest, ItemSink, SinkError,
};
use bestand_collector::credentials::AwsContext;
use bestand_collector::region_client::Limits;
use bestand_model::account::{Account, AccountState};
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::identifiers::{Region, ResourceType, RunId};
use bestand_model::run_summary::AwsCalls;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const FRANKFURT: &str = "eu-central-1";
pub(crate) const IRELAND: &str = "eu-west-1";
pub(crate) const INSTANCE: &str = "AWS::EC2::Instance";
pub(crate) const VPC: &str = "AWS::EC2::VPC";
pub(crate) const ROLE: &str = "AWS::IAM::Role";

/// What the fake answers.
#[derive(Clone)]
pub(crate) enum Reply {
    Json(Value),
    Text(u16, String),
    /// The second part is the content type, with further headers after it.
    Headed(u16, &'static str, &'static str),
    Hang,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) region: String,
    pub(crate) body: String,
    /// The request's access key id.
    pub(crate) key_id: String,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    replies: Mutex<HashMap<(String, String), VecDeque<Reply>>>,
    /// Answers to requests that hold a word; they go before those by region.
    by_word: Mutex<Vec<(String, String, VecDeque<Reply>)>>,
    calls: Mutex<Vec<Call>>,
    /// Whose AWS Config calls are let through once a second only, and when the next one is.
    slow: Mutex<Option<(String, Instant)>>,
}

impl Fake {
    /// Starts with an account that has Frankfurt, a healthy recorder, and nothing in it.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self { url: format!("http://{}", listener.local_addr().unwrap()), state: Arc::default() };
        fake.on("AssumeRole", "", [assumed("ASIAFIRST", "2099-01-01T00:00:00Z")]);
        fake.regions(&[FRANKFURT]);
        fake.on("DescribeConfigurationRecorders", "", [recorders(json!({"allSupported": true}))]);
        fake.on("DescribeConfigurationRecorderStatus", "", [recorder_status(true, "SUCCESS")]);
        fake.on("GetDiscoveredResourceCounts", "", [counts(&[])]);
        fake.on("SelectResourceConfig", "", [rows(&[], None)]);
        fake.on("ListDiscoveredResources", "", [ids(&[], None)]);
        fake.on("BatchGetResourceConfig", "", [base_items(&[], &[])]);
        fake.on("GetResources", "", [Reply::Json(json!({"ResourceTagMappingList": []}))]);
        fake.ec2_instances("", ACCOUNT, &[]);
        for operation in
            ["DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeVolumes", "DescribeVpcs"]
        {
            fake.on(operation, "", [ec2_answer(operation, "")]);
        }
        let state = Arc::clone(&fake.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        fake
    }

    /// Queues answers of an operation in a region; without a region, wherever no other answer is queued.
    pub(crate) fn on(&self, operation: &str, region: &str, replies: impl IntoIterator<Item = Reply>) {
        let queue = replies.into_iter().collect();
        self.state.replies.lock().unwrap().insert((operation.to_owned(), region.to_owned()), queue);
    }

    /// Queues answers of an operation to requests that hold a word.
    pub(crate) fn on_body(&self, operation: &str, word: &str, replies: impl IntoIterator<Item = Reply>) {
        let queue = replies.into_iter().collect();
        self.state.by_word.lock().unwrap().push((operation.to_owned(), word.to_owned(), queue));
    }

    /// Throttles whoever calls with these keys to one AWS Config call a second.
    pub(crate) fn slow_down(&self, key_id: &str) {
        *self.state.slow.lock().unwrap() = Some((key_id.to_owned(), Instant::now()));
    }

    /// EC2 has these instances in a region, running.
    pub(crate) fn ec2_instances(&self, region: &str, owner: &str, ids: &[&str]) {
        self.on("DescribeInstances", region, [instances(owner, ids, "running")]);
    }

    /// Gives the bodies of an operation's requests in their order.
    pub(crate) fn bodies(&self, operation: &str) -> Vec<String> {
        self.calls().into_iter().filter(|call| call.operation == operation).map(|call| call.body).collect()
    }

    pub(crate) fn regions(&self, names: &[&str]) {
        let items: String =
            names.iter().map(|name| format!("<item><regionName>{name}</regionName></item>")).collect();
        let text = format!(
            "<DescribeRegionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"
        );
        self.on("DescribeRegions", "", [Reply::Text(200, text)]);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.calls.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls().iter().filter(|call| call.operation == operation).count()
    }

    pub(crate) fn context(&self) -> AwsContext {
        AwsContext::at_endpoint(FRANKFURT, &self.url, "AKIAHOME", "secret")
    }

    pub(crate) async fn collect(&self) -> Collected {
        self.collect_with(settings(), &[]).await
    }

    pub(crate) async fn collect_with(
        &self,
        settings: CollectorSettings,
        interest: &[(Option<&str>, &str)],
    ) -> Collected {
        let interest = Interest {
            scopes: interest
                .iter()
                .map(|(region, of)| (region.map(Region::from), ResourceType::from(*of)))
                .collect(),
        };
        let mut items = Items::default();
        let context = self.context();
        let collector = Collector::new(context.clone(), settings);
        let account = collector.collect(&account(AccountState::Active), &interest, &mut items).await.unwrap();
        assert_eq!(account.items, items.0.len() as u64);
        Collected { account, items: items.0, calls: context.calls() }
    }
}

pub(crate) fn account(state: AccountState) -> Account {
    Account::new(ACCOUNT.parse().unwrap(), state)
}

#[derive(Default)]
pub(crate) struct Items(pub(crate) Vec<ConfigurationItem>);

impl ItemSink for Items {
    fn accept(&mut self, item: ConfigurationItem) -> Result<(), SinkError> {
        self.0.push(item);
        Ok(())
    }
}

/// What came of an account.
pub(crate) struct Collected {
    pub(crate) account: CollectedAccount,
    pub(crate) items: Vec<ConfigurationItem>,
    pub(crate) calls: AwsCalls,
}

impl Collected {
    /// The line about a scope; panics where there is none.
    pub(crate) fn line(&self, region: Option<&str>, resource_type: Option<&str>) -> &CoverageLine {
        self.find(region, resource_type).unwrap_or_else(|| {
            panic!("no line about {region:?} {resource_type:?} in {:#?}", self.account.lines)
        })
    }

    pub(crate) fn find(&self, region: Option<&str>, resource_type: Option<&str>) -> Option<&CoverageLine> {
        let wanted = (region.map(Region::from), resource_type.map(ResourceType::from));
        self.account.lines.iter().find(|line| (line.region.clone(), line.resource_type.clone()) == wanted)
    }

    /// The reason of a type in Frankfurt; `None`: it is complete.
    pub(crate) fn reason(&self, resource_type: &str) -> Option<Reason> {
        self.line(Some(FRANKFURT), Some(resource_type)).reason
    }

    pub(crate) fn region_reason(&self, region: &str) -> Option<Reason> {
        self.line(Some(region), None).reason
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.items.iter().map(|item| item.resource_id.to_string()).collect();
        ids.sort();
        ids
    }
}

pub(crate) fn settings() -> CollectorSettings {
    CollectorSettings {
        run_id: RunId::from("20261123T090000Z-1a2b"),
        role_name: "bestand-reader".to_owned(),
        external_id: Some("regiobus".to_owned()),
        onboarding: jiff::SignedDuration::from_hours(24),
        partition: "aws".to_owned(),
        regions: Vec::new(),
        extra_attributes: BTreeMap::new(),
        never_asked: Box::new(|of| of.as_str().starts_with("AWS::Config::")),
        is_global: |of| of.as_str().starts_with("AWS::IAM::") || of.as_str().starts_with("AWS::CloudFront::"),
        home_region: |of| of.as_str().starts_with("AWS::CloudFront::").then(|| Region::from("us-east-1")),
        aggregator: None,
        limits: Limits {
            select_per_second: 200,
            batch_get_per_second: 200,
            ec2_per_second: 200,
            tagging_per_second: 200,
            aggregator_per_second: 200,
            organizations_per_second: 200,
        },
        cross_check_ec2: false,
        cross_check_tagging: false,
        region_concurrency: 4,
        operation_timeout: Duration::from_secs(30),
        attempt_timeout: Duration::from_secs(10),
        max_attempts: 1,
        clock: Arc::new(|| "2026-11-23T09:00:00Z".parse().unwrap()),
    }
}

pub(crate) fn assumed(key_id: &str, expiration: &str) -> Reply {
    Reply::Text(
        200,
        format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
             <AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>{expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        ),
    )
}

pub(crate) fn recorders(group: Value) -> Reply {
    Reply::Json(json!({"ConfigurationRecorders": [{"name": "default", "recordingGroup": group}]}))
}

pub(crate) fn recorder_status(recording: bool, last: &str) -> Reply {
    Reply::Json(json!({"ConfigurationRecordersStatus": [
        {"name": "default", "recording": recording, "lastStatus": last, "lastStartTime": 1_700_000_000}
    ]}))
}

pub(crate) fn counts(counts: &[(&str, u64)]) -> Reply {
    let list: Vec<_> = counts.iter().map(|(of, count)| json!({"resourceType": of, "count": count})).collect();
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    Reply::Json(json!({"totalDiscoveredResources": total, "resourceCounts": list}))
}

/// A page of Select.
pub(crate) fn rows(rows: &[(&str, &str)], token: Option<&str>) -> Reply {
    let list: Vec<_> = rows.iter().map(|(of, id)| row(of, id)).collect();
    page(&list, token)
}

pub(crate) fn row(resource_type: &str, id: &str) -> String {
    json!({"resourceType": resource_type, "resourceId": id, "accountId": ACCOUNT, "configurationItemStatus": "OK"})
        .to_string()
}

pub(crate) fn page(rows: &[String], token: Option<&str>) -> Reply {
    Reply::Json(json!({"Results": rows, "NextToken": token}))
}

/// A page of List.
pub(crate) fn ids(list: &[(&str, &str)], token: Option<&str>) -> Reply {
    let list: Vec<_> = list.iter().map(|(of, id)| json!({"resourceType": of, "resourceId": id})).collect();
    Reply::Json(json!({"resourceIdentifiers": list, "nextToken": token}))
}

/// An answer of BatchGet: items, and keys that were not processed.
pub(crate) fn base_items(items: &[Value], unprocessed: &[(&str, &str)]) -> Reply {
    let open: Vec<_> =
        unprocessed.iter().map(|(of, id)| json!({"resourceType": of, "resourceId": id})).collect();
    Reply::Json(json!({"baseConfigurationItems": items, "unprocessedResourceKeys": open}))
}

/// A live item as BatchGet gives it: the configuration is JSON within JSON.
pub(crate) fn base_item(resource_type: &str, id: &str, configuration: &Value) -> Value {
    json!({"resourceType": resource_type, "resourceId": id, "accountId": ACCOUNT, "awsRegion": FRANKFURT,
           "configurationItemStatus": "OK", "resourceCreationTime": 1_700_000_000.5,
           "configuration": configuration.to_string()})
}

/// An error of AWS Config or Organizations.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::Text(status, json!({"__type": code, "message": message}).to_string())
}

/// Instances as EC2 gives them.
pub(crate) fn instances(owner: &str, ids: &[&str], state: &str) -> Reply {
    let items: String = ids
        .iter()
        .map(|id| {
            format!(
                "<item><instanceId>{id}</instanceId><instanceState><name>{state}</name></instanceState></item>"
            )
        })
        .collect();
    let set = format!(
        "<reservationSet><item><ownerId>{owner}</ownerId><instancesSet>{items}</instancesSet></item></reservationSet>"
    );
    ec2_answer("DescribeInstances", &set)
}

fn ec2_answer(operation: &str, content: &str) -> Reply {
    let text = format!(
        "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{content}</{operation}Response>"
    );
    Reply::Text(200, text)
}

/// An error of EC2.
pub(crate) fn ec2_error(status: u16, code: &str) -> Reply {
    let text = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
    );
    Reply::Text(status, text)
}

/// An error of STS.
pub(crate) fn sts_error(status: u16, code: &str, message: &str) -> Reply {
    let text = format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    Reply::Text(status, text)
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    while let Some(call) = request(&mut stream, &mut buffer).await {
        let reply = state.reply(&call);
        state.calls.lock().unwrap().push(call);
        let (status, kind, body) = match reply {
            Reply::Json(value) => (200, "application/x-amz-json-1.1", value.to_string()),
            Reply::Text(status, text) if text.starts_with('{') => {
                (status, "application/x-amz-json-1.1", text)
            }
            Reply::Text(status, text) => (status, "text/xml", text),
            Reply::Headed(status, kind, text) => (status, kind, text.to_owned()),
            Reply::Hang => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return;
            }
        };
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

impl State {
    fn reply(&self, call: &Call) -> Reply {
        if let Some((key_id, next)) = self.slow.lock().unwrap().as_mut()
            && call.key_id == *key_id
            && call.operation != "DescribeRegions"
        {
            let now = Instant::now();
            if now < *next {
                return error(400, "ThrottlingException", "Rate exceeded");
            }
            *next = now + Duration::from_secs(1);
        }
        for (operation, word, queue) in self.by_word.lock().unwrap().iter_mut() {
            if *operation == call.operation && call.body.contains(word.as_str()) {
                return if queue.len() > 1 { queue.pop_front().unwrap() } else { queue[0].clone() };
            }
        }
        let mut replies = self.replies.lock().unwrap();
        let exact = (call.operation.clone(), call.region.clone());
        let key = if replies.contains_key(&exact) { exact } else { (call.operation.clone(), String::new()) };
        let Some(queue) = replies.get_mut(&key) else {
            return error(400, "UnknownOperationException", &call.operation);
        };
        if queue.len() > 1 { queue.pop_front().unwrap() } else { queue[0].clone() }
    }
}

/// Reads one HTTP request, and from it what was asked of which region.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Call> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        fill(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
    };
    let length: usize = header("content-length").map_or(0, |(_, value)| value.trim().parse().unwrap());
    while buffer.len() < end + length {
        fill(stream, buffer).await?;
    }
    let body = String::from_utf8_lossy(&buffer[end..end + length]).into_owned();
    buffer.drain(..end + length);
    let target =
        header("x-amz-target").map(|(_, value)| value.trim().rsplit('.').next().unwrap_or("").to_owned());
    let form = body.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
    let scope = header("authorization").map(|(_, value)| value.to_owned()).unwrap_or_default();
    let mut parts = scope.split("Credential=").nth(1).unwrap_or("").split('/');
    let key_id = parts.next().unwrap_or("").to_owned();
    let region = parts.nth(1).unwrap_or("").to_owned();
    Some(Call { operation: target.or(form).unwrap_or_default(), region, body, key_id })
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 8192];
    let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
    buffer.extend_from_slice(&chunk[..read]);
    Some(())
}
