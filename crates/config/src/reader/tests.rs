//! Reading as an operator meets it: every mistake at once, nothing secret in it.

use crate::{AppEnvironment, MapSource, Reader, load};
use std::time::Duration;

#[test]
fn reports_every_mistake_at_once_and_shows_no_secret() {
    let source = MapSource::from([
        ("PORT", "70000"),
        ("DATABASE_URL", "mysql://u:hunter2@h/db"),
        ("SIZE", "11"),
        ("WAIT", "30"),
        ("ROLE", "boss"),
        ("APP_ENV", "staging"),
    ]);
    let mistakes = load(&source, |env| {
        let port = env.port("PORT", "p").default("3000");
        let url = env.secret_url("DATABASE_URL", "d", &["postgres"]).required();
        let size = env.number("SIZE", "s", 1..=10_u32).default("5");
        let wait = env.duration("WAIT", "w").default("30s");
        let role = env.choice("ROLE", "r", &[("serve", 1), ("all", 2)]).default("all");
        let key = env.secret("KEY", "Signs tokens.").required();
        Some((port?, url?, size?, wait?, role?, key?))
    })
    .unwrap_err();
    let names: Vec<&str> = mistakes.iter().map(|mistake| mistake.variable.as_str()).collect();
    assert_eq!(names, ["APP_ENV", "PORT", "DATABASE_URL", "SIZE", "WAIT", "ROLE", "KEY"]);
    let text = mistakes.to_string();
    assert!(text.contains("KEY is not set (or KEY_FILE)"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn values_replace_defaults_and_empty_is_absent() {
    let source =
        MapSource::from([("PORT", " 8080 "), ("WAIT", ""), ("ORIGINS", "https://a.example, ,https://b.example")]);
    let (port, wait, origins, none) = load(&source, |env| {
        let port = env.port("PORT", "p").default("3000");
        let wait = env.seconds("WAIT", "w", 0..=60).default("5");
        let origins = env.list("ORIGINS", "o").default("");
        let none = env.url("OTEL", "e", &["http"]).optional();
        Some((port?, wait?, origins?, none?))
    })
    .unwrap();
    assert_eq!((port, wait, none), (8080, Duration::from_secs(5), None));
    assert_eq!(origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn production_refuses_what_development_allows() {
    let read = |env: &mut Reader<'_>| {
        let origins = env
            .list("ORIGINS", "o")
            .in_production(|list| {
                if list.iter().any(|origin| origin == "*") { Err("must not be *".to_owned()) } else { Ok(()) }
            })
            .default("*");
        let url = env.secret_url("URL", "u", &["amqp"]).default_in_development("amqp://localhost");
        Some((origins?, url?))
    };
    assert!(load(&MapSource::from([("APP_ENV", "development")]), read).is_ok());
    let mistakes = load(&MapSource::new(), read).unwrap_err();
    assert_eq!(mistakes.iter().count(), 2, "{mistakes}");
    assert!(mistakes.to_string().contains("must not be * (APP_ENV is production)"));
}

#[test]
fn production_is_the_default() {
    assert_eq!(load(&MapSource::new(), |env| Some(env.app_environment())).unwrap(), AppEnvironment::Production);
}

#[test]
fn a_secret_may_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    std::fs::write(&path, "hunter2\n").unwrap();
    let path = path.to_str().unwrap();
    let read = |env: &mut Reader<'_>| env.secret("KEY", "k").required();

    assert_eq!(load(&MapSource::from([("KEY_FILE", path)]), read).unwrap().expose(), "hunter2");
    let both = load(&MapSource::from([("KEY_FILE", path), ("KEY", "x")]), read).unwrap_err();
    assert!(both.to_string().contains("only one of them"), "{both}");
    let missing = load(&MapSource::from([("KEY_FILE", "/nonexistent/key")]), read).unwrap_err();
    assert!(missing.to_string().contains("/nonexistent/key"), "{missing}");
}

#[test]
fn an_unresolved_reference_says_what_to_do() {
    let source = MapSource::from([("URL", "ssm:/rmu/url")]);
    let mistakes = load(&source, |env| env.text("URL", "u").required()).unwrap_err();
    assert!(mistakes.to_string().contains("ssm"), "{mistakes}");
}
