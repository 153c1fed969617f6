use super::*;

const URL: &str = "postgres://bestand@itk.c9akciq32.eu-west-1.rds.amazonaws.com/itk";

fn iam() -> SignIn {
    SignIn::Iam(Box::new(AwsContext::at_endpoint("eu-central-1", "http://127.0.0.1:1", "key", "secret")))
}

fn mode(url: &str, sign_in: &SignIn, roots: Option<&[u8]>) -> Result<String, String> {
    PostgresAccess::new(url, sign_in, roots).map(|access| format!("{:?}", access.options.get_ssl_mode()))
}

#[test]
fn a_token_is_for_the_urls_user_at_the_endpoint_in_its_region() {
    let access = PostgresAccess::new(URL, &iam(), None).ok().and_then(|access| access.iam);
    let expected = DatabaseUser {
        host: "itk.c9akciq32.eu-west-1.rds.amazonaws.com".into(),
        port: 5432,
        name: "bestand".into(),
        region: "eu-west-1".into(),
    };
    assert_eq!(access.map(|(_, user)| user), Some(expected));
    let elsewhere = PostgresAccess::new("postgres://be%40stand@itk.example:6432/itk", &iam(), None);
    let (_, user) = elsewhere.ok().and_then(|access| access.iam).unwrap();
    assert_eq!((user.name.as_str(), user.port, user.region.as_str()), ("be@stand", 6432, "eu-central-1"));
}

#[test]
fn what_signs_the_job_in_is_shown_to_no_server_that_was_not_checked() {
    assert_eq!(mode(URL, &iam(), None).as_deref(), Ok("VerifyFull"));
    for weaker in ["disable", "allow", "prefer", "require", "verify-ca"] {
        let refused = mode(&format!("{URL}?sslmode={weaker}"), &iam(), None).unwrap_err();
        assert!(refused.contains("`iam_authentication` needs `sslmode=verify-full`"), "{refused}");
        let refused =
            mode(&format!("{URL}?sslmode={weaker}"), &SignIn::AsInUrl, Some(CERTIFICATE)).unwrap_err();
        assert!(refused.contains("`extra_roots` needs `sslmode=verify-full`"), "{refused}");
    }
    assert_eq!(mode(URL, &SignIn::AsInUrl, Some(CERTIFICATE)).as_deref(), Ok("VerifyFull"));
    assert_eq!(mode(URL, &SignIn::AsInUrl, None).as_deref(), Ok("Prefer"), "as ever");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let refused = |url: &str, roots| mode(url, &iam(), roots).unwrap_err();
    assert!(refused("postgres://itk.example/itk", None).contains("names no user"));
    for url in
        ["postgres://bestand:geheim@itk.example/itk", "postgres://bestand@itk.example/itk?password=geheim"]
    {
        let refused = refused(url, None);
        assert!(refused.contains("holds a password") && !refused.contains("geheim"), "{refused}");
    }
    assert!(
        refused(&format!("{URL}?sslrootcert=/roots.pem"), Some(CERTIFICATE))
            .contains("`extra_roots`: use one")
    );
    assert!(refused(URL, Some(b"a bundle in DER")).contains("`extra_roots` holds no certificate"));
    assert!(refused("postgres://bestand@%2Fvar%2Frun%2Fpostgresql/itk", None).contains("names no host"));
}
