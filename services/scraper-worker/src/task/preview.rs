//! A page tried against the draft of a source while an administrator waits: loaded as for a task, with the same manners
//! and from the same pool, and answered with how each fact came about. Nothing is published.

use super::{
    TaskHandler,
    failure::{Ending, parse_url},
    feed,
    handler::Inner,
    outcome::gap_on_wire,
    sources,
    unit::{self, Looking, Opened},
};
use crate::politeness::Precedence;
use base64::{Engine, engine::general_purpose::STANDARD};
use rmu_domain::{facts::Gap, scrape::FailureKind};
use rmu_extraction::{FactTrace, FoundAt, Piece, RuleOutcome, RuleTrace, Verdict, trace_page};
use rmu_messaging::contracts::{
    auth::RpcErrorV1,
    preview::{
        PreviewFactV1, PreviewPieceV1, PreviewPlaceV1, PreviewRequestV1, PreviewRuleV1, PreviewV1, PreviewVerdictV1,
        ScreenshotV1,
    },
    scrape::{FailureV1, OutcomeV1},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// A little less than the caller waits, so that it gets an answer.
const LIMIT: Duration = Duration::from_secs(50);
const AGAIN_AFTER_SECONDS: u64 = 5;

impl TaskHandler {
    /// Tries a page. That it cannot be loaded is an answer too.
    pub async fn preview(self, request: PreviewRequestV1) -> Result<PreviewV1, RpcErrorV1> {
        let deadline = Instant::now() + LIMIT;
        let tried = timeout_at(deadline, Box::pin(tried(&self.inner, &request, deadline))).await;
        let answer = match tried {
            Ok(Ok(answer)) => answer,
            Ok(Err(ending)) => self.inner.failed(ending)?,
            Err(_) => self.inner.failed(Ending::failed(FailureKind::Timeout, "the page took too long"))?,
        };
        tracing::info!(url = request.url, verdict = ?answer.verdict, "page tried");
        Ok(answer)
    }
}

async fn tried(worker: &Inner, request: &PreviewRequestV1, deadline: Instant) -> Result<PreviewV1, Ending> {
    let ready = Arc::new(sources::draft(&request.definition)?);
    let url = parse_url(&request.url)?;
    let slot = worker.slot(&url, &ready, Precedence::First, deadline, &CancellationToken::new()).await?;
    if ready.source.is_feed(&url) {
        let (final_url, verdict, facts) = feed::try_entry(worker, &ready, &slot, &url, request.code.as_deref()).await?;
        return Ok(answer(worker, final_url, verdict, facts, None));
    }
    let expected = ready.source.classify(&url);
    let (opened, held) = unit::open(worker, &ready, &url, slot, expected, deadline, Looking::Always).await?;
    // The browser is free while its pages are read.
    drop(held);
    let Opened { pages, expected, picture, .. } = opened;
    let final_url = pages.unit.url.to_string();
    let read = tokio::task::spawn_blocking(move || trace_page(&ready.source, expected.as_ref(), &pages));
    let (verdict, facts) = read.await.map_err(|error| Ending::failed(FailureKind::Internal, error.to_string()))?;
    Ok(answer(worker, final_url, verdict, facts, picture))
}

fn answer(worker: &Inner, url: String, verdict: Verdict, facts: Vec<FactTrace>, picture: Option<Vec<u8>>) -> PreviewV1 {
    PreviewV1 {
        worker: worker.name().to_owned(),
        url: Some(url),
        verdict: verdict_on_wire(verdict),
        facts: facts.into_iter().map(fact_on_wire).collect(),
        screenshot: picture
            .map(|picture| ScreenshotV1 { media_type: "image/png".to_owned(), data: STANDARD.encode(picture) }),
    }
}

impl Inner {
    /// The answer when no page was read. Asked again, another worker may do better than one that stops; one that cannot
    /// for a while says why.
    fn failed(&self, ending: Ending) -> Result<PreviewV1, RpcErrorV1> {
        let verdict = match ending {
            Ending::Failed { kind: FailureKind::Cancelled, retry_after: None, .. } => {
                return Err(RpcErrorV1::Busy { retry_after_seconds: AGAIN_AFTER_SECONDS });
            }
            other => match other.outcome() {
                OutcomeV1::NotFound { detail } => PreviewVerdictV1::NotFound { detail },
                OutcomeV1::Failed(failure) => PreviewVerdictV1::Failed(failure),
                OutcomeV1::Unit { .. }
                | OutcomeV1::Children { .. }
                | OutcomeV1::Unchanged { .. }
                | OutcomeV1::Entries { .. } => return Err(RpcErrorV1::Internal),
            },
        };
        Ok(PreviewV1 { worker: self.name().to_owned(), url: None, verdict, facts: Vec::new(), screenshot: None })
    }
}

fn verdict_on_wire(verdict: Verdict) -> PreviewVerdictV1 {
    match verdict {
        Verdict::Unit(_) => PreviewVerdictV1::Unit,
        Verdict::NotFound { detail } => PreviewVerdictV1::NotFound { detail },
        Verdict::Blocked { detail } => PreviewVerdictV1::Blocked { detail },
        Verdict::NotAUnit { detail } => PreviewVerdictV1::NotAUnit { detail },
        Verdict::CutOff { detail } => PreviewVerdictV1::Failed(FailureV1 {
            failure: FailureKind::Connection.as_str().to_owned(),
            detail,
            retry_after_seconds: None,
        }),
        Verdict::MissingFacts { missing, detail } => PreviewVerdictV1::MissingFacts {
            missing: missing.into_iter().map(|fact| fact.as_str().to_owned()).collect(),
            detail,
        },
    }
}

fn fact_on_wire(trace: FactTrace) -> PreviewFactV1 {
    let (value, gap) = match trace.value {
        Ok(value) => (Some(value), None),
        Err(gap) => (None, Some(gap_on_wire(gap))),
    };
    let rules = trace.rules.into_iter().map(rule_on_wire).collect();
    PreviewFactV1 { fact: trace.fact.as_str().to_owned(), value, gap, rules }
}

fn rule_on_wire(rule: RuleTrace) -> PreviewRuleV1 {
    let outcome = match rule.outcome {
        RuleOutcome::Value => "value",
        RuleOutcome::NoPage => "noPage",
        RuleOutcome::Gap(Gap::Absent) => "absent",
        RuleOutcome::Gap(Gap::Empty) => "empty",
        RuleOutcome::Gap(Gap::Unparsed { .. }) => "unparsed",
    };
    let found = rule.found.into_iter().map(piece_on_wire).collect();
    PreviewRuleV1 { rule: rule.rule, page: rule.page, outcome: outcome.to_owned(), found }
}

fn piece_on_wire(Piece { place, raw }: Piece) -> PreviewPieceV1 {
    let place = match place {
        FoundAt::Element { path } => PreviewPlaceV1::Element { path },
        FoundAt::Attribute { path, name } => PreviewPlaceV1::Attribute { path, name },
        FoundAt::Json { pointer } => PreviewPlaceV1::Json { pointer },
        FoundAt::Xml { path } => PreviewPlaceV1::Xml { path },
        FoundAt::Address => PreviewPlaceV1::Address,
        FoundAt::Elsewhere => PreviewPlaceV1::Elsewhere,
    };
    PreviewPieceV1 { place, raw }
}
