use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atsync::engine::reconcile::{Answer, Effect, Failure, HttpRequest, HttpResponse, Method, Mode};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{any, get as on_get};

use crate::program::*;
use crate::support::*;

/// Says what it was asked.
async fn mirror(request: Request) -> String {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 30).await.unwrap();
    let mut lines = vec![format!("{} {}", head.method, head.uri)];
    lines.extend(
        head.headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())),
    );
    lines.push(String::from_utf8(body.to_vec()).unwrap());
    lines.join("\n")
}

fn response(answer: Answer) -> HttpResponse {
    match answer {
        Answer::Http(response) => response,
        other => panic!("{other:?}"),
    }
}

fn refusal(answer: &Answer) -> &str {
    match answer {
        Answer::Failed(Failure::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_exchange_goes_below_the_base_url_with_the_components_headers_and_body() {
    let base = serve(Router::new().fallback(mirror)).await;
    let bench = Bench::new(&format!("{base}/v2/"));
    let request = HttpRequest {
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: Some("{\"å\":1}".to_owned()),
        changes: true,
        ..request(Method::Post, "/stock?page=2")
    };
    let response = response(bench.answer(Effect::Http(request)).await);
    assert_eq!(response.status, 200);
    assert!(
        response.body.starts_with("POST /v2/stock?page=2\n"),
        "{}",
        response.body
    );
    assert!(response.body.contains("content-type: application/json"));
    assert!(response.body.ends_with("{\"å\":1}"));
}

#[tokio::test]
async fn a_status_that_is_an_error_or_a_redirect_is_an_answer_like_any_other() {
    let router = Router::new()
        .route(
            "/broken",
            on_get(async || (StatusCode::INTERNAL_SERVER_ERROR, "sorry")),
        )
        .route(
            "/moved",
            on_get(async || Redirect::temporary("http://169.254.169.254/latest")),
        );
    let bench = Bench::new(&serve(router).await);
    assert_eq!(response(bench.answer(get("/broken")).await).body, "sorry");
    assert_eq!(response(bench.answer(get("/moved")).await).status, 307);
}

#[tokio::test]
async fn a_pass_that_changes_nothing_is_refused_every_change_before_it_is_sent() {
    let seen = Arc::new(AtomicUsize::new(0));
    let router = {
        let seen = Arc::clone(&seen);
        Router::new().fallback(async move || seen.fetch_add(1, Ordering::SeqCst).to_string())
    };
    let bench = Bench::new(&serve(router).await);
    let says_so = HttpRequest {
        changes: true,
        ..request(Method::Post, "/")
    };
    let cannot_be_otherwise = request(Method::Delete, "/");
    let answers = bench
        .answers(
            Mode::Plan,
            &[Effect::Http(says_so), Effect::Http(cannot_be_otherwise)],
        )
        .await;
    assert!(
        answers
            .iter()
            .all(|answer| refusal(answer) == "this pass changes nothing")
    );
    assert_eq!(seen.load(Ordering::SeqCst), 0);
    response(
        bench
            .answers(Mode::Plan, &[Effect::Http(request(Method::Post, "/"))])
            .await
            .remove(0),
    );
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_service_that_the_manifest_does_not_name_is_refused() {
    let request = HttpRequest {
        service: "elsewhere".to_owned(),
        ..request(Method::Get, "/")
    };
    let answer = Bench::offline().answer(Effect::Http(request)).await;
    assert_eq!(refusal(&answer), "there is no service \"elsewhere\"");
}

#[tokio::test]
async fn headers_that_are_the_hosts_to_write_are_refused() {
    for name in [
        "Host",
        "authorization",
        "X-Shelf-Token",
        "Cookie",
        "Content-Length",
    ] {
        let headers = vec![(name.to_owned(), "x".to_owned())];
        let request = HttpRequest {
            headers,
            ..request(Method::Get, "/")
        };
        let answer = Bench::offline().answer(Effect::Http(request)).await;
        assert!(refusal(&answer).contains(name), "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_not_taken_in() {
    let endless = async || {
        let chunk = || Ok::<_, std::io::Error>("x".repeat(1 << 16));
        Body::from_stream(futures_util::stream::repeat_with(chunk))
    };
    let router = Router::new()
        .route("/endless", on_get(endless))
        .route("/exact", on_get(async || "x".repeat(100_000)));
    let mut bench = Bench::new(&serve(router).await);
    bench.connection.limits.response_bytes = 100_000;
    assert!(matches!(
        bench.answer(get("/endless")).await,
        Answer::Failed(Failure::TooLarge)
    ));
    assert_eq!(
        response(bench.answer(get("/exact")).await).body.len(),
        100_000
    );
}

#[tokio::test]
async fn a_compressed_answer_is_opened_and_its_real_size_counts() {
    async fn bomb() -> Response {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![b'0'; 10 << 20]).unwrap();
        ([("content-encoding", "gzip")], gzip.finish().unwrap()).into_response()
    }
    let mut bench = Bench::new(&serve(Router::new().route("/bomb", on_get(bomb))).await);
    bench.connection.limits.report_bytes = 32 << 20;
    assert_eq!(
        response(
            bench
                .answer(Effect::Http(request(Method::Get, "/bomb")))
                .await
        )
        .status,
        200
    );
    bench.connection.limits.response_bytes = 1 << 20;
    assert!(matches!(
        bench.answer(get("/bomb")).await,
        Answer::Failed(Failure::TooLarge)
    ));
}

#[tokio::test]
async fn a_service_that_does_not_answer_in_time_is_a_time_out() {
    let slow = on_get(async || std::future::pending::<()>().await);
    let trickle = async || {
        let chunks = futures_util::stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>("x"), ()))
        });
        Body::from_stream(chunks)
    };
    let router = Router::new()
        .route("/slow", slow)
        .route("/trickle", on_get(trickle));
    let mut bench = Bench::new(&serve(router).await);
    bench.connection.limits.request_timeout = Duration::from_millis(300);
    let answers = bench
        .answers(Mode::Sync, &[get("/slow"), get("/trickle")])
        .await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Answer::Failed(Failure::TimedOut))),
        "{answers:?}"
    );
}

