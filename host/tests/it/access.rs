//! Who sees the status page and the metrics, and who may run as a component.

use reqwest::StatusCode;

use crate::program::*;
use crate::server::*;
use crate::support::*;

const TOKEN: &str = "a-token-of-some-length";

/// What is shown, and what is open to all.
const SHOWN: [&str; 2] = ["/", "/metrics"];

async fn status(request: reqwest::RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn without_a_token_page_and_metrics_are_for_this_machine_alone() {
    let post = open(Bench::offline(), None).await;
    let ask = |path: &str, host: &str| {
        let url = format!("{}{path}", post.base);
        client().get(url).header("host", host.to_owned())
    };
    for path in SHOWN {
        assert_eq!(status(ask(path, "localhost:8080")).await, 200, "{path}");
        // As a browser asks that was led here by a page of that name.
        assert_eq!(status(ask(path, "evil.example")).await, 403, "{path}");
    }
    assert_eq!(status(ask("/health", "evil.example")).await, 200);
}

#[tokio::test]
async fn with_a_token_page_and_metrics_are_for_whoever_has_it() {
    let post = open(Bench::offline(), Some(TOKEN)).await;
    let ask = |path: &str| client().get(format!("{}{path}", post.base));
    for path in SHOWN {
        let refused = ask(path).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{path}");
        assert!(refused.headers().contains_key("www-authenticate"));
        assert_eq!(status(ask(path).bearer_auth("guessed")).await, 401);
        assert_eq!(
            status(ask(path).basic_auth(TOKEN, Some("guessed"))).await,
            401
        );
        assert_eq!(status(ask(path).bearer_auth(TOKEN)).await, 200);
        let by_name = ask(path).basic_auth("ann", Some(TOKEN));
        assert_eq!(status(by_name.header("host", "atsync.example")).await, 200);
    }
    assert_eq!(status(ask("/health")).await, 200);
    assert_eq!(
        post.deliver("1", "{}").await,
        200,
        "its signature is enough"
    );
}

#[tokio::test]
async fn a_server_open_to_others_does_not_start_without_a_token() {
    let shelf = "url = \"http://127.0.0.1:9\"\ntoken = \"open-sesame\"";
    let offline = connection("acme", shelf, "");
    let program = Program::new(&format!("[server]\nlisten = \"0.0.0.0:0\"\n{offline}"));
    let output = program.types(&["run"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("config-server-open"), "{said}");
    assert!(said.contains("Add token ="), "{said}");
}

#[tokio::test]
async fn a_component_that_is_not_the_pinned_one_does_not_run() {
    let shelf = "url = \"http://127.0.0.1:9\"\ntoken = \"open-sesame\"";
    let offline = connection("acme", shelf, "");
    let pinned = |digest: &str| {
        let line = format!("[connection.acme]\nsha256 = \"{digest}\"\n");
        offline.replacen("[connection.acme]\n", &line, 1)
    };
    let digest = connector().digest().to_owned();
    let right = Program::new(&pinned(&digest.to_uppercase()));
    let output = right.types(&["sync"]).await;
    assert!(output.status.success(), "{output:?}");
    let other = "0".repeat(64);
    let wrong = Program::new(&pinned(&other));
    for command in ["sync", "plan", "check", "run"] {
        let output = wrong.types(&[command, "--json"]).await;
        assert_eq!(output.status.code(), Some(2), "{command}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("component-digest"), "{said}");
        assert!(said.contains(&digest) && said.contains(&other), "{said}");
    }
}
