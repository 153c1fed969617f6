//! Answers that are no errors as AWS writes them: pages of what lies between, and endpoints that are not AWS's own.

use bestand_model::coverage::Reason;
use serde_json::json;

use super::fake::*;

const PAGE: &str = "<html><body>Service Unavailable</body></html>";
/// The form of another protocol than the one that was spoken: so moto answers where IAM forbids a call.
const XML: &str = "<ErrorResponse><Errors><Error><Code>AccessDenied</Code></Error></Errors></ErrorResponse>";

#[tokio::test]
async fn an_error_page_of_something_between_is_overcome() {
    let fake = Fake::start().await;
    let page = Reply::Headed(503, "text/html", PAGE);
    for operation in ["DescribeConfigurationRecorders", "GetDiscoveredResourceCounts", "SelectResourceConfig"]
    {
        let last = match operation {
            "DescribeConfigurationRecorders" => recorders(json!({"allSupported": true})),
            "GetDiscoveredResourceCounts" => counts(&[(INSTANCE, 1)]),
            _ => rows(&[(INSTANCE, "i-1")], None),
        };
        fake.on(operation, "", [page.clone(), last]);
    }
    let mut settings = settings();
    settings.max_attempts = 2;
    let collected = fake.collect_with(settings, &[]).await;
    assert_eq!((collected.reason(INSTANCE), collected.items.len()), (None, 1));
}

#[tokio::test]
async fn an_error_page_that_stays_tells_its_status() {
    let fake = Fake::start().await;
    fake.on("DescribeConfigurationRecorders", "", [Reply::Headed(403, "text/html", PAGE)]);
    let collected = fake.collect().await;
    let line = collected.line(Some(FRANKFURT), None);
    assert_eq!(line.reason, Some(Reason::ServiceError), "nobody says that it was the role");
    let expected = "config:DescribeConfigurationRecorders: HTTP 403 without an error code";
    assert_eq!(line.detail.as_deref(), Some(expected));
}

#[tokio::test]
async fn a_code_in_the_header_or_in_a_strange_body_counts() {
    for (header, body, reason, code) in [
        ("text/xml\r\nx-amzn-errortype: AccessDenied", PAGE, Reason::RoleDenied, "AccessDenied"),
        (
            "text/xml\r\nX-Amzn-ErrorType: aws.config#ThrottlingException:http://internal/",
            XML,
            Reason::Throttled,
            "ThrottlingException",
        ),
        ("text/xml\r\nx-amzn-errortype: <b>", PAGE, Reason::ServiceError, "HTTP 403 without an error code"),
        ("text/xml", XML, Reason::RoleDenied, "AccessDenied"),
        ("text/xml", "<Code>no code</Code>", Reason::ServiceError, "HTTP 403 without an error code"),
    ] {
        let fake = Fake::start().await;
        fake.on("DescribeConfigurationRecorders", "", [Reply::Headed(403, header, body)]);
        let collected = fake.collect().await;
        let line = collected.line(Some(FRANKFURT), None);
        assert_eq!(line.reason, Some(reason), "{header}");
        assert_eq!(line.detail, Some(format!("config:DescribeConfigurationRecorders: {code}")));
    }
}

#[tokio::test]
async fn a_role_that_is_refused_in_a_strange_form_is_denied_all_the_same() {
    let fake = Fake::start().await;
    fake.on("AssumeRole", "", [Reply::Headed(403, "text/xml", XML)]);
    let collected = fake.collect().await;
    let line = collected.line(None, None);
    assert_eq!(line.reason, Some(Reason::RoleDenied));
    assert!(line.detail.as_ref().unwrap().ends_with(": AccessDenied"), "{line:?}");
}

#[tokio::test]
async fn an_error_without_any_message_ends_without_a_colon() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [error(500, "InternalFailure", "")]);
    let collected = fake.collect().await;
    let detail = collected.line(Some(FRANKFURT), None).detail.clone().unwrap();
    let expected = "what is there could not be counted: config:GetDiscoveredResourceCounts: InternalFailure";
    assert_eq!(detail, expected);
}
