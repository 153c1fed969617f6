use super::read;

#[test]
fn what_aws_config_takes_is_taken() {
    for text in [
        "SELECT resourceId WHERE resourceType = 'AWS::EC2::Instance'",
        "select resourceId where resourceType='AWS::EC2::Instance'",
        "SELECT *",
        "SELECT *, configuration, tags, relationships, configurationItemStatus, supplementaryConfiguration",
        "SELECT resourceId, configuration.instanceType, tags.tag",
        "SELECT resourceId WHERE resourceType IN ('AWS::EC2::Instance', 'AWS::EC2::Volume')",
        "SELECT resourceId WHERE configuration.size BETWEEN 8 AND 64",
        "SELECT resourceId WHERE configuration.size > 8 AND NOT configuration.encrypted = true",
        "SELECT resourceId WHERE configuration.size < 100 OR (tags.key = 'team' AND tags.value = 'x')",
        "SELECT resourceId WHERE resourceName LIKE 'fah%'",
        "SELECT resourceId WHERE resourceType NOT IN ('AWS::EC2::Instance')",
        "SELECT resourceType, COUNT(*) GROUP BY resourceType ORDER BY COUNT(*) DESC",
        "SELECT configuration.engine, MAX(configuration.allocatedStorage) GROUP BY configuration.engine",
        "SELECT COUNT(*)",
        "SELECT resourceId ORDER BY resourceType ASC, resourceId DESC",
        "SELECT configuration.state.name, configuration.placement.availabilityZone, version",
        "SELECT resourceId WHERE resourceName = 'it''s'",
    ] {
        assert!(read(text).is_ok(), "{text}: {:?}", read(text).err());
    }
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "",
        " ",
        "SELECT",
        "resourceId",
        "SELECT resourceId FROM aws",
        "SELECT resourceId FROM a JOIN b",
        "SELECT resourceId AS id",
        "SELECT resourceId id",
        "SELECT DISTINCT resourceType",
        "SELECT COUNT(DISTINCT resourceType)",
        "SELECT resourceType, COUNT(*) GROUP BY resourceType HAVING COUNT(*) > 1",
        "SELECT resourceId UNION SELECT resourceId",
        "SELECT resourceId WHERE resourceName IS NULL",
        "SELECT resourceId WHERE resourceName IS NOT NULL",
        "SELECT resourceId WHERE resourceName = NULL",
        "SELECT resourceId WHERE configuration.size >= 8",
        "SELECT resourceId WHERE configuration.size <= 8",
        "SELECT resourceId WHERE configuration.size <> 8",
        "SELECT resourceId WHERE resourceName LIKE '%abc'",
        "SELECT resourceId WHERE resourceName LIKE 'ab%'",
        "SELECT resourceId WHERE resourceName LIKE 'abc'",
        "SELECT resourceId WHERE resourceName LIKE 'a%bc%'",
        "SELECT resourceId LIMIT 10",
        "SELECT resourceId WHERE resourceId IN (SELECT resourceId)",
        "SELECT resourceId WHERE resourceId IN ()",
        "SELECT resourceId WHERE 1 = 1",
        "SELECT resourceId WHERE resourceId = resourceName",
        "SELECT resourceId WHERE resourceId",
        "SELECT 1",
        "SELECT UPPER(resourceId)",
        "SELECT COUNT(*) + 1",
        "SELECT resourceId, COUNT(*)",
        "SELECT resourceType ORDER BY COUNT(*)",
        "SELECT nonsense",
        "SELECT resourceid",
        "SELECT resourceId.name",
        "SELECT \"resourceId\"",
        "SELECT resourceId;",
        "SELECT resourceId; SELECT resourceId",
        "SELECT resourceId WHERE",
        "SELECT resourceId WHERE resourceName LIKE 'abc%' ESCAPE '!'",
        "DELETE FROM resources",
        "WITH a AS (SELECT 1) SELECT resourceId",
        "SELECT resourceId WHERE (resourceId = 'a'",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn the_length_is_counted_in_characters() {
    let text = |letters: usize| {
        let head = "SELECT resourceId WHERE resourceName = '";
        format!("{head}{}'", "ü".repeat(letters - head.len() - 1))
    };
    assert!(read(&text(4096)).is_ok());
    assert!(read(&text(4097)).is_err());
}

#[test]
fn very_deep_conditions_are_an_error_and_no_crash() {
    let text = format!("SELECT resourceId WHERE {}resourceId = 'a'{}", "(".repeat(1500), ")".repeat(1500));
    assert!(read(&text).is_err());
}

#[test]
fn a_condition_on_types_narrows_them_and_vanishes() {
    let query =
        read("SELECT resourceId WHERE resourceType IN ('AWS::EC2::Volume', 'AWS::Unknown::Type')").unwrap();
    assert_eq!(query.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(), ["AWS::EC2::Volume"]);
    assert!(query.condition.is_none());
    let query = read("SELECT resourceId WHERE NOT resourceType = 'AWS::EC2::Volume'").unwrap();
    assert!(query.condition.is_some());
}
