use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atsync::clock::SimulatedClock;
use atsync::engine::reconcile::{Answer, Effect, Failure, HttpRequest, Method, Mode};
use atsync::recording::{Budget, Recorder};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get as on_get, post};
use serde_json::{Value, json};

use crate::support::*;

/// A service that grants tokens and takes only the newest.
#[derive(Default)]
struct Granting {
    granted: AtomicU64,
    lifetime_s: Mutex<Option<u64>>,
    asked: Mutex<Vec<String>>,
    token_status: Mutex<Option<StatusCode>>,
}

async fn grant(State(state): State<Arc<Granting>>, request: Request) -> Response {
    let body = axum::body::to_bytes(request.into_body(), 1 << 20)
        .await
        .unwrap();
    state
        .asked
        .lock()
        .unwrap()
        .push(String::from_utf8(body.to_vec()).unwrap());
    if let Some(status) = *state.token_status.lock().unwrap() {
        return (status, "client s3cret-s3cret is wrong").into_response();
    }
    // Long enough for the others to come and wait for it too.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let number = state.granted.fetch_add(1, Ordering::SeqCst) + 1;
    let lifetime = *state.lifetime_s.lock().unwrap();
    json!({ "access_token": format!("token-number-{number}"), "expires_in": lifetime })
        .to_string()
        .into_response()
}

async fn stock(State(state): State<Arc<Granting>>, headers: HeaderMap) -> Response {
    let newest = format!("token-number-{}", state.granted.load(Ordering::SeqCst));
    let presented = headers
        .get("x-shelf-token")
        .map(|value| value.to_str().unwrap());
    if presented != Some(&newest) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    format!("seven, says {newest}").into_response()
}

async fn granting() -> (Arc<Granting>, Bench) {
    let state = Arc::new(Granting::default());
    let router = Router::new()
        .route("/oauth/token", post(grant))
        .route("/stock", on_get(stock))
        .with_state(Arc::clone(&state));
    let mut bench = Bench::new(&serve(router).await);
    bench.shelf().secrets = secrets(&[("client_id", "atsync"), ("client_secret", "s3cret-s3cret")]);
    (state, bench)
}

fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Http(response) => response.status,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_fixed_secret_is_written_into_its_header_plain_or_in_base64() {
    let router = Router::new().fallback(async |headers: HeaderMap| {
        let header = |name| headers.get(name).map(|value| value.to_str().unwrap().len());
        format!(
            "{:?} {:?}",
            header("x-shelf-token"),
            header("authorization")
        )
    });
    let bench = Bench::new(&serve(router).await);
    let market = HttpRequest {
        service: "market".to_owned(),
        ..request(Method::Get, "/")
    };
    let answers = bench
        .answers(Mode::Sync, &[get("/"), Effect::Http(market)])
        .await;
    let body = |answer: &Answer| match answer {
        Answer::Http(response) => response.body.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        body(&answers[0]),
        format!("Some({}) None", "open-sesame".len())
    );
    assert_eq!(
        body(&answers[1]),
        format!("None Some({})", "OAuth2 b3Blbi1zZXNhbWU=".len())
    );
}

