//! Keys and tokens: shown to the register, and to nobody else.

use bestand_publisher::central_register::{
    CentralRegister, ClientCertificate, RegisterApi, RegisterAuth, RegisterError,
};
use serde_json::json;

use crate::scripted::{Reply, Scripted, html, identity, ok, options, problem, status};

const SECRET: &str = "hunter2-top/secret";
const IDENTITY: &str = "/v1/identity";
const TOKEN: &str = "/v1/oauth/token";

fn api_key() -> RegisterAuth {
    RegisterAuth::ApiKey(SECRET.into())
}

fn oauth2() -> RegisterAuth {
    RegisterAuth::OAuth2 {
        token_url: None,
        client_id: "client".into(),
        client_secret: SECRET.into(),
        scopes: vec!["register.write".into()],
    }
}

fn token(text: &str, expires_in: u32) -> Reply {
    ok(json!({ "access_token": text, "token_type": "Bearer", "expires_in": expires_in }))
}

fn bearers(register: &Scripted) -> Vec<String> {
    register.asked(IDENTITY).iter().map(|asked| asked.headers["authorization"].clone()).collect()
}

/// Everything that could be printed of an error.
fn all_words(error: &RegisterError) -> String {
    let mut words = format!("{error} {error:?} {error:#?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words += &format!(" {error} {error:?}");
        cause = error.source();
    }
    words
}

#[tokio::test]
async fn an_api_key_goes_with_every_call() {
    let register = Scripted::start().await;
    register.client_as(api_key()).identity().await.unwrap();
    assert_eq!(register.asked(IDENTITY)[0].headers["x-api-key"], SECRET);
    register.client().identity().await.unwrap();
    assert!(!register.asked(IDENTITY)[1].headers.contains_key("x-api-key"));
}

#[tokio::test]
async fn a_token_is_fetched_once_and_used_until_shortly_before_its_end() {
    let register = Scripted::start().await.on(TOKEN, [token("t1", 3600)]);
    let client = register.client_as(oauth2());
    for _ in 0..3 {
        client.identity().await.unwrap();
    }
    assert_eq!(bearers(&register), ["Bearer t1"; 3]);
    let asked = register.asked(TOKEN);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body, "grant_type=client_credentials&scope=register.write");
    assert!(asked[0].headers["authorization"].starts_with("Basic "));

    // Ended before it came: a new one for each call.
    let register = Scripted::start().await.on(TOKEN, [token("t1", 0), token("t2", 0)]);
    let client = register.client_as(oauth2());
    client.identity().await.unwrap();
    client.identity().await.unwrap();
    assert_eq!(bearers(&register), ["Bearer t1", "Bearer t2"]);
}

#[tokio::test]
async fn a_token_is_renewed_while_it_still_lives() {
    // A fifth of its life before its end: after 0.8 s of one second.
    let register = Scripted::start().await.on(TOKEN, [token("t1", 1), token("t2", 3600)]);
    let client = register.client_as(oauth2());
    client.identity().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(850)).await;
    client.identity().await.unwrap();
    assert_eq!(bearers(&register), ["Bearer t1", "Bearer t2"]);
}

#[tokio::test]
async fn a_token_that_is_no_good_any_more_is_renewed_once() {
    let refused = || problem(401, "unknown token", "");
    let register = Scripted::start()
        .await
        .on(TOKEN, [token("t1", 3600), token("t2", 3600)])
        .on(IDENTITY, [ok(identity()), refused(), ok(identity())]);
    let client = register.client_as(oauth2());
    client.identity().await.unwrap();
    client.identity().await.unwrap();
    assert_eq!(bearers(&register), ["Bearer t1", "Bearer t1", "Bearer t2"]);

    let register = Scripted::start().await.on(TOKEN, [token("t1", 3600)]).on(IDENTITY, [refused()]);
    let error = register.client_as(oauth2()).identity().await.unwrap_err();
    assert_eq!(error.status(), Some(401));
    assert_eq!((register.asked(IDENTITY).len(), register.asked(TOKEN).len()), (2, 2));
}

