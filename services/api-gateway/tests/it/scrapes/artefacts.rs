//! What a worker kept of a failure, as administrators see it.

use super::stage::{LIMIT, Stage, result, token, url};
use reqwest::{Response, StatusCode};
use rmu_artefacts::{ArtefactStore, Place, pack};
use rmu_domain::artefact::{ArtefactKey, ArtefactKind, AttemptId};
use rmu_messaging::contracts::scrape::{ArtefactsV1, FailureV1, OutcomeV1, ScrapeTaskV1};
use rmu_test_support::wait;
use serde_json::{Value, json};
use tempfile::TempDir;

const PAGE: &str = "<h1>Closed until Monday</h1><script>alert('gotcha')</script>";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

/// A gateway with a place for artefacts, and a task of a running scrape.
struct Failing {
    stage: Stage,
    store: ArtefactStore,
    folder: TempDir,
    scrape: String,
    task: ScrapeTaskV1,
}

impl Failing {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = format!("file://{}", folder.path().join("kept").display());
        let stage = Stage::with_settings("100", &[("ARTEFACTS_URL", &place)]).await;
        let store = ArtefactStore::open(&Place::Directory(folder.path().join("kept"))).unwrap();
        let taken = stage.take_tasks_without_answering();
        let (_, _, body) =
            stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook", "urls": [url("31251")]})).await;
        let scrape = format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap());
        let task = wait::value(LIMIT, || async { taken.lock().unwrap().first().cloned() }).await;
        Self { stage, store, folder, scrape, task }
    }

    fn key(&self, kind: ArtefactKind) -> ArtefactKey {
        ArtefactKey::new(AttemptId { task: self.task.task_id.into(), attempt: self.task.attempt }, kind)
    }

    async fn keep(&self) {
        let page = pack(PAGE, PAGE.len().try_into().unwrap()).unwrap();
        self.store.put(self.key(ArtefactKind::Page), page).await.unwrap();
        self.store.put(self.key(ArtefactKind::Screenshot), PNG.to_vec()).await.unwrap();
    }

    /// Answers the task with a failure of which this was kept; the task as it is then.
    async fn fail(&self, page: Option<String>, screenshot: Option<String>) -> Value {
        let failure = FailureV1 {
            failure: "not_a_unit".to_owned(),
            detail: "no sign of a unit's page".to_owned(),
            retry_after_seconds: None,
        };
        let mut answer = result(&self.task, OutcomeV1::Failed(failure));
        answer.artefacts = Some(ArtefactsV1 { page, screenshot });
        self.stage.publish_result(&answer).await;
        assert_eq!(self.stage.until_ended(&self.scrape).await["counts"]["dead"], 1);
        self.stage.get(&format!("{}/tasks?state=dead", self.scrape)).await.1["data"][0].clone()
    }

    fn path(&self, kind: &str) -> String {
        format!("{}/tasks/{}/artefacts/{kind}", self.scrape, self.task.task_id)
    }

    async fn open(&self, path: &str) -> Response {
        self.stage.try_open(self.stage.address(), path, None).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_and_screenshot_of_a_failure_are_shown_to_administrators() {
    let failing = Failing::new().await;
    failing.keep().await;
    let names = ArtefactKind::ALL.map(|kind| Some(failing.key(kind).to_string()));
    let [page, screenshot] = names;
    let task = failing.fail(page, screenshot).await;
    assert_eq!(task["artefacts"], json!({"attempt": 1, "page": true, "screenshot": true}), "{task}");

    let page = failing.open(&failing.path("page")).await;
    assert_eq!(page.status(), StatusCode::OK);
    let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
    // A stranger's markup: no browser may take it for a page of ours.
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header("content-disposition").starts_with("attachment; filename="), "{:?}", page.headers());
    assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"), "{:?}", page.headers());
    assert_eq!(page.text().await.unwrap(), PAGE);

    let screenshot = failing.open(&failing.path("screenshot")).await;
    assert_eq!(
        (screenshot.status(), &screenshot.headers()["content-type"]),
        (StatusCode::OK, &"image/png".parse().unwrap())
    );
    assert_eq!(screenshot.bytes().await.unwrap(), PNG);

    for kind in ["page", "screenshot"] {
        let path = failing.path(kind);
        assert_eq!(failing.stage.get_as(&path, None).await, StatusCode::UNAUTHORIZED);
        for role in ["student", "moderator"] {
            assert_eq!(failing.stage.get_as(&path, Some(&token(role))).await, StatusCode::FORBIDDEN, "{role}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_said_to_be_missing() {
    let failing = Failing::new().await;
    failing.keep().await;
    let missing = async |path: &str| {
        let (status, problem) = failing.stage.get(path).await;
        assert_eq!((status, &problem["error"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{path}: {problem}");
        problem["detail"].as_str().unwrap().to_owned()
    };
    // It is in the store, and its task does not know of it yet.
    assert_eq!(missing(&failing.path("page")).await, "No page is kept of this task.");
    failing.fail(Some(failing.key(ArtefactKind::Page).to_string()), None).await;
    assert_eq!(failing.open(&failing.path("page")).await.status(), StatusCode::OK);
    assert_eq!(missing(&failing.path("screenshot")).await, "No screenshot is kept of this task.");

    let elsewhere = format!("/api/admin/scrapes/{}/tasks/{}/artefacts/page", uuid::Uuid::nil(), failing.task.task_id);
    assert_eq!(missing(&elsewhere).await, "There is no such task.");
    failing.store.delete(&[failing.key(ArtefactKind::Page)]).await.unwrap();
    assert_eq!(missing(&failing.path("page")).await, "The page of this task was kept and has been removed since.");

    let kept = failing.folder.path().join("kept");
    std::fs::remove_dir_all(&kept).unwrap();
    std::fs::write(&kept, "no directory").unwrap();
    let (status, problem) = failing.stage.get(&failing.path("page")).await;
    assert_eq!((status, &problem["error"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_and_no_address_leads_to_anything_else() {
    let failing = Failing::new().await;
    std::fs::write(failing.folder.path().join("secret"), "of somebody else").unwrap();
    let other = AttemptId { task: uuid::Uuid::now_v7().into(), attempt: 1 };
    let others = ArtefactKey::new(other, ArtefactKind::Screenshot);
    failing.store.put(others, PNG.to_vec()).await.unwrap();
    let task = failing.fail(Some("../secret".to_owned()), Some(others.to_string())).await;
    assert_eq!(task["artefacts"], Value::Null, "{task}");
    for kind in ["page", "screenshot"] {
        assert_eq!(failing.open(&failing.path(kind)).await.status(), StatusCode::NOT_FOUND);
    }
    for way in ["..%2F..%2Fsecret", "%2E%2E", "secret", "../../secret"] {
        let path = format!("{}/tasks/{way}/artefacts/page", failing.scrape);
        let status = failing.open(&path).await.status();
        assert!(status.is_client_error(), "{way}: {status}");
    }
}