#[tokio::test]
async fn many_requests_wait_for_one_token() {
    let (state, bench) = granting().await;
    let answers = bench.answers(Mode::Sync, &vec![get("/stock"); 8]).await;
    assert!(answers.iter().all(|answer| status(answer) == 200));
    assert_eq!(state.granted.load(Ordering::SeqCst), 1);
    let asked: Value = serde_json::from_str(&state.asked.lock().unwrap()[0]).unwrap();
    let expected = json!({
        "client_id": "atsync", "client_secret": "s3cret-s3cret", "grant_type": "client_credentials",
    });
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_token_is_kept_from_pass_to_pass_and_renewed_before_it_ends() {
    let (state, mut bench) = granting().await;
    let clock = SimulatedClock::new(0);
    bench.clock = Arc::new(clock.clone());
    *state.lifetime_s.lock().unwrap() = Some(86_400);
    let runner = bench.runner(&json!([{ "Ask": [get("/stock")] }])).unwrap();
    let granted_after = async |time: Duration| {
        clock.advance(time);
        let cancel = atsync::pass::CancellationToken::new();
        let passed = runner.run(Mode::Sync, &|_| {}, &cancel).await.unwrap();
        assert_eq!(status(&answers(&data(&outcome(passed)))[0]), 200);
        state.granted.load(Ordering::SeqCst)
    };
    assert_eq!(granted_after(Duration::ZERO).await, 1);
    assert_eq!(granted_after(Duration::from_secs(86_400 - 301)).await, 1);
    assert_eq!(
        granted_after(Duration::from_secs(1)).await,
        2,
        "five minutes early"
    );
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_and_the_exchange_made_again() {
    let (state, bench) = granting().await;
    let runner = bench
        .runner(&json!([{ "Ask": vec![get("/stock"); 4] }]))
        .unwrap();
    let run = async || {
        let cancel = atsync::pass::CancellationToken::new();
        answers(&data(&outcome(
            runner.run(Mode::Sync, &|_| {}, &cancel).await.unwrap(),
        )))
    };
    assert!(run().await.iter().all(|answer| status(answer) == 200));
    // The service forgets the token that the host still holds.
    state.granted.fetch_add(1, Ordering::SeqCst);
    assert!(run().await.iter().all(|answer| status(answer) == 200));
    assert_eq!(
        state.asked.lock().unwrap().len(),
        2,
        "one renewal for four refusals"
    );
}

#[tokio::test]
async fn a_401_that_stays_is_an_answer() {
    let router = Router::new()
        .route(
            "/oauth/token",
            post(async || r#"{"access_token":"never-good"}"#),
        )
        .route("/stock", on_get(async || (StatusCode::UNAUTHORIZED, "no")));
    let mut bench = Bench::new(&serve(router).await);
    bench.shelf().secrets = secrets(&[("client_id", "a"), ("client_secret", "b")]);
    assert_eq!(status(&bench.answer(get("/stock")).await), 401);
}

#[tokio::test]
async fn a_token_endpoint_that_says_no_is_named_and_its_words_are_not_repeated() {
    let (state, bench) = granting().await;
    *state.token_status.lock().unwrap() = Some(StatusCode::BAD_REQUEST);
    match bench.answer(get("/stock")).await {
        Answer::Failed(Failure::Refused(why)) => {
            assert!(
                why.contains("/oauth/token gave no token: status 400"),
                "{why}"
            );
            assert!(
                why.contains("client_id, client_secret") && !why.contains("s3cret-s3cret"),
                "{why}"
            );
        }
        other => panic!("{other:?}"),
    }
    *state.token_status.lock().unwrap() = Some(StatusCode::SERVICE_UNAVAILABLE);
    let answer = bench.answer(get("/stock")).await;
    assert!(
        matches!(answer, Answer::Failed(Failure::Unreachable(_))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_token_endpoint_that_leads_elsewhere_is_not_followed() {
    let (elsewhere, mut bench) = granting().await;
    let there = bench.shelf().url.clone().unwrap().join("/oauth/token");
    let there = there.unwrap().to_string();
    let router = Router::new().route(
        "/oauth/token",
        post(async move || Redirect::temporary(&there)),
    );
    bench.shelf().url = Some(serve(router).await.parse().unwrap());
    match bench.answer(get("/stock")).await {
        Answer::Failed(Failure::Unreachable(why)) => assert!(why.contains("status 307"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(elsewhere.asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_grant_can_be_asked_for_as_multipart_at_an_address_of_the_operators() {
    let (state, mut bench) = granting().await;
    let base = bench.shelf().url.clone().unwrap();
    let market = bench.connection.services.get_mut("market").unwrap();
    market.secrets = secrets(&[("username", "ann"), ("password", "p4ssw0rd-p4ssw0rd")]);
    market.token_url = Some(base.join("/oauth/token").unwrap());
    let request = HttpRequest {
        service: "market".to_owned(),
        ..request(Method::Get, "/stock")
    };
    bench.answer(Effect::Http(request)).await;
    let asked = state.asked.lock().unwrap()[0].clone();
    assert!(
        asked
            .contains("Content-Disposition: form-data; name=\"password\"\r\n\r\np4ssw0rd-p4ssw0rd"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_secret_that_a_service_repeats_reaches_neither_component_nor_recording() {
    let router = Router::new().fallback(async |headers: HeaderMap| {
        let token = headers["x-shelf-token"].to_str().unwrap().to_owned();
        ([("x-echo", token.clone())], format!("you sent {token}"))
    });
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(&serve(router).await);
    let recorder = Arc::new(Recorder::new(folder.path(), Budget::default()).unwrap());
    bench.recorder = Some(Arc::clone(&recorder));
    let data = bench
        .data(Mode::Sync, &json!([{ "Ask": [get("/")] }]))
        .await
        .to_string();
    assert!(data.contains("you sent [secret]"), "{data}");
    assert!(!data.contains("open-sesame"));
    recorder.flush();
    let file = std::fs::read_dir(folder.path().join("acme"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut text = String::new();
    let mut packed = lz4_flex::frame::FrameDecoder::new(std::fs::File::open(file).unwrap());
    std::io::Read::read_to_string(&mut packed, &mut text).unwrap();
    assert!(
        text.contains("you sent [secret]") && !text.contains("open-sesame"),
        "{text}"
    );
}

/// A service may write a secret otherwise than it got it, and may know more of them than the token.
#[tokio::test]
async fn no_secret_of_a_grant_that_a_service_repeats_reaches_the_component() {
    let router = Router::new()
        .route(
            "/oauth/token",
            post(async || r#"{"access_token":"open/sesame+1"}"#),
        )
        .route(
            "/",
            on_get(async || {
                r#"open/sesame+1 open\/sesame+1 open%2Fsesame%2b1 of s3cret-s3cret, for atsync-of-acme"#
            }),
        );
    let mut bench = Bench::new(&serve(router).await);
    bench.shelf().secrets = secrets(&[
        ("client_id", "atsync-of-acme"),
        ("client_secret", "s3cret-s3cret"),
    ]);
    let Answer::Http(response) = bench.answer(get("/")).await else {
        panic!("no answer")
    };
    assert_eq!(
        response.body,
        "[secret] [secret] [secret] of [secret], for atsync-of-acme"
    );
}

#[test]
fn secrets_are_not_printed() {
    let printed = format!("{:?}", Bench::offline().connection);
    assert!(!printed.contains("open-sesame"), "{printed}");
}

#[tokio::test]
async fn secrets_that_fit_no_way_are_refused_with_the_ways_that_there_are() {
    for given in [
        &[][..],
        &[("tokn", "x")],
        &[("token", "x"), ("client_id", "y")],
        &[("client_id", "y")],
    ] {
        let mut bench = Bench::offline();
        bench.shelf().secrets = secrets(given);
        let problem = bench.runner(&json!([])).err().unwrap();
        assert_eq!(problem.code, "service-secrets");
        assert!(
            problem.fix.contains("token; or client_id, client_secret"),
            "{problem}"
        );
    }
    let mut bench = Bench::offline();
    bench.shelf().secrets = secrets(&[("token", "with a line end\n")]);
    assert_eq!(
        bench.runner(&json!([])).err().unwrap().code,
        "service-secrets"
    );
}

#[tokio::test]
async fn a_token_address_that_is_not_safe_is_refused_before_the_first_pass() {
    let mut bench = Bench::offline();
    let market = bench.connection.services.get_mut("market").unwrap();
    market.url = None;
    market.private_addresses = false;
    market.secrets = secrets(&[("username", "ann"), ("password", "p4ssw0rd")]);
    assert!(bench.runner(&json!([])).is_ok());
    let market = bench.connection.services.get_mut("market").unwrap();
    market.token_url = Some("http://auth.market.example/token".parse().unwrap());
    let problem = bench.runner(&json!([])).err().unwrap();
    assert!(problem.message.contains("only https://"), "{problem}");
}

#[tokio::test]
async fn a_service_that_is_missing_or_unknown_is_named() {
    let mut bench = Bench::offline();
    bench.connection.services.remove("shelf");
    assert_eq!(
        bench.runner(&json!([])).err().unwrap().code,
        "service-missing"
    );
    let mut bench = Bench::offline();
    let service = bench.shelf().clone();
    bench
        .connection
        .services
        .insert("shelve".to_owned(), service);
    assert_eq!(
        bench.runner(&json!([])).err().unwrap().code,
        "service-unknown"
    );
}