#[tokio::test]
async fn the_program_names_the_limit_that_ended_an_exchange() {
    let bomb = async || {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![b'0'; 2 << 20]).unwrap();
        ([("content-encoding", "gzip")], gzip.finish().unwrap())
    };
    let slow = async || std::future::pending::<()>().await;
    let router = Router::new()
        .route("/bomb", on_get(bomb))
        .route("/slow", on_get(slow));
    let shelf = format!("url = \"{}\"\ntoken = \"open-sesame\"", serve(router).await);
    let limits = "[limits]\nresponse_mb = 1\nrequest_timeout_s = 1\n";
    let ways = connection("acme", &shelf, &gets(&["/bomb", "/slow"]));
    let output = Program::new(&format!("{limits}{ways}"))
        .types(&["sync"])
        .await;
    let said = String::from_utf8(output.stderr).unwrap();
    for limit in ["response_mb = 1 ", "request_timeout_s = 1 "] {
        assert!(said.contains(limit), "{limit} in {said}");
    }
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let answer = Bench::offline().answer(get("/")).await;
    assert!(
        matches!(answer, Answer::Failed(Failure::Unreachable(_))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_request_body_above_the_limit_is_refused() {
    let mut bench = Bench::offline();
    bench.connection.limits.request_bytes = 10;
    let request = HttpRequest {
        body: Some("x".repeat(11)),
        ..request(Method::Post, "/")
    };
    assert!(refusal(&bench.answer(Effect::Http(request)).await).contains("11 bytes"));
}

#[tokio::test]
async fn headers_that_authenticate_somebody_do_not_reach_the_component() {
    let router = Router::new().route(
        "/",
        on_get(async || {
            [
                ("set-cookie", "session=1"),
                ("x-shelf-token", "t"),
                ("x-stock", "7"),
            ]
        }),
    );
    let bench = Bench::new(&serve(router).await);
    let names: Vec<String> = response(bench.answer(get("/")).await)
        .headers
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert!(names.contains(&"x-stock".to_owned()));
    assert!(
        !names
            .iter()
            .any(|name| name == "set-cookie" || name == "x-shelf-token"),
        "{names:?}"
    );
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_replaced() {
    let router = Router::new().route("/", on_get(async || Body::from(&b"a\xffb"[..])));
    let bench = Bench::new(&serve(router).await);
    assert_eq!(response(bench.answer(get("/")).await).body, "a\u{fffd}b");
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_after_the_look_up() {
    let mut bench = Bench::offline();
    let shelf = bench.shelf();
    shelf.url = Some("https://localhost:1".parse().unwrap());
    shelf.private_addresses = false;
    let answer = bench.answer(get("/")).await;
    assert!(
        refusal(&answer).contains("localhost is a private address"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn an_address_that_is_not_safe_is_refused_before_the_first_pass() {
    for url in [
        "http://shelf.example",
        "https://127.0.0.1",
        "https://u:p@shelf.example",
        "https://shelf.example?x=1",
    ] {
        let mut bench = Bench::offline();
        let shelf = bench.shelf();
        shelf.url = Some(url.parse().unwrap());
        shelf.private_addresses = false;
        let problem = bench.runner(&serde_json::json!([])).err().unwrap();
        assert_eq!(problem.code, "service-url", "{url}");
        assert!(problem.fix.contains("https://shelf.example"), "{problem}");
    }
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_base_is_refused() {
    let base = serve(Router::new().fallback(any(mirror))).await;
    let bench = Bench::new(&format!("{base}/v2"));
    for path in ["/../v1", "/%2e%2e/v1", "stock", "//../..//v1"] {
        assert!(
            refusal(&bench.answer(get(path)).await).contains("leads out"),
            "{path}"
        );
    }
}
