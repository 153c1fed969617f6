//! The expected tokens are those of botocore's `generate_db_auth_token` for the same instant.

use secrecy::ExposeSecret as _;

use super::*;

/// 2026-11-28T12:00:00Z.
const NOON: u64 = 1_795_867_200;
const HOST: &str = "itk.c9akciq32.eu-central-1.rds.amazonaws.com";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn made(name: &str, port: u16, session: Option<&str>) -> String {
    let user = DatabaseUser { host: HOST.into(), port, name: name.into(), region: "eu-central-1".into() };
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET_KEY, session.map(str::to_owned), None, "test");
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(NOON);
    token(&user, credentials, noon).unwrap().expose_secret().to_owned()
}

/// Splits a token into its address and its parameters, whose order means nothing.
fn parts(token: &str) -> (&str, Vec<&str>) {
    let (address, query) = token.split_once('?').unwrap();
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.sort_unstable();
    (address, parameters)
}

#[test]
fn a_token_is_the_one_that_botocore_makes() {
    let expected = "itk.c9akciq32.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=bestand&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261128%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=20261128T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=7fbfc24437717722baf98a425286db2a0256b1e37784d3ad3d0c439ac8d53524";
    assert_eq!(parts(&made("bestand", 5432, None)), parts(expected));
}

#[test]
fn a_role_session_and_a_name_with_any_character_are_signed_as_botocore_does() {
    let expected = "itk.c9akciq32.eu-central-1.rds.amazonaws.com:6432/?Action=connect&DBUser=be%20stand%2Bx%40y%2Fz%26%C3%A4&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261128%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=20261128T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=token%2Fof%2Ba%20session%3D&X-Amz-Signature=016b64aab6787beceab46a353283ea43fac59becd71cdd486289a61d03691cf0";
    let made = made("be stand+x@y/z&ä", 6432, Some("token/of+a session="));
    assert_eq!(parts(&made), parts(expected));
}

#[test]
fn the_region_is_the_endpoints_own() {
    for (host, region) in [
        (HOST, Some("eu-central-1")),
        ("itk.cluster-ro-c9akciq32.eu-west-1.rds.amazonaws.com", Some("eu-west-1")),
        ("itk.proxy-c9akciq32.eu-central-1.rds.amazonaws.com", Some("eu-central-1")),
        ("itk.c9akciq32.rds.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
        ("itk.db-regio-bus.example", None),
        ("localhost", None),
        ("rds.amazonaws.com", None),
        ("ec2.eu-central-1.amazonaws.com", None),
    ] {
        assert_eq!(region_of_endpoint(host), region, "{host}");
    }
}
