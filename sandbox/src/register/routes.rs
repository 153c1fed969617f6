//! The calls of the contract.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::Caller;
use super::apply::Batch;
use super::problem::Problem;
use super::request::{JsonBody, MAX_RUN_ID, is_account_id, is_identifier, parse_asset_key};
use super::store::RunRecord;
use super::{MAX_BATCH, MAX_BODY_BYTES, MAX_PAGE, Register, clock, faults, token};

/// Longest digest of a plan, in characters.
const MAX_PLAN_DIGEST: usize = 200;

/// Out of the publisher's folder, on which the sandbox does not depend: the contract has one place.
const CONTRACT: &str = include_str!("../../../publisher/openapi/register-api.yaml");

type Shared = State<Arc<Register>>;
type Answer = Result<Json<Value>, Problem>;
type QueryResult = Result<Query<BTreeMap<String, String>>, QueryRejection>;

pub(super) fn router(register: Arc<Register>) -> Router {
    Router::new()
        .route("/v1/identity", get(identity))
        .route("/v1/accounts", get(accounts))
        .route("/v1/assets", get(list))
        .route("/v1/assets/lookup", post(look_up))
        .route("/v1/assets/{asset_key}", get(asset))
        .route("/v1/changes", post(changes))
        .route("/v1/runs/{run_id}", get(run).put(record_run))
        .route("/v1/oauth/token", post(token::token))
        .route("/openapi.yaml", get(contract))
        .fallback(async || Problem::not_found("no such path"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(from_fn_with_state(register.clone(), faults::inject))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(register)
}

async fn contract() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/yaml")], CONTRACT)
}

async fn identity(State(register): Shared, caller: Caller) -> Json<Value> {
    let declared = |capability: &str| !register.undeclared.contains(&capability);
    Json(json!({
        "register_id": register.register_id,
        "environment": register.environment,
        "name": format!("bestand's reference register ({})", register.environment),
        "api_version": "1",
        "source": caller.name,
        "capabilities": {
            "environment": declared("environment"),
            "list": declared("list"),
            "preconditions": declared("preconditions"),
            "idempotency": declared("idempotency"),
            "read_back": declared("read_back"),
            "max_batch": MAX_BATCH,
            "max_page": MAX_PAGE,
        },
    }))
}

/// What is asked for in a query.
fn query(query: QueryResult) -> Result<BTreeMap<String, String>, Problem> {
    query.map(|Query(query)| query).map_err(|error| Problem::invalid(error.body_text()))
}

/// Rows on the page asked for.
fn limit(query: &BTreeMap<String, String>) -> Result<usize, Problem> {
    let Some(limit) = query.get("limit") else { return Ok(MAX_PAGE) };
    let digits = limit.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || limit.bytes().all(|byte| byte == b'0') {
        return Err(Problem::invalid("limit must be a whole number from 1 up"));
    }
    // Nothing but digits: what does not fit is larger than every page.
    Ok(limit.parse().unwrap_or(MAX_PAGE).min(MAX_PAGE))
}

/// The last element of the page before, from its cursor; "" is before all of them.
fn after(query: &BTreeMap<String, String>, parse: fn(&str) -> Option<String>) -> Result<String, Problem> {
    match query.get("cursor") {
        None => Ok(String::new()),
        Some(cursor) => parse(cursor).ok_or_else(|| Problem::invalid("the cursor is not one of this list's")),
    }
}

/// One more row than fits was asked for: it tells that there is a next page, and is cut off.
fn cut<T>(rows: &mut Vec<T>, limit: usize, key: fn(&T) -> &str) -> Option<String> {
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(|row| key(row).to_owned())
}

fn page(mut body: Value, next_cursor: Option<String>) -> Json<Value> {
    if let Some(cursor) = next_cursor {
        body["next_cursor"] = cursor.into();
    }
    Json(body)
}

fn one_more(limit: usize) -> i64 {
    i64::try_from(limit + 1).unwrap_or(i64::MAX)
}

async fn accounts(State(register): Shared, caller: Caller, asked: QueryResult) -> Answer {
    let asked = query(asked)?;
    let account = |cursor: &str| is_account_id(cursor).then(|| cursor.to_owned());
    let (limit, after) = (limit(&asked)?, after(&asked, account)?);
    let source = caller.visible_source();
    let without_account = register.store.count_without_account(source).await?;
    let mut accounts = register.store.accounts(source, &after, one_more(limit)).await?;
    let next = cut(&mut accounts, limit, |account| &account.account_id);
    Ok(page(json!({ "accounts": accounts, "without_account": without_account }), next))
}

async fn list(State(register): Shared, caller: Caller, asked: QueryResult) -> Answer {
    let asked = query(asked)?;
    let account_id = match asked.get("account_id").map(String::as_str) {
        Some("none") => None,
        Some(account_id) if is_account_id(account_id) => Some(account_id),
        _ => return Err(Problem::invalid("account_id must be an account id of 12 digits, or none")),
    };
    let (limit, after) = (limit(&asked)?, after(&asked, parse_asset_key)?);
    let source = caller.visible_source();
    let mut assets = register.store.list(source, account_id, &after, one_more(limit)).await?;
    let next = cut(&mut assets, limit, |asset| &asset.asset_key);
    Ok(page(json!({ "assets": assets }), next))
}

async fn asset(
    State(register): Shared,
    caller: Caller,
    asset_key: Result<Path<String>, PathRejection>,
) -> Answer {
    let key = asset_key.ok().and_then(|Path(key)| parse_asset_key(&key));
    let key = key.ok_or_else(|| Problem::invalid("the asset key is not a UUID"))?;
    let found = register.store.look_up(caller.visible_source(), &[key]).await?;
    let asset = found.first().ok_or_else(|| Problem::not_found("no such entry of the caller's"))?;
    Ok(Json(json!(asset)))
}

#[derive(Deserialize)]
struct Lookup {
    asset_keys: Vec<String>,
}

async fn look_up(State(register): Shared, caller: Caller, JsonBody(lookup): JsonBody<Lookup>) -> Answer {
    must_fit(lookup.asset_keys.len())?;
    let keys: Option<BTreeSet<_>> = lookup.asset_keys.iter().map(|key| parse_asset_key(key)).collect();
    let keys: Vec<_> =
        keys.ok_or_else(|| Problem::invalid("an asset key is not a UUID"))?.into_iter().collect();
    let assets = register.store.look_up(caller.visible_source(), &keys).await?;
    Ok(Json(json!({ "assets": assets })))
}

fn must_fit(elements: usize) -> Result<(), Problem> {
    if elements > MAX_BATCH {
        return Err(Problem::too_large(format!("{elements} elements, and max_batch is {MAX_BATCH}")));
    }
    Ok(())
}

async fn changes(State(register): Shared, caller: Caller, JsonBody(batch): JsonBody<Batch>) -> Answer {
    caller.must_write()?;
    must_fit(batch.changes.len())?;
    if !is_identifier(&batch.plan_digest, MAX_PLAN_DIGEST) {
        return Err(Problem::invalid("plan_digest is not a digest"));
    }
    if !is_identifier(&batch.run_id, MAX_RUN_ID) {
        return Err(Problem::invalid("run_id is not an identifier"));
    }
    let results = register.store.apply(&batch, &caller, clock::now(register.clock_ahead)).await?;
    Ok(Json(json!({ "results": results })))
}

fn run_id(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    let run_id = path.ok().map(|Path(run_id)| run_id).filter(|run_id| is_identifier(run_id, MAX_RUN_ID));
    run_id.ok_or_else(|| Problem::invalid("run_id is not an identifier"))
}

async fn run(State(register): Shared, caller: Caller, path: Result<Path<String>, PathRejection>) -> Answer {
    let run_id = run_id(path)?;
    let record = register.store.run(caller.visible_source(), &run_id).await?;
    let record = record.ok_or_else(|| Problem::not_found("no such run of the caller's"))?;
    Ok(Json(json!(record)))
}

async fn record_run(
    State(register): Shared,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    JsonBody(evidence): JsonBody<Map<String, Value>>,
) -> Answer {
    caller.must_write()?;
    let run_id = run_id(path)?;
    check_evidence(&evidence).map_err(Problem::invalid)?;
    let environment = evidence.get("environment").and_then(Value::as_str).unwrap_or_default();
    if environment != register.environment {
        return Err(Problem::environment_mismatch(&register.environment, environment));
    }
    let record = RunRecord {
        run_id,
        source: caller.name,
        recorded_at: clock::now(register.clock_ahead),
        evidence: evidence.into(),
    };
    register.store.record_run(&record).await?;
    Ok(Json(json!(record)))
}

/// Checks the members the contract names; further ones are kept as they are.
fn check_evidence(evidence: &Map<String, Value>) -> Result<(), String> {
    let text = |name: &str| evidence.get(name).and_then(Value::as_str);
    let is_time = |text: &str| text.parse::<Timestamp>().is_ok();
    for name in ["environment", "command", "tool_version"] {
        if text(name).is_none_or(str::is_empty) {
            return Err(format!("{name} must be text"));
        }
    }
    if !text("started_at").is_some_and(is_time) {
        return Err("started_at must be a time".to_owned());
    }
    let ended_at = evidence.get("ended_at").is_none_or(|at| at.is_null() || at.as_str().is_some_and(is_time));
    if !ended_at {
        return Err("ended_at must be a time".to_owned());
    }
    let is_digest = |value: &Value| value.as_str().is_some_and(|text| is_identifier(text, MAX_PLAN_DIGEST));
    if !evidence.get("plan_digest").is_none_or(|digest| digest.is_null() || is_digest(digest)) {
        return Err("plan_digest is not a digest".to_owned());
    }
    if !evidence.get("totals").is_some_and(Value::is_object) {
        return Err("totals must be an object".to_owned());
    }
    let overrides = evidence.get("overrides").and_then(Value::as_array);
    if !overrides.is_some_and(|overrides| overrides.iter().all(Value::is_object)) {
        return Err("overrides must be a list of objects".to_owned());
    }
    Ok(())
}
