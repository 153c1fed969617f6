use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use secrecy::ExposeSecret;

use super::*;

const VALUE: &str = "geheim-4711";

fn place() -> SecretPlace {
    SecretPlace { id: "register".into(), region: "eu-central-1".into() }
}

fn of_text(text: &str) -> GetSecretValueOutput {
    GetSecretValueOutput::builder().secret_string(text).build()
}

#[test]
fn a_secret_is_the_string_or_what_its_json_has_under_the_key() {
    for (text, key) in [
        ("geheim-4711", None),
        (" geheim-4711\n", None),
        (r#"{"user": "itk", "password": "geheim-4711", "port": 5432}"#, Some("password")),
        (r#"{"a b": "geheim-4711 "}"#, Some("a b")),
    ] {
        assert_eq!(taken(&of_text(text), key).unwrap().expose_secret(), VALUE, "{text}");
    }
    // Without a key JSON is a string like any other.
    assert_eq!(taken(&of_text("{\"a\": 1}"), None).unwrap().expose_secret(), "{\"a\": 1}");
}

#[test]
fn what_is_no_such_secret_is_told_without_a_word_of_it() {
    let binary = GetSecretValueOutput::builder().secret_binary(aws_smithy_types::Blob::new(VALUE)).build();
    assert_eq!(taken(&binary, None).unwrap_err(), "is binary: keep it as a string");
    let nothing = GetSecretValueOutput::builder().build();
    assert_eq!(taken(&nothing, None).unwrap_err(), "has no value yet");
    for (text, key, words) in [
        ("", None, "is empty"),
        (" \n", Some("key"), "is empty"),
        ("geheim-4711", Some("key"), "is no JSON object, so it has no key `key`"),
        (r#"["geheim-4711"]"#, Some("key"), "is no JSON object, so it has no key `key`"),
        (r#"{"key": "geheim-4711""#, Some("key"), "is no JSON object, so it has no key `key`"),
        (r#"{"geheim-4711": "geheim-4711"}"#, Some("key"), "has no key `key`"),
        (r#"{"key": ["geheim-4711"]}"#, Some("key"), "has something other than a string under `key`"),
        (r#"{"key": 4711}"#, Some("key"), "has something other than a string under `key`"),
        (r#"{"key": null}"#, Some("key"), "has something other than a string under `key`"),
        (r#"{"key": " ", "other": "geheim-4711"}"#, Some("key"), "has nothing under `key`"),
    ] {
        assert_eq!(taken(&of_text(text), key).unwrap_err(), words, "{text}");
    }
}

fn refused(code: &str, message: &str, status: u16) -> SecretsManagerError {
    let said = ErrorMetadata::builder().code(code).message(message).build();
    let raw = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
    refusal(place(), &SdkError::service_error(GetSecretValueError::generic(said), raw))
}

#[test]
fn a_refusal_names_the_secret_and_the_action_that_is_lacking() {
    let denied = "User: arn:aws:sts::1:assumed-role/job is not authorized";
    for (code, message, action) in [
        ("AccessDeniedException", denied, "secretsmanager:GetSecretValue"),
        ("AccessDeniedException", "Access to KMS is not allowed", "kms:Decrypt"),
        ("DecryptionFailure", "can't decrypt", "kms:Decrypt"),
    ] {
        let error = refused(code, message, 400);
        assert!(!error.is_of_the_secret());
        let text = error.to_string();
        for part in ["the secret `register` in eu-central-1", "its own role lacks", action, code, message] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn a_secret_that_is_not_there_is_for_the_settings_and_a_service_that_is_not_there_is_not() {
    for code in ["ResourceNotFoundException", "InvalidRequestException", "ValidationException"] {
        let error = refused(code, "no", 400);
        assert!(matches!(error, SecretsManagerError::NotThere { .. }) && error.is_of_the_secret(), "{error}");
    }
    for (code, status) in [("InternalServiceError", 500), ("ThrottlingException", 400), ("", 502)] {
        let error = refused(code, "", status);
        assert!(matches!(error, SecretsManagerError::Unreachable { .. }), "{error}");
        assert!(!error.is_of_the_secret());
    }
}

#[test]
fn an_arn_is_looked_for_in_its_own_region() {
    let arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111111111111:secret:register-AbCdEf";
    assert_eq!(region_of(arn), Some("us-gov-west-1"));
    assert_eq!(region_of("register/arn:aws:secretsmanager:x:y"), None);
    assert_eq!(region_of("arn:aws:secretsmanager"), None);
    assert_eq!(region_of("register"), None);
}