#[tokio::test]
async fn callers_at_the_same_time_share_a_token() {
    let register = Scripted::start().await.on(TOKEN, [token("t1", 3600)]);
    let client = register.client_as(oauth2());
    let calls = (0..8).map(|_| client.identity());
    assert!(futures::future::join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(register.asked(TOKEN).len(), 1);
}

#[tokio::test]
async fn an_issuer_in_trouble_is_asked_again_and_one_that_refuses_is_not() {
    let troubles = [status(503, &[], json!({})), Reply::Drop, status(429, &[], json!({})), token("t1", 60)];
    let register = Scripted::start().await.on(TOKEN, troubles);
    register.client_as(oauth2()).identity().await.unwrap();
    assert_eq!(register.asked(TOKEN).len(), 4);

    let refusal = status(401, &[], json!({ "error": "invalid_client", "error_description": "who?" }));
    for (reply, words) in
        [(refusal, "invalid_client: who?"), (html(200), "Content-Type"), (ok(json!({})), "makes no sense")]
    {
        let register = Scripted::start().await.on(TOKEN, [reply]);
        let error = register.client_as(oauth2()).identity().await.unwrap_err();
        assert!(matches!(&error, RegisterError::Token { reason, .. } if reason.contains(words)), "{error:?}");
        assert!(error.to_string().contains(&format!("{}{TOKEN}", register.url)), "{error}");
        assert_eq!((register.asked(TOKEN).len(), register.asked(IDENTITY).len()), (1, 0));
    }
}

/// A token in a file that a test may change.
struct TokenFile(tempfile::TempDir);

impl TokenFile {
    fn holding(text: &str) -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        file.rotate(text);
        file
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("token")
    }

    fn rotate(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    fn auth(&self) -> RegisterAuth {
        RegisterAuth::BearerFile(self.path())
    }
}

#[tokio::test]
async fn a_token_from_a_file_is_used_as_the_file_has_it_now() {
    let register = Scripted::start().await;
    let file = TokenFile::holding("one\n");
    let client = register.client_as(file.auth());
    client.identity().await.unwrap();
    // Of the same length and within the same tick of any clock.
    file.rotate("two\n");
    client.identity().await.unwrap();
    assert_eq!(bearers(&register), ["Bearer one", "Bearer two"]);
}

#[tokio::test]
async fn a_token_from_a_file_that_is_refused_is_read_again_once() {
    // Rotated while the request is under way: what was sent is already the old one.
    let register = Scripted::start().await;
    let file = TokenFile::holding("old");
    let path = file.path();
    let register = register.on(IDENTITY, [Reply::Refuse(path, "new".to_owned()), ok(identity())]);
    register.client_as(file.auth()).identity().await.unwrap();
    assert_eq!(bearers(&register), ["Bearer old", "Bearer new"]);

    // Also the new one is refused: that is the answer.
    let file = TokenFile::holding("old");
    let path = file.path();
    let newer = |text: &str| Reply::Refuse(path.clone(), text.to_owned());
    let register = Scripted::start().await.on(IDENTITY, [newer("new"), newer("newest"), ok(identity())]);
    let error = register.client_as(file.auth()).identity().await.unwrap_err();
    assert_eq!(
        (error.status(), bearers(&register)),
        (Some(401), vec!["Bearer old".into(), "Bearer new".into()])
    );

    // The same token again would be refused again: it is not even sent.
    let file = TokenFile::holding("only");
    let register = Scripted::start().await.on(IDENTITY, [problem(401, "unknown token", "")]);
    let error = register.client_as(file.auth()).identity().await.unwrap_err();
    assert_eq!((error.status(), bearers(&register)), (Some(401), vec!["Bearer only".into()]));
}

#[tokio::test]
async fn a_token_file_that_gives_none_is_told_by_its_path_and_nothing_is_sent() {
    let long = "x".repeat(70_000);
    for (text, words) in [
        ("", "it is empty"),
        (" \n ", "it is empty"),
        ("two\nlines", "cannot be sent in a header"),
        (&long, "longer than"),
    ] {
        let register = Scripted::start().await;
        let file = TokenFile::holding(text);
        let error = register.client_as(file.auth()).identity().await.unwrap_err();
        assert!(
            matches!(&error, RegisterError::TokenFile { reason, .. } if reason.contains(words)),
            "{error:?}"
        );
        assert!(error.to_string().contains(file.path().to_str().unwrap()), "{error}");
        assert!(register.asked(IDENTITY).is_empty());
    }
    let register = Scripted::start().await;
    let missing = RegisterAuth::BearerFile("/nowhere/token".into());
    let words = all_words(&register.client_as(missing).identity().await.unwrap_err());
    assert!(words.contains("/nowhere/token: it cannot be read: No such file"), "{words}");
}

#[tokio::test]
async fn no_error_and_no_debug_shows_a_secret() {
    let page = |code| Reply::Text(code, vec![], format!("<p>You sent {SECRET} and bearer-token-1</p>"));
    let said = |code| problem(code, &format!("what is {SECRET}"), "and bearer-token-1");
    let tokens = || [token("bearer-token-1", 3600)];
    let file = TokenFile::holding(SECRET);
    for auth in [api_key(), oauth2(), file.auth()] {
        for reply in [page(200), page(400), said(400), said(500), Reply::Hang, Reply::Drop] {
            let register = Scripted::start().await.on(TOKEN, tokens()).on(IDENTITY, [reply]);
            let client = register.client_as(auth.clone());
            let words = all_words(&client.identity().await.unwrap_err()) + &format!("{client:?} {client:#?}");
            assert!(!words.contains(SECRET), "{words}");
            assert!(
                !matches!(auth, RegisterAuth::OAuth2 { .. }) || !words.contains("bearer-token-1"),
                "{words}"
            );
        }
        let options = options("http://127.0.0.1:1", auth.clone());
        assert!(!format!("{options:?} {auth:?}").contains(SECRET));
    }
    // Of the issuer's answers nothing is shown that may be a token.
    let half = Reply::Text(200, vec![], r#"{"access_token": "bearer-token-1", "#.to_owned());
    let refusal =
        |text: &str| status(400, &[], json!({ "error": "invalid_client", "error_description": text }));
    // `client:hunter2-top/secret` as the header has it, in which the slash is written `%2F`.
    let basic = "Y2xpZW50Omh1bnRlcjItdG9wJTJGc2VjcmV0";
    for reply in [half, refusal(SECRET), refusal(basic), refusal("hunter2-top%2Fsecret")] {
        let register = Scripted::start().await.on(TOKEN, [reply]);
        let words = all_words(&register.client_as(oauth2()).identity().await.unwrap_err());
        assert!(!words.contains("bearer-token-1") && !words.contains(SECRET), "{words}");
        assert!(!words.contains(basic) && !words.contains("hunter2"), "{words}");
    }
}

#[tokio::test]
async fn a_secret_at_the_edge_of_an_excerpt_is_not_shown_in_half() {
    for before in 170..210 {
        let body = format!("{}{SECRET}", "x".repeat(before));
        let register = Scripted::start().await.on(IDENTITY, [Reply::Text(200, vec![], body)]);
        let words = all_words(&register.client_as(api_key()).identity().await.unwrap_err());
        assert!(!words.contains("hunter"), "{words}");
    }
}

#[test]
fn settings_that_would_give_a_secret_away_are_refused() {
    let refused = |url: &str, auth: RegisterAuth| match RegisterApi::new(options(url, auth)) {
        Err(RegisterError::Setup(reason)) => reason,
        other => panic!("{url}: {other:?}"),
    };
    for auth in [api_key(), oauth2(), RegisterAuth::BearerFile("token".into())] {
        let reason = refused("http://register.example", auth.clone());
        assert_eq!(reason, "a secret would be sent to register.example without TLS: use https");
        assert!(RegisterApi::new(options("https://register.example", auth.clone())).is_ok());
        assert!(RegisterApi::new(options("http://localhost:1", auth.clone())).is_ok());
        assert!(RegisterApi::new(options("http://[::1]:1", auth)).is_ok());
    }
    assert!(RegisterApi::new(options("http://register.example", RegisterAuth::None)).is_ok());
    let elsewhere = RegisterAuth::OAuth2 {
        token_url: Some("http://issuer.example/token".parse().unwrap()),
        client_id: "client".into(),
        client_secret: SECRET.into(),
        scopes: vec![],
    };
    assert!(refused("https://register.example", elsewhere).contains("issuer.example"));
    for url in ["ftp://register.example", "https://me:pw@register.example", "https://register.example/?key=1"]
    {
        refused(url, RegisterAuth::None);
    }
    refused("https://register.example", RegisterAuth::ApiKey("two\nlines".into()));
}

#[test]
fn extra_roots_must_be_certificates() {
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let mut options = options("https://register.example", RegisterAuth::None);
        options.extra_roots_pem = Some(pem.into());
        assert!(matches!(RegisterApi::new(options), Err(RegisterError::Setup(_))), "{pem}");
    }
}

/// A certificate for nobody and its key; and the key of another one.
const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");
const OTHER_KEY: &str = include_str!("other_key.pem");

#[test]
fn a_client_certificate_that_cannot_be_shown_is_refused_before_anything_is_sent() {
    let with = |url: &str, chain: &str, key: &str| {
        let mut options = options(url, RegisterAuth::None);
        options.client_certificate = Some(ClientCertificate { chain_pem: chain.into(), key_pem: key.into() });
        RegisterApi::new(options).map(drop)
    };
    let https = "https://register.example";
    assert!(with(https, CERTIFICATE, KEY).is_ok());
    // Files are trimmed where they are read.
    assert!(with(https, CERTIFICATE.trim(), KEY.trim()).is_ok());
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
    for (url, chain, key, words) in [
        ("http://localhost:1", CERTIFICATE, KEY, "use https"),
        (
            https,
            CERTIFICATE,
            OTHER_KEY,
            "do not fit together: builder error: keys may not be consistent: KeyMismatch",
        ),
        (https, CERTIFICATE, "nonsense", "no private key in PEM"),
        (https, CERTIFICATE, CERTIFICATE, "no private key in PEM"),
        (https, CERTIFICATE, encrypted, "encrypted with a passphrase"),
        (https, "nonsense", KEY, "cannot be read as PEM"),
        (https, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", KEY, "do not fit together"),
    ] {
        let error = with(url, chain, key).unwrap_err();
        assert!(matches!(&error, RegisterError::Setup(reason) if reason.contains(words)), "{words}: {error}");
        let body = KEY.lines().nth(1).unwrap();
        assert!(!all_words(&error).contains(body), "{error}");
    }
}

#[tokio::test]
async fn an_address_with_a_path_is_a_prefix() {
    let prefixed = "/registers/one/v1/identity";
    let register = Scripted::start().await.on(prefixed, [ok(identity())]);
    for base in ["/registers/one", "/registers/one/"] {
        let client =
            RegisterApi::new(options(&format!("{}{base}", register.url), RegisterAuth::None)).unwrap();
        client.identity().await.unwrap();
    }
    assert_eq!(register.asked(prefixed).len(), 2);
}
