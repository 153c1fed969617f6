//! STS: AssumeRole and GetCallerIdentity.

use super::{
    Aws,
    answer::{Answer, REQUEST_ID},
    error::AwsError,
    request::Call,
    session_policy::SessionPolicy,
    sessions::{Caller, Keys},
    xml::Xml,
};
use crate::faults::Fault;
use jiff::SignedDuration;
use std::sync::Arc;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const MAX_POLICY_CHARACTERS: usize = 2048;
const DEFAULT_SECONDS: i64 = 3600;
/// A role that assumes a role gets one hour at most.
const MAX_SECONDS: i64 = 3600;
const MIN_SECONDS: i64 = 900;
/// How long sessions live under `expired_credentials`.
const SHORT_SECONDS: i64 = 5;

impl Aws {
    /// Answers an operation of STS.
    pub(crate) fn sts(&self, caller: &Caller, call: &Call) -> Result<Answer, AwsError> {
        match call.operation.as_str() {
            "AssumeRole" => self.assume_role(caller, call),
            "GetCallerIdentity" => Ok(self.caller_identity(caller)),
            other => Err(AwsError::new("InvalidAction", format!("no action {other} in STS"))),
        }
    }

    fn caller_identity(&self, caller: &Caller) -> Answer {
        answer("GetCallerIdentity", |xml| {
            xml.leaf("Arn", &caller.arn).leaf("UserId", &caller.user_id);
            xml.leaf("Account", &self.estate.accounts[caller.account].id);
        })
    }

    fn assume_role(&self, caller: &Caller, call: &Call) -> Result<Answer, AwsError> {
        let required = |name: &str| {
            let message = format!("parameter {name} is missing");
            call.parameter(name).ok_or_else(|| AwsError::new("ValidationError", message))
        };
        let (arn, name) = (required("RoleArn")?, required("RoleSessionName")?);
        validate_session_name(name)?;
        let seconds = duration(call)?;
        let policy = policy(call)?;
        let external_id = call.parameter("ExternalId");
        let denied = || {
            let message = format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
                caller.arn
            );
            AwsError::with_status(403, "AccessDenied", message)
        };
        let (account_id, role) = read_role(arn)?;
        let account = self.estate.account_index(account_id).ok_or_else(denied)?;
        let trusted = role == self.role_name && external_id == Some(self.external_id.as_str());
        if !trusted || self.estate.placement.denied(account) {
            return Err(denied());
        }
        let short = self.estate.placement.faults().has(Fault::ExpiredCredentials);
        let lasts = SignedDuration::from_secs(if short { SHORT_SECONDS } else { seconds });
        let session_arn = format!("arn:aws:sts::{account_id}:assumed-role/{role}/{name}");
        let user_id = format!("AROASANDBOX{account:010}:{name}");
        let packed = policy.as_ref().map(|(_, length)| length * 100 / MAX_POLICY_CHARACTERS);
        let session = Caller {
            account,
            base: false,
            arn: session_arn.clone(),
            user_id: user_id.clone(),
            policy: policy.map(|(policy, _)| Arc::new(policy)),
        };
        let keys = self.sessions.open(session, lasts);
        Ok(answer("AssumeRole", |xml| {
            credentials(xml, &keys);
            xml.within("AssumedRoleUser", |xml| {
                xml.leaf("AssumedRoleId", &user_id).leaf("Arn", &session_arn);
            });
            if let Some(packed) = packed {
                xml.leaf("PackedPolicySize", &packed.to_string());
            }
        }))
    }
}

fn answer(operation: &str, result: impl FnOnce(&mut Xml)) -> Answer {
    let mut xml = Xml::default();
    let (outer, inner) = (format!("{operation}Response"), format!("{operation}Result"));
    xml.open_with(&outer, "xmlns", NAMESPACE).within(&inner, result);
    xml.within("ResponseMetadata", |xml| {
        xml.leaf("RequestId", REQUEST_ID);
    });
    xml.close(&outer);
    Answer::xml(xml.finish())
}

fn credentials(xml: &mut Xml, keys: &Keys) {
    xml.within("Credentials", |xml| {
        xml.leaf("AccessKeyId", &keys.access_key).leaf("SecretAccessKey", &keys.secret);
        xml.leaf("SessionToken", &keys.token).leaf("Expiration", &format!("{:.0}", keys.expires));
    });
}

fn validate_session_name(name: &str) -> Result<(), AwsError> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if (2..=64).contains(&name.chars().count()) && name.chars().all(allowed) {
        return Ok(());
    }
    let message = format!("Value '{name}' at 'roleSessionName' must have 2 to 64 characters of [\\w+=,.@-]");
    Err(AwsError::new("ValidationError", message))
}

fn duration(call: &Call) -> Result<i64, AwsError> {
    let Some(text) = call.parameter("DurationSeconds") else { return Ok(DEFAULT_SECONDS) };
    let seconds = text.parse().ok().filter(|seconds| (MIN_SECONDS..=MAX_SECONDS).contains(seconds));
    seconds.ok_or_else(|| {
        let message =
            format!("DurationSeconds is {text}, a chained role allows {MIN_SECONDS} to {MAX_SECONDS}");
        AwsError::new("ValidationError", message)
    })
}

fn policy(call: &Call) -> Result<Option<(SessionPolicy, usize)>, AwsError> {
    let Some(text) = call.parameter("Policy") else { return Ok(None) };
    let length = text.chars().count();
    if length > MAX_POLICY_CHARACTERS {
        let message = format!("the policy has {length} characters, {MAX_POLICY_CHARACTERS} are allowed");
        return Err(AwsError::new("ValidationError", message));
    }
    let policy = SessionPolicy::read(text);
    let policy =
        policy.ok_or_else(|| AwsError::new("MalformedPolicyDocument", "the session policy is malformed"))?;
    Ok(Some((policy, length)))
}

/// Reads `arn:aws:iam::<account>:role/<path and name>` into the account and the name.
fn read_role(arn: &str) -> Result<(&str, &str), AwsError> {
    let invalid = || AwsError::new("ValidationError", format!("{arn} is invalid"));
    let (account, role) =
        arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/")).ok_or_else(invalid)?;
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if digits && !role.is_empty() { Ok((account, role)) } else { Err(invalid()) }
}
