//! Query and path parameters. What a client sent is read as it is: bytes that are no text are refused, where
//! lossy decoding would search for something else.

use super::refusal;
use crate::Problem;
use actix_router::PathDeserializer;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use url::form_urlencoded;

/// The query as a `T`. Unknown parameters are ignored unless `T` denies them.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T> Query<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self))
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).map_err(|detail| Problem::invalid_parameter("query", detail))?;
        decoded(value).map_err(|detail| Problem::invalid_parameter(name, detail))?;
    }
    let parts = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(parts).map_err(|error| {
        let (field, detail) = refusal::explain(error.path(), &error.inner().to_string());
        Problem::invalid_parameter(if field == "body" { "query".to_owned() } else { field }, detail)
    })
}

/// The path's parameters as a `T`: a struct with their names, or, when there is one, itself.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T> Path<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(parse_path(request).map(Self))
    }
}

fn parse_path<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let first = request.match_info().iter().next().map_or("path", |(name, _)| name);
    // The router decodes lossily; the raw path says whether anything would be lost.
    decoded_path(request.uri().path()).map_err(|detail| Problem::invalid_parameter(first, detail))?;
    let parts = PathDeserializer::new(request.match_info());
    serde_path_to_error::deserialize(parts).map_err(|error| {
        let (field, detail) = refusal::explain(error.path(), &error.inner().to_string());
        Problem::invalid_parameter(if field == "body" { first.to_owned() } else { field }, detail)
    })
}

fn decoded(text: &str) -> Result<String, &'static str> {
    decoded_path(&text.replace('+', " "))
}

fn decoded_path(text: &str) -> Result<String, &'static str> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| "is not valid UTF-8")?;
    if text.contains('\0') {
        return Err("must not contain NUL");
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{http::StatusCode, test::TestRequest};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        search: String,
        limit: Option<u8>,
        sort_by: Option<Sort>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    enum Sort {
        Code,
        Score,
    }

    fn field(problem: &Problem) -> String {
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        problem.document().errors[0].field.clone()
    }

    #[test]
    fn a_query_is_read_as_it_was_sent() {
        let params: Params = parse_query("search=a+b%2Bc&limit=20&sortBy=score&other=1").unwrap();
        assert_eq!((params.search.as_str(), params.limit, params.sort_by), ("a b+c", Some(20), Some(Sort::Score)));
    }

    #[test]
    fn every_refusal_names_the_parameter() {
        for (query, expected) in [
            ("limit=1", "search"),
            ("search=%FF", "search"),
            ("search=%00", "search"),
            ("search=a&limit=x", "limit"),
            ("search=a&limit=99999999999999999999", "limit"),
            ("search=a&sortBy=x", "sortBy"),
            ("%FF=1", "query"),
        ] {
            assert_eq!(field(&parse_query::<Params>(query).unwrap_err()), expected, "{query}");
        }
        assert_eq!(field(&parse_query::<Params>("search=a&search=b").unwrap_err()), "search");
    }

    #[test]
    fn a_path_is_text_or_refused() {
        let at = |uri: &str, id: &'static str| TestRequest::with_uri(uri).param("id", id).to_http_request();
        assert_eq!(parse_path::<String>(&at("/units/31251", "31251")).unwrap(), "31251");
        assert_eq!(field(&parse_path::<String>(&at("/units/%FF", "\u{fffd}")).unwrap_err()), "id");
        assert_eq!(field(&parse_path::<String>(&at("/units/a%00", "a\0")).unwrap_err()), "id");
        assert_eq!(field(&parse_path::<uuid::Uuid>(&at("/units/x", "x")).unwrap_err()), "id");
    }
}
